//! Recorders: the trait an author implements, and the handle a host uses.

mod handle;
mod shims;

pub use handle::{RecorderHandle, RecorderInstance};
pub(crate) use shims::RecorderFace;

use crate::{Host, Refusal, Status};
use plugin_abi::recorder as abi;

/// One recording. All calls come from one worker thread, in order.
///
/// PCM is signed 16 bit, interleaved, at the rate the request names.
pub trait Recorder: Send + Sized + 'static {
    /// What it writes.
    const ABOUT: RecorderAbout;

    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// Begins a recording. Thread: \[worker\].
    fn open(request: &RecorderRequest<'_>) -> Result<Self, Refusal>;

    /// Keeps audio. `at_ms` counts audio from the start of the recording, pauses left out. A failure ends
    /// the recording: what was kept stays readable. Thread: \[worker\].
    fn write(&mut self, pcm: &[i16], at_ms: u64) -> Result<(), Status>;

    /// Something happened. Thread: \[worker\].
    fn mark(&mut self, _mark: Mark, _at_ms: u64, _note: &str) -> Result<(), Status> {
        Ok(())
    }

    /// Makes what was kept so far outlive a crash of the process. Asked about once a second.
    /// Thread: \[worker\].
    fn sync(&mut self) -> Result<(), Status> {
        Ok(())
    }

    /// Ends the recording: a JSON object with `files` (an array of `path`, `bytes`) and `audio_ms`.
    /// Thread: \[worker\].
    fn close(self) -> Result<String, Refusal>;
}

/// What a recorder writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecorderAbout {
    /// Of its files, without the dot.
    pub extension: &'static str,
    /// Such as `audio/wav`.
    pub media_type: &'static str,
    /// What it takes, the preferred one first. Range: 8000, 16000, 48000.
    pub sample_rates_hz: &'static [u32],
    /// The most it takes. Range: 1 or 2.
    pub channels: u32,
}

/// What a recording is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecorderRequest<'a> {
    /// Range: 8000, 16000, 48000.
    pub sample_rate_hz: u32,
    /// Range: 1 or 2. With 2 the left one is what this side says.
    pub channels: u32,
    /// Wall clock at the first sample, from 1970-01-01 UTC. Unit: ms.
    pub started_unix_ms: u64,
    /// Path without extension; the plugin adds its own and never overwrites.
    pub path: &'a str,
    /// JSON object: what is known of the call.
    pub metadata: &'a str,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: &'a str,
}

/// Something that happened while recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Mark {
    /// What comes next was not recorded on purpose.
    Pause = abi::MARK_PAUSE,
    /// Recording goes on.
    Resume = abi::MARK_RESUME,
    /// Audio is missing here against the host's will.
    Gap = abi::MARK_GAP,
    /// A remark of a person or program.
    Note = abi::MARK_NOTE,
}

impl Mark {
    /// An unknown number counts as a note, as the layout says.
    const fn from_number(number: i32) -> Self {
        match number {
            abi::MARK_PAUSE => Self::Pause,
            abi::MARK_RESUME => Self::Resume,
            abi::MARK_GAP => Self::Gap,
            _ => Self::Note,
        }
    }
}
