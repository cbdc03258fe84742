//! A silent audio device that is always there: silence in, nothing out, both counted.
//!
//! What it is not: it has no pace of its own. It gives and takes whatever the caller's clock asks for,
//! so a phone without a sound card still sends and receives at the right rate.

use plugin::{Audio, AudioCounters, Captured, Refusal, Status};
use serde::Deserialize;

/// The device. Knows nothing but what went through it.
#[derive(Debug, Default)]
pub struct Null {
    captured: u64,
    played: u64,
}

/// What it reads of a request: enough to refuse a rate that nobody can use.
#[derive(Deserialize)]
struct Request {
    rate_hz: u32,
}

impl Audio for Null {
    fn enumerate() -> Result<String, Refusal> {
        Ok(
            r#"[{"id":"null","name":"Silence","capture":true,"playback":true,"default":true}]"#
                .into(),
        )
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        let request: Request = serde_json::from_str(request)
            .map_err(|e| Refusal::new(Status::BAD_ARGUMENT, format!("request: {e}")))?;
        if !matches!(request.rate_hz, 8000 | 16000 | 48000) {
            let reason = format!("rate_hz {}: use 8000, 16000 or 48000", request.rate_hz);
            return Err(Refusal::new(Status::BAD_ARGUMENT, reason));
        }
        Ok(Self::default())
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        pcm.fill(0);
        self.captured += pcm.len() as u64;
        Ok(Captured {
            samples: pcm.len(),
            ended: false,
        })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        self.played += pcm.len() as u64;
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        AudioCounters {
            captured: self.captured,
            played: self.played,
            ..AudioCounters::default()
        }
    }
}

plugin::export_audio!(Null, id = "audio-null", name = "Silence");

#[cfg(test)]
mod tests {
    use super::*;
    use plugin::EntryHandle;

    fn open(request: &str) -> Result<plugin::AudioInstance, Refusal> {
        let entry = EntryHandle::built_in(&ENTRY).unwrap();
        entry.audio().unwrap().unwrap().open(request)
    }

    #[test]
    fn gives_silence_takes_everything_and_counts_both() {
        let mut device = open(r#"{"rate_hz":8000,"direction":"both"}"#).unwrap();
        let mut pcm = [7; 80];
        for tick in 0..3 {
            let captured = device.capture(&mut pcm, tick * 10_000_000).unwrap();
            assert_eq!((captured.samples, captured.ended), (80, false));
            assert_eq!(pcm, [0; 80]);
            device.playback(&[1; 160], tick * 10_000_000).unwrap();
        }
        let counters = device.counters().unwrap();
        assert_eq!((counters.captured, counters.played), (240, 480));
        assert_eq!(
            (counters.underrun, counters.overrun, counters.xruns),
            (0, 0, 0)
        );
    }

    #[test]
    fn refuses_what_it_cannot_read_in_words() {
        let odd = open(r#"{"rate_hz":44100}"#).unwrap_err();
        assert_eq!(odd.to_string(), "rate_hz 44100: use 8000, 16000 or 48000");
        let broken = open("{").unwrap_err();
        assert_eq!(broken.status, Status::BAD_ARGUMENT);
    }
}
