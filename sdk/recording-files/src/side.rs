//! The side-car: what is known of a recording, and its marks with their times, as JSON beside it.

use crate::create;
use plugin::{Mark, RecorderRequest, Refusal, Status};
use serde::Serialize;
use serde_json::value::RawValue;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Marks kept. At the limit the newest are dropped and counted.
const MARKS: usize = 10_000;

/// One mark.
#[derive(Debug, Clone, Serialize)]
struct Marked {
    kind: &'static str,
    at_ms: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

/// The side-car of one recording.
#[derive(Debug, Serialize)]
pub struct Side {
    version: u32,
    file: String,
    sample_rate_hz: u32,
    channels: u32,
    started_unix_ms: u64,
    call: Box<RawValue>,
    marks: Vec<Marked>,
    marks_dropped: u64,
    audio_ms: u64,
    /// Written by the end of the recording; `false`: it still runs, or was cut off.
    closed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    path: PathBuf,
}

impl Side {
    /// The side-car of a recording that is asked for. An error: what the host tells of the call is no JSON.
    pub fn new(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        let metadata = match request.metadata {
            "" => "{}",
            text => text,
        };
        let call = RawValue::from_string(metadata.to_owned());
        let call =
            call.map_err(|why| Refusal::new(Status::BAD_ARGUMENT, format!("metadata: {why}")))?;
        Ok(Self {
            version: 1,
            file: String::new(),
            sample_rate_hz: request.sample_rate_hz,
            channels: request.channels,
            started_unix_ms: request.started_unix_ms,
            call,
            marks: Vec::new(),
            marks_dropped: 0,
            audio_ms: 0,
            closed: false,
            error: None,
            path: PathBuf::new(),
        })
    }

    /// The recording is the file at `path`, whose place is [reserved](crate::reserve).
    #[must_use]
    pub fn of(mut self, path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.file = name.into_owned();
        self.path = path.with_extension("json");
        self
    }

    /// Where the marks are. Unit: ms of sound.
    pub fn marks_ms(&self) -> impl Iterator<Item = u64> {
        self.marks.iter().map(|mark| mark.at_ms)
    }

    /// Notes a mark.
    pub fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) {
        if self.marks.len() >= MARKS {
            self.marks_dropped += 1;
            return;
        }
        let kind = match mark {
            Mark::Pause => "pause",
            Mark::Resume => "resume",
            Mark::Gap => "gap",
            Mark::Note => "note",
        };
        let note = note.to_owned();
        self.marks.push(Marked { kind, at_ms, note });
    }

    /// The recording is over.
    pub fn close(&mut self, audio_ms: u64, error: Option<String>) {
        self.audio_ms = audio_ms;
        self.closed = true;
        self.error = error;
    }

    /// Puts it in the place of the one before, at once: whoever reads finds one or the other, whole.
    pub fn write(&self) -> io::Result<()> {
        let next = self.path.with_extension("json.new");
        // Left over from a crash; nobody else has files of this name.
        let _ = fs::remove_file(&next);
        let mut file = create(&next)?;
        let text = serde_json::to_vec_pretty(self)?;
        let written = file.write_all(&text).and_then(|()| file.sync_data());
        let moved = written.and_then(|()| fs::rename(&next, &self.path));
        if moved.is_err() {
            let _ = fs::remove_file(&next);
        }
        moved
    }
}
