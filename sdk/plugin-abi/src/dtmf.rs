//! The table `offhook.dtmf/1`: a key in, a plan of RTP events, INFO bodies or tones out; and the other
//! way, keys heard in tones and INFO bodies.
//!
//! A method says *what* is to be sent; the host sends it. RTP telephone-events are always heard by the
//! host itself. Source: RFC 4733, RFC 6086.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const DTMF_ID: &str = "offhook.dtmf/1";

/// [`DtmfInfo::caps`]: plans may hold [`STEP_EVENT`].
pub const SENDS_EVENTS: u32 = 1;
/// [`DtmfInfo::caps`]: plans may hold [`STEP_INFO`].
pub const SENDS_INFO: u32 = 1 << 1;
/// [`DtmfInfo::caps`]: plans may hold [`STEP_TONE`].
pub const SENDS_TONES: u32 = 1 << 2;
/// [`DtmfInfo::caps`]: `open` and `listen` hear keys in audio.
pub const HEARS_TONES: u32 = 1 << 3;
/// [`DtmfInfo::caps`]: `hear_info` reads keys from INFO bodies.
pub const HEARS_INFO: u32 = 1 << 4;

/// [`DtmfRequest::flags`]: the peer did not exclude INFO by its Allow header.
pub const PEER_TAKES_INFO: u32 = 1;

/// [`DtmfStep::kind`]: a telephone-event of `duration_ms`. Source: RFC 4733 §2.5.
pub const STEP_EVENT: i32 = 1;
/// [`DtmfStep::kind`]: one INFO request with content type and body.
pub const STEP_INFO: i32 = 2;
/// [`DtmfStep::kind`]: two tones in the audio, in place of the microphone.
pub const STEP_TONE: i32 = 3;

/// Room of [`DtmfStep::content_type`]. Unit: bytes.
pub const CONTENT_TYPE_ROOM: usize = 48;
/// Room of [`DtmfStep::body`]. Unit: bytes.
pub const BODY_ROOM: usize = 80;

/// What a method is.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DtmfInfo {
    /// On entry the caller's size of this struct, on return what was written. Unit: bytes.
    pub size: u32,
    /// `SENDS_…` and `HEARS_…` bits. Unknown ones are ignored.
    pub caps: u32,
    /// As settings spell it: `rfc2833`, `info`, `audio` or its own word.
    pub name: Text,
}

/// One key and the call it is pressed in.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DtmfRequest {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// `0`–`9`, `*`, `#`, `A`–`D` as ASCII, or `!` for hook flash.
    pub key: u32,
    /// How long the key is held. Unit: ms.
    pub duration_ms: u32,
    /// `PEER_…` bits.
    pub flags: u32,
    /// RTP clock of the codec in use. Unit: per second.
    pub codec_clock_hz: u32,
    /// Clock of the negotiated telephone-event; 0 where none was. Unit: per second.
    pub event_clock_hz: u32,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: Text,
}

/// One thing to send. Fields that the kind does not use are 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DtmfStep {
    /// `STEP_…`. A host drops a plan with a kind that it does not know.
    pub kind: i32,
    /// When it begins, from the start of the plan. Unit: ms.
    pub at_ms: u32,
    /// How long it lasts. Unit: ms.
    pub duration_ms: u32,
    /// Event: its code. Range: 0 to 255. Source: RFC 4733 §3.2.
    pub event: u32,
    /// Event: below 0 dBm0. Range: 0 to 63. Unit: dB.
    pub volume: u32,
    /// Event: what its duration is counted in. Unit: per second.
    pub duration_clock_hz: u32,
    /// Tone: the lower one. Unit: 1/100 Hz.
    pub low_centihertz: u32,
    /// Tone: the higher one. Unit: 1/100 Hz.
    pub high_centihertz: u32,
    /// Tone: level of the lower one. Unit: 1/100 dB, 0 is full scale; negative.
    pub low_centibels: i32,
    /// Tone: level of the higher one. Unit: as `low_centibels`.
    pub high_centibels: i32,
    /// INFO: bytes of `content_type` in use.
    pub content_type_len: u32,
    /// INFO: bytes of `body` in use.
    pub body_len: u32,
    /// INFO: ASCII.
    pub content_type: [u8; CONTENT_TYPE_ROOM],
    /// INFO: ASCII.
    pub body: [u8; BODY_ROOM],
}

/// A key that was heard.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DtmfHeard {
    /// As [`DtmfRequest::key`].
    pub key: u32,
    /// 1 when the key came up again, 0 when it went down.
    pub released: u32,
    /// How long it was held; 0 when it went down. Unit: ms.
    pub duration_ms: u32,
    /// 0.
    pub reserved: u32,
}

/// What a listener in audio is opened for. Texts are lent for the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DtmfListen {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// Range: 8000, 16000 or 48000.
    pub sample_rate_hz: u32,
    /// As [`DtmfRequest::options`].
    pub options: Text,
}

/// A DTMF method.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DtmfTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Says what it is. The name is valid as long as the process lives. Thread: \[control\].
    pub describe: Option<unsafe extern "C" fn(out: *mut DtmfInfo) -> Status>,
    /// Writes the steps for one key. `step_size` is the caller's size of one step, `steps` holds room for
    /// `*count` of them; `*count` is set to how many were written. `UNSUPPORTED` when the method cannot be used in
    /// this call: the next one is asked. Thread: \[control\].
    pub plan: Option<
        unsafe extern "C" fn(
            request: *const DtmfRequest,
            step_size: usize,
            steps: *mut DtmfStep,
            count: *mut usize,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Reads a key from an INFO request; `UNSUPPORTED` when it is none of this method's. May be null
    /// without [`HEARS_INFO`]. Thread: \[control\].
    pub hear_info:
        Option<unsafe extern "C" fn(content_type: Text, body: Text, out: *mut DtmfHeard) -> Status>,
    /// Makes a listener. `open`, `listen`, `reset` and `close` may be null without [`HEARS_TONES`].
    /// Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(
            request: *const DtmfListen,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Looks at 10 ms of what the peer says. `heard` holds room for `*count` keys, `*count` is set to how
    /// many were written. Thread: \[media\]. Bound: 0.5 ms.
    pub listen: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            pcm: *const i16,
            samples: usize,
            heard: *mut DtmfHeard,
            count: *mut usize,
        ) -> Status,
    >,
    /// Forgets the past. Thread: \[media\].
    pub reset: Option<unsafe extern "C" fn(inst: *mut c_void) -> Status>,
    /// Frees what `open` made. Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
