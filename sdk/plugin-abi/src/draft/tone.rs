//! The table `offhook.tone/1`: what a person hears that no peer says: dial tone, busy, ringing.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const TONE_ID: &str = "offhook.tone/1";

/// A set of tones. PCM is signed 16 bit, one channel.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ToneTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes a JSON array of the names it knows. `BUFFER_TOO_SMALL` when it was cut.
    /// Thread: \[control\].
    pub names: Option<unsafe extern "C" fn(out: *mut TextOut) -> Status>,
    /// Prepares the tone `name` at `sample_rate_hz`; `options` is a JSON object. Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(
            name: Text,
            sample_rate_hz: u32,
            options: Text,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Fills `pcm`; `samples` holds the wanted count on entry, on return what there was. `ENDED` when no
    /// more will come. Thread: \[media\].
    pub read: Option<
        unsafe extern "C" fn(inst: *mut c_void, pcm: *mut i16, samples: *mut usize) -> Status,
    >,
    /// Frees what `open` made. Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
