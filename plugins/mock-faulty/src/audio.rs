//! The device: a ramp from the microphone; the loudspeaker takes orders.

use crate::fault::obey_samples;
use crate::scribble::look_for_memory;
use plugin::{Audio, AudioCounters, Captured, Refusal, Status};

/// See the crate.
#[derive(Default)]
pub struct Faulty {
    next: i16,
    is_garbage: bool,
    captured: u64,
    played: u64,
}

impl Audio for Faulty {
    fn enumerate() -> Result<String, Refusal> {
        Ok(r#"[{"id":"ramp","name":"Ramp","capture":true,"playback":true,"default":true}]"#.into())
    }

    fn open(_: &str) -> Result<Self, Refusal> {
        look_for_memory();
        Ok(Self::default())
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        for sample in pcm.iter_mut() {
            self.next = if self.next >= 20_000 {
                1_000
            } else {
                self.next + 100
            };
            *sample = self.next;
        }
        self.captured += pcm.len() as u64;
        let samples = pcm.len() + if self.is_garbage { 1_000 } else { 0 };
        Ok(Captured {
            samples,
            ended: false,
        })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        self.played += pcm.len() as u64;
        self.is_garbage |= obey_samples(pcm);
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        AudioCounters {
            size: size_of::<AudioCounters>() as u32,
            captured: self.captured,
            played: self.played,
            ..AudioCounters::default()
        }
    }
}

plugin::export_audio!(Faulty, id = "mock-faulty-audio", name = "Faulty device");
