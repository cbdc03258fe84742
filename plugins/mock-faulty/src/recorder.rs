//! The recorder: counts what it is given, and keeps nothing.

use crate::fault::obey_samples;
use crate::scribble::{Scribble, into_lines};
use plugin::{Recorder, RecorderAbout, RecorderRequest, Refusal, Status};

/// See the crate.
pub struct Faulty {
    samples: usize,
}

impl Recorder for Faulty {
    const ABOUT: RecorderAbout = RecorderAbout {
        extension: "none",
        media_type: "application/octet-stream",
        sample_rates_hz: &[8_000],
        channels: 1,
    };

    fn open(_: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self { samples: 0 })
    }

    fn write(&mut self, pcm: &[i16], _at_ms: u64) -> Result<(), Status> {
        // What comes at once may be several blocks of 10 ms.
        if pcm.chunks(80).any(obey_samples) {
            into_lines(Scribble::OutOfRange);
        }
        self.samples += pcm.len();
        Ok(())
    }

    fn close(self) -> Result<String, Refusal> {
        Ok(format!(r#"{{"files":[],"audio_ms":{}}}"#, self.samples / 8))
    }
}

plugin::export_recorder!(
    Faulty,
    id = "mock-faulty-recorder",
    name = "Faulty recorder"
);
