//! What can be asked for.

use plugin::{Refusal, Status};
use serde::Deserialize;
use std::path::PathBuf;

/// A request. Without `read` the microphone is silent, without `write` the loudspeaker drops everything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Rate of the PCM; a file of another rate is converted when it is opened. Range: 8000, 16000, 48000.
    pub rate_hz: u32,
    /// Which way audio flows; a file of the other way is not opened.
    #[serde(default)]
    pub direction: Direction,
    /// Only `file`.
    #[serde(default)]
    pub device: Option<String>,
    /// WAV file that the microphone hears.
    #[serde(default)]
    pub read: Option<PathBuf>,
    /// WAV file that the loudspeaker writes; an older one is replaced.
    #[serde(default)]
    pub write: Option<PathBuf>,
    /// What comes after the last sample of `read`.
    #[serde(default)]
    pub at_end: AtEnd,
    /// Silence before the first sample of `read`. Unit: ms. Range: 0 to 600,000.
    #[serde(default)]
    pub wait_ms: u32,
}

/// Which way audio flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Microphone only.
    Capture,
    /// Loudspeaker only.
    Playback,
    /// Both.
    #[default]
    Both,
}

/// What comes after the last sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtEnd {
    /// The end: the caller is told, and hears silence.
    #[default]
    End,
    /// Silence, and nobody is told.
    Silence,
    /// The first sample again.
    Loop,
}

impl Request {
    pub(crate) fn captures(&self) -> bool {
        self.direction != Direction::Playback
    }

    pub(crate) fn plays(&self) -> bool {
        self.direction != Direction::Capture
    }

    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let bad = |reason: String| Err(Refusal::new(Status::BAD_ARGUMENT, reason));
        if !matches!(self.rate_hz, 8000 | 16000 | 48000) {
            return bad(format!(
                "rate_hz {}: use 8000, 16000 or 48000",
                self.rate_hz
            ));
        }
        if self.wait_ms > 600_000 {
            return bad(format!("wait_ms {}: at most 600000", self.wait_ms));
        }
        if self
            .device
            .as_deref()
            .is_some_and(|device| device != "file")
        {
            return Err(Refusal::new(
                Status::NOT_FOUND,
                "device: there is only \"file\"",
            ));
        }
        Ok(())
    }
}
