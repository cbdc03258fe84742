//! The side-car: what is known of a recording, and its marks with their times, as JSON beside it.

use crate::os;
use plugin::Mark;
use serde::Serialize;
use serde_json::value::RawValue;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Marks kept. At the limit the newest are dropped and counted.
const MARKS: usize = 10_000;

/// One mark.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Marked {
    kind: &'static str,
    pub(crate) at_ms: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

/// The side-car of one recording.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    version: u32,
    file: String,
    sample_rate_hz: u32,
    channels: u32,
    started_unix_ms: u64,
    call: Box<RawValue>,
    pub(crate) marks: Vec<Marked>,
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
    /// The side-car at `path`, which is reserved already.
    pub(crate) fn new(
        path: PathBuf,
        file: String,
        request: &plugin::RecorderRequest<'_>,
        call: Box<RawValue>,
    ) -> Self {
        Self {
            version: 1,
            file,
            sample_rate_hz: request.sample_rate_hz,
            channels: request.channels,
            started_unix_ms: request.started_unix_ms,
            call,
            marks: Vec::new(),
            marks_dropped: 0,
            audio_ms: 0,
            closed: false,
            error: None,
            path,
        }
    }

    /// Notes a mark.
    pub(crate) fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) {
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
    pub(crate) fn close(&mut self, audio_ms: u64, error: Option<String>) {
        self.audio_ms = audio_ms;
        self.closed = true;
        self.error = error;
    }

    /// Puts it in the place of the one before, at once: whoever reads finds one or the other, whole.
    pub(crate) fn write(&self) -> io::Result<()> {
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

/// Creates a file that was not there; a link in its place is not followed.
pub(crate) fn create(path: &std::path::Path) -> io::Result<File> {
    os::private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}
