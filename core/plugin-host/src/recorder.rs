//! A recorder, and its recordings.

use crate::{Error, Held, Ready};
use plugin::{RecorderRequest, Refusal, Status};
use serde::Deserialize;

/// A recorder.
pub type RecorderPlugin = Ready<plugin::RecorderHandle>;
/// A recording that runs. Thread of every call: \[worker\].
pub type Recording = Held<plugin::RecorderInstance>;

/// What a recorder says of its files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecorderAbout {
    /// Of its files, without the dot.
    pub extension: String,
    /// Such as `audio/wav`.
    pub media_type: String,
    /// What it takes, the preferred one first.
    pub sample_rates_hz: Vec<u32>,
    /// The most it takes.
    pub channels: u32,
}

/// How a recording ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RecordingResult {
    /// What was written.
    pub files: Vec<RecordedFile>,
    /// Audio in it. Unit: ms.
    pub audio_ms: u64,
    /// Why its end is not as it should be.
    pub error: Option<String>,
}

/// One file of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RecordedFile {
    /// Where it is.
    pub path: String,
    /// Unit: bytes.
    pub bytes: u64,
}

impl RecorderPlugin {
    /// What it writes. Thread: \[control\].
    pub fn files(&self) -> Result<RecorderAbout, Error> {
        let said = self
            .table
            .about()
            .map_err(|refusal| self.refused(refusal))?;
        serde_json::from_str(&said).map_err(|error| {
            let why = format!("says of its files what cannot be read: {error}");
            self.refused(Refusal::new(Status::GARBAGE, why))
        })
    }

    /// Begins a recording. Thread: \[worker\].
    pub fn open(&self, request: &RecorderRequest<'_>) -> Result<Recording, Error> {
        self.held(self.table.open(request))
    }
}

impl Recording {
    /// Ends the recording. Thread: \[worker\].
    pub fn close(self) -> RecordingResult {
        let (status, said) = self.end(plugin::RecorderInstance::close);
        let mut result: RecordingResult = serde_json::from_str(&said).unwrap_or_default();
        if result.error.is_none() && (status.0 < 0 || said.is_empty()) {
            result.error = Some(plugin::status_text(status).to_owned());
        }
        result
    }
}
