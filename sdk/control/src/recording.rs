//! Recordings of calls: what may be asked, what is told, how one stands.

use crate::{CallHandle, ErrorObject, Timestamp};
use serde::{Deserialize, Serialize};

/// Record a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StartRecording {
    /// Which. `None`: the newest that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// Plugin that writes the file. `None`: as the settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Name below the folder of the settings, without extension: parts of `A-Z a-z 0-9 . _ -`, up to 120
    /// letters, parted by `/`. `None`: made from time, call and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 2: this side left, the far end right; 1: both mixed. `None`: as the settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
}

/// Leave out what is said from now on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PauseRecording {
    /// Which call. `None`: the newest that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// Why, for whoever listens later. Up to 1,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Note something at this place of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRecording {
    /// Which call. `None`: the newest that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// What. Up to 1,000 bytes.
    pub text: String,
}

/// How a recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// The file is being opened.
    Starting,
    /// What is said is kept.
    Recording,
    /// It is left out.
    Paused,
    /// The file is being closed.
    Stopping,
    /// The file is whole.
    Stopped,
    /// It ended before it should; what was kept stays readable.
    Failed,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// The whole of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingSnapshot {
    /// How it stands.
    pub state: RecordingState,
    /// Plugin that writes it.
    pub plugin: String,
    /// The file; empty until it is open.
    pub path: String,
    /// 2: this side left, the far end right; 1: both mixed.
    pub channels: u8,
    /// Samples a second; 0 until it is open.
    pub sample_rate_hz: u32,
    /// When it began.
    pub started: Timestamp,
    /// Sound kept so far, pauses left out. Unit: ms.
    pub audio_ms: u64,
    /// Size of the file, as far as it is known.
    pub bytes: u64,
    /// Sound that is missing against our will. Unit: ms.
    pub gap_ms: u64,
}

/// Something happened to a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingChange {
    /// The whole recording after it.
    #[serde(flatten)]
    pub recording: RecordingSnapshot,
    /// Why it was paused or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}
