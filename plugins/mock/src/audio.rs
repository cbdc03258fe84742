//! A sawtooth for a microphone, a count for a loudspeaker. Orders stand in the request as `orders`.

use crate::orders::{Counts, Deed, Orders, Play, rubbish};
use plugin::{Audio, AudioCounters, Captured, Refusal, Status};

/// What devices of this process did.
pub static COUNTS: Counts = Counts::new();

/// Steps of the sawtooth, 100 Hz at a rate of 8 kHz.
const TEETH: u64 = 80;

/// A device. Microphone and loudspeaker count their calls together.
#[derive(Debug)]
pub struct Mock {
    play: Play,
    counters: AudioCounters,
}

impl Audio for Mock {
    fn enumerate() -> Result<String, Refusal> {
        let device =
            r#"[{"id":"mock","name":"Mock","capture":true,"playback":true,"default":true}]"#;
        Ok(device.into())
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        Ok(Self {
            play: Play::new(Orders::within(request, "orders")?, &COUNTS),
            counters: AudioCounters::default(),
        })
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        let deed = self.play.call()?;
        for (sample, at) in pcm.iter_mut().zip(self.counters.captured..) {
            *sample = (at % TEETH) as i16 * 100 - 4_000;
        }
        if deed == Deed::Rubbish {
            rubbish(pcm);
        }
        self.counters.captured += pcm.len() as u64;
        Ok(Captured {
            samples: pcm.len(),
            ended: false,
        })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        self.play.call()?;
        self.counters.played += pcm.len() as u64;
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        self.counters
    }
}

plugin::export_audio!(Mock, id = "mock-audio", name = "Mock of a device");
