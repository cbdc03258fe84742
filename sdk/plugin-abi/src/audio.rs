//! The table `offhook.audio/1`: a microphone and a loudspeaker, real or not.
//!
//! The media thread pulls and pushes one block at a time and never waits: a device that has its own
//! pace keeps rings between that pace and the media thread's.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const AUDIO_ID: &str = "offhook.audio/1";

/// How far the audio is from the air. Unit: ns. 0 where a direction is not open.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AudioLatency {
    /// On entry the caller's size of this struct, on return what was written. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// From the microphone to what `capture` returns.
    pub capture_ns: u64,
    /// From what `playback` takes to the loudspeaker.
    pub playback_ns: u64,
}

/// What happened since `open`. Each counts up only.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AudioCounters {
    /// On entry the caller's size of this struct, on return what was written. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Handed out by `capture`. Unit: samples.
    pub captured: u64,
    /// Taken by `playback`. Unit: samples.
    pub played: u64,
    /// Silence put in because the source had nothing ready. Unit: samples.
    pub underrun: u64,
    /// Thrown away because nobody took it in time. Unit: samples.
    pub overrun: u64,
    /// Times the system said that it lost audio.
    pub xruns: u64,
    /// 1 when the source has come to its end.
    pub ended: u64,
}

/// An audio device. PCM is signed 16 bit, one channel, at the rate the request names.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AudioTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes a JSON array of devices: `{"id", "name", "capture", "playback", "default"}`.
    /// `BUFFER_TOO_SMALL` when it was cut; `reason` says why there is no list. Thread: \[control\].
    pub enumerate: Option<unsafe extern "C" fn(out: *mut TextOut, reason: *mut TextOut) -> Status>,
    /// Opens a device as a JSON request says: `rate_hz` (8000, 16000, 48000), `direction` (`capture`,
    /// `playback`, `both`), `device`, and what the plugin's README adds. `reason` says why not.
    /// Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(request: Text, out: *mut *mut c_void, reason: *mut TextOut) -> Status,
    >,
    /// Fetches audio from the microphone. `samples` holds the wanted count on entry, on return what
    /// the source had; the rest of `pcm` is silence. `ENDED` when no more will come. `now_ns` counts
    /// from the engine's start and never goes back. Wait-free. Thread: \[media\].
    pub capture: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            pcm: *mut i16,
            samples: *mut usize,
            now_ns: u64,
        ) -> Status,
    >,
    /// Takes audio for the loudspeaker, all of it; what has no room is dropped and counted as
    /// overrun. Wait-free. Thread: \[media\].
    pub playback: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            pcm: *const i16,
            samples: usize,
            now_ns: u64,
        ) -> Status,
    >,
    /// How far the audio is from the air. Wait-free. Thread: \[media\].
    pub latency: Option<unsafe extern "C" fn(inst: *mut c_void, out: *mut AudioLatency) -> Status>,
    /// What happened so far. Wait-free. Thread: \[media\].
    pub counters:
        Option<unsafe extern "C" fn(inst: *mut c_void, out: *mut AudioCounters) -> Status>,
    /// Closes the device and frees what `open` made; what was played is on its way or written.
    /// Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
