//! The table `offhook.recorder/1`: the audio of a call, kept.
//!
//! All calls come from one worker thread that a ring feeds, in order; none may touch the call.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const RECORDER_ID: &str = "offhook.recorder/1";

/// [`RecorderTable::mark`]: what comes next was not recorded on purpose; `note` says for whom.
pub const MARK_PAUSE: i32 = 1;
/// [`RecorderTable::mark`]: recording goes on.
pub const MARK_RESUME: i32 = 2;
/// [`RecorderTable::mark`]: audio is missing here against the host's will; `note` says how much and why.
pub const MARK_GAP: i32 = 3;
/// [`RecorderTable::mark`]: a remark of a person or program.
pub const MARK_NOTE: i32 = 4;

/// What a recording is opened for. Texts are lent for the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RecorderRequest {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// Rate of the PCM. Range: 8000, 16000 or 48000.
    pub sample_rate_hz: u32,
    /// Range: 1 or 2. With 2 the left one is what this side says.
    pub channels: u32,
    /// 0.
    pub reserved: u32,
    /// Wall clock at the first sample, from 1970-01-01 UTC. Unit: ms.
    pub started_unix_ms: u64,
    /// Path without extension; the plugin adds its own and never overwrites.
    pub path: Text,
    /// JSON object: what is known of the call (`call`, `account`, `local`, `remote`, `direction`).
    pub metadata: Text,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: Text,
}

/// A recorder. PCM is signed 16 bit, interleaved.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RecorderTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes a JSON object: `extension`, `media_type`, `sample_rates_hz` (an array), `channels` (the most).
    /// `BUFFER_TOO_SMALL` when it was cut. Thread: \[control\].
    pub describe: Option<unsafe extern "C" fn(out: *mut TextOut) -> Status>,
    /// Begins a recording; `reason` says why not. Thread: \[worker\].
    pub open: Option<
        unsafe extern "C" fn(
            request: *const RecorderRequest,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Keeps `frames` samples of each channel. `at_ms` counts audio from the start of the recording,
    /// pauses left out. A failure ends the recording: what was kept stays readable. Thread: \[worker\].
    pub write: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            pcm: *const i16,
            frames: usize,
            at_ms: u64,
        ) -> Status,
    >,
    /// Something happened, `MARK_…`, at `at_ms`. Unknown kinds are kept as notes. Thread: \[worker\].
    pub mark: Option<
        unsafe extern "C" fn(inst: *mut c_void, kind: i32, at_ms: u64, note: Text) -> Status,
    >,
    /// Makes what was kept so far outlive a crash of the process. Asked about once a second.
    /// Thread: \[worker\].
    pub sync: Option<unsafe extern "C" fn(inst: *mut c_void) -> Status>,
    /// Ends the recording and frees it. Writes a JSON object: `files` (an array of `path`, `bytes`),
    /// `audio_ms`. A status below 0 says that the end is not as it should be; `result` holds `error`.
    /// Thread: \[worker\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void, result: *mut TextOut) -> Status>,
}
