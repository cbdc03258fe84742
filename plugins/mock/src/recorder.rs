//! A recorder that writes no file; its result says what it was given.

use crate::orders::{Counts, Deed, Orders, Play};
use plugin::{Mark, Recorder, RecorderAbout, RecorderRequest, Refusal, Status};

/// What recorders of this process did.
pub static COUNTS: Counts = Counts::new();

/// One recording that is not kept.
#[derive(Debug)]
pub struct Mock {
    play: Play,
    per_ms: u64,
    samples: u64,
    marks: u64,
}

impl Recorder for Mock {
    const ABOUT: RecorderAbout = RecorderAbout {
        extension: "mock",
        media_type: "application/octet-stream",
        sample_rates_hz: &[16_000, 8_000, 48_000],
        channels: 2,
    };

    fn open(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            play: Play::new(Orders::read(request.options)?, &COUNTS),
            per_ms: u64::from(request.sample_rate_hz / 1_000 * request.channels).max(1),
            samples: 0,
            marks: 0,
        })
    }

    fn write(&mut self, pcm: &[i16], _at_ms: u64) -> Result<(), Status> {
        if self.play.call()? == Deed::Right {
            self.samples += pcm.len() as u64;
        }
        Ok(())
    }

    fn mark(&mut self, _mark: Mark, _at_ms: u64, _note: &str) -> Result<(), Status> {
        self.marks += 1;
        self.play.call().map(drop)
    }

    fn close(mut self) -> Result<String, Refusal> {
        if self.play.call()? == Deed::Rubbish {
            return Ok("{\"files\":".to_owned());
        }
        let result = serde_json::json!({
            "files": [],
            "audio_ms": self.samples / self.per_ms,
            "marks": self.marks,
            "counts": COUNTS.read().json(),
        });
        Ok(result.to_string())
    }
}

plugin::export_recorder!(Mock, id = "mock-recorder", name = "Mock of a recorder");
