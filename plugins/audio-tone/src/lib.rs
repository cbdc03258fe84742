//! Tones and chirps as microphone: keypad digits, call-progress tones, sweeps drawn from a seed.
//!
//! What it is not: a loudspeaker. What is played is counted and dropped.
//!
//! | file | holds |
//! | --- | --- |
//! | [`request`] | what can be asked for |
//! | `source` | the sound itself |

pub mod request;
mod source;

use plugin::{Audio, AudioCounters, Captured, Refusal, Status};
use request::Request;
use source::Source;

/// The device: one source, made when it is opened.
#[derive(Debug)]
pub struct Tone {
    source: Source,
    counters: AudioCounters,
}

impl Audio for Tone {
    fn enumerate() -> Result<String, Refusal> {
        let device =
            r#"[{"id":"tone","name":"Tones","capture":true,"playback":true,"default":true}]"#;
        Ok(device.into())
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        let request: Request = serde_json::from_str(request)
            .map_err(|e| Refusal::new(Status::BAD_ARGUMENT, format!("request: {e}")))?;
        Ok(Self {
            source: Source::new(&request)?,
            counters: AudioCounters::default(),
        })
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        let samples = self.source.fill(pcm);
        let ended = samples < pcm.len();
        self.counters.captured += samples as u64;
        self.counters.ended |= u64::from(ended);
        Ok(Captured { samples, ended })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        self.counters.played += pcm.len() as u64;
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        self.counters
    }
}

plugin::export_audio!(Tone, id = "audio-tone", name = "Tones and chirps");

#[cfg(test)]
mod tests;
