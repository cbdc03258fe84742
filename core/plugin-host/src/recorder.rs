//! A recorder, and its recordings.

use crate::away::talk::Talk;
use crate::away::words::{self, Ask};
use crate::fence::Fence;
use crate::reach;
use crate::ready::{Table, nonsense};
use crate::started::Plugin;
use crate::{Error, Ready};
use plugin::{Mark, RecorderRequest, Refusal, Status};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

/// A recorder.
pub type RecorderPlugin = Ready<plugin::RecorderHandle>;

/// A recording that runs. Thread of every call: \[worker\].
#[derive(Debug)]
pub struct Recording {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Inner,
    /// Nobody waits for its calls, so they are not timed; it says where the recording stands.
    fence: Fence,
    plugin: Arc<Plugin>,
}

#[derive(Debug)]
enum Inner {
    Here(plugin::RecorderInstance),
    Away(Talk),
}

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
    /// What it writes; one of another process was asked when it was started. Thread: \[control\].
    pub fn files(&self) -> Result<RecorderAbout, Error> {
        let said = match &self.table {
            Table::Here(table) => table.about(),
            Table::Away(_) => self.plugin.recorder().ok_or_else(nonsense),
        };
        let said = said.map_err(|refusal| self.refused(refusal))?;
        serde_json::from_str(&said).map_err(|error| {
            let why = format!("says of its files what cannot be read: {error}");
            self.refused(Refusal::new(Status::GARBAGE, why))
        })
    }

    /// Begins a recording. Thread: \[worker\].
    pub fn open(&self, request: &RecorderRequest<'_>) -> Result<Recording, Error> {
        self.plugin.before_use()?;
        let opened = match &self.table {
            Table::Here(table) => table.open(request).map(Inner::Here),
            Table::Away(process) => {
                let word = words::Talk::Recorder {
                    sample_rate_hz: request.sample_rate_hz,
                    channels: request.channels,
                    started_unix_ms: request.started_unix_ms,
                    path: request.path.to_owned(),
                    metadata: request.metadata.to_owned(),
                    options: request.options.to_owned(),
                };
                Talk::open(process, word).map(Inner::Away)
            }
        };
        Ok(Recording {
            inner: opened.map_err(|refusal| self.not_opened(refusal, request.path))?,
            fence: self.plugin.fence(None),
            plugin: Arc::clone(&self.plugin),
        })
    }
}

impl RecorderPlugin {
    /// Where its sandbox keeps it from the file, that is said: the plugin only saw that it may not.
    fn not_opened(&self, refusal: Refusal, path: &str) -> Error {
        let barred = match &self.table {
            Table::Here(_) => None,
            Table::Away(process) => match process.begun_with() {
                Ask::Begin { permissions, .. } => reach::barred(permissions, Path::new(path)),
                Ask::Fmtp { .. } | Ask::Devices | Ask::ToneNames => None,
                Ask::Plan { .. } | Ask::HearInfo { .. } | Ask::Figures => None,
                Ask::Media(_) | Ask::Talk(_) => None,
            },
        };
        match barred {
            None => self.refused(refusal),
            Some(may) => Error::OutOfReach {
                plugin: self.plugin().to_owned(),
                refusal,
                may,
            },
        }
    }
}

impl Recording {
    /// Whether its plugin was switched off while it ran: it is to be closed.
    pub fn is_off(&self) -> bool {
        self.fence.shut() == Some(crate::Trouble::SwitchedOff)
    }

    /// Says which leg is recorded, for whoever tells that the plugin failed.
    pub fn serves(&self, leg: u64) {
        self.fence.serves(leg);
    }

    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Keeps whole samples of all channels. After [`Status::LOST`] its process is gone: what was kept stays,
    /// and a new recording may be begun.
    pub fn write(&mut self, pcm: &[i16], at_ms: u64) -> Result<(), Status> {
        match &mut self.inner {
            Inner::Here(recording) => recording.write(pcm, at_ms),
            Inner::Away(recording) => recording.write(pcm, at_ms),
        }
    }

    /// Something happened.
    pub fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) -> Result<(), Status> {
        match &mut self.inner {
            Inner::Here(recording) => recording.mark(mark, at_ms, note),
            Inner::Away(recording) => recording.mark(mark, at_ms, note),
        }
    }

    /// Makes what was kept outlive a crash.
    pub fn sync(&mut self) -> Result<(), Status> {
        match &mut self.inner {
            Inner::Here(recording) => recording.sync(),
            Inner::Away(recording) => recording.sync(),
        }
    }

    /// Ends the recording.
    pub fn close(self) -> RecordingResult {
        let (status, said) = match self.inner {
            Inner::Here(recording) => recording.close(),
            Inner::Away(recording) => recording.close(),
        };
        let mut result: RecordingResult = serde_json::from_str(&said).unwrap_or_default();
        if result.error.is_none() && (status.0 < 0 || said.is_empty()) {
            result.error = Some(plugin::status_text(status).to_owned());
        }
        result
    }
}
