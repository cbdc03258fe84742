//! The table `offhook.filter/1`: one step on the microphone's or the loudspeaker's way.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const FILTER_ID: &str = "offhook.filter/1";

/// [`FilterRequest::place`]: between the microphone and the encoder.
pub const PLACE_MICROPHONE: u32 = 1;
/// [`FilterRequest::place`]: between the decoder and the loudspeaker.
pub const PLACE_SPEAKER: u32 = 2;

/// What a filter is opened for. Texts are lent for the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FilterRequest {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// `PLACE_…`.
    pub place: u32,
    /// Range: 8000, 16000 or 48000.
    pub sample_rate_hz: u32,
    /// Samples in each call to `process`: 10 ms.
    pub block_samples: u32,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: Text,
}

/// A filter. PCM is signed 16 bit, one channel.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FilterTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Makes a filter; `reason` says why not. Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(
            request: *const FilterRequest,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Turns 10 ms of `near` into `out`. `far` is what went to the loudspeaker, `delay_samples` ago at the
    /// microphone; null where nothing is known of it. The buffers do not overlap. When it fails, `near`
    /// goes on as it is. Thread: \[media\]. Bound: 0.5 ms for a block, three misses in a row bypass it.
    pub process: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            near: *const i16,
            far: *const i16,
            samples: usize,
            delay_samples: u32,
            out: *mut i16,
        ) -> Status,
    >,
    /// How much later the sound comes out. Unit: samples. Thread: \[media\].
    pub latency: Option<unsafe extern "C" fn(inst: *mut c_void) -> u32>,
    /// Changes one setting of its own, named in its manifest. Thread: \[media\].
    pub control: Option<unsafe extern "C" fn(inst: *mut c_void, key: u32, value: i64) -> Status>,
    /// Forgets the past. Thread: \[media\].
    pub reset: Option<unsafe extern "C" fn(inst: *mut c_void) -> Status>,
    /// Frees what `open` made. Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
