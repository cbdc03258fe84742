//! The table `offhook.codec/1`: formats and their fmtp rules as data, audio both ways.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const CODEC_ID: &str = "offhook.codec/1";

/// [`CodecInfo::caps`]: `decode` without a payload invents what was lost.
pub const CAP_CONCEAL: u32 = 1;
/// [`CodecInfo::caps`]: `decode` with `lost_samples` rebuilds a lost packet from the next one.
pub const CAP_FEC: u32 = 1 << 1;
/// [`CodecInfo::caps`]: `encode` may return 0 bytes, which means: send nothing.
pub const CAP_DTX: u32 = 1 << 2;
/// [`CodecInfo::caps`]: the bit rate varies from packet to packet.
pub const CAP_VARIABLE_RATE: u32 = 1 << 3;

/// [`FmtpRule::kind`]: both sides must say the same, or the formats do not match.
pub const RULE_EQUAL: i32 = 0;
/// [`FmtpRule::kind`]: numbers; the smaller of both counts.
pub const RULE_MIN: i32 = 1;
/// [`FmtpRule::kind`]: numbers; the larger of both counts.
pub const RULE_MAX: i32 = 2;
/// [`FmtpRule::kind`]: comma-separated values; what both have counts.
pub const RULE_LIST: i32 = 3;
/// [`FmtpRule::kind`]: each side says its own; handed to `open` as the peer said it.
pub const RULE_OPAQUE: i32 = 4;
/// [`FmtpRule::kind`]: whatever the peer says is accepted and dropped.
pub const RULE_IGNORE: i32 = 5;
/// [`FmtpRule::kind`]: `yes` or `1` only where both sides say so, else the other side's `no` or `0`.
pub const RULE_BOTH: i32 = 6;

/// [`CodecTable::control`]: wanted bit rate. Unit: bits per second.
pub const KEY_BIT_RATE: u32 = 1;
/// [`CodecTable::control`]: loss to prepare for. Unit: percent. Range: 0 to 100.
pub const KEY_EXPECTED_LOSS: u32 = 2;
/// [`CodecTable::control`]: effort. Range: 0 (least) to 10.
pub const KEY_COMPLEXITY: u32 = 3;
/// [`CodecTable::control`]: 1 lets `encode` send nothing in silence, 0 forbids it.
pub const KEY_DTX: u32 = 4;
/// [`CodecTable::control`]: 1 makes `encode` add what rebuilds the packet before, 0 not.
pub const KEY_FEC: u32 = 5;

/// What a codec says about one of its formats.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct CodecInfo {
    /// On entry the caller's size of this struct, on return what was written. Unit: bytes.
    pub size: u32,
    /// `CAP_…` bits. Unknown ones are ignored.
    pub caps: u32,
    /// Encoding name as rtpmap spells it, such as `PCMU`. Source: RFC 8866 §6.6.
    pub name: Text,
    /// RTP clock rate. Unit: per second.
    pub clock_rate_hz: u32,
    /// Rate of the PCM side. Range: 8000, 16000 or 48000. Differs from the clock for G.722.
    pub sample_rate_hz: u32,
    /// Of the PCM side. Range: 1 or 2.
    pub channels: u32,
    /// Static payload type, or -1. Source: RFC 3551 §6.
    pub payload_type: i32,
    /// Packet times it can do: bit n stands for (n + 1) × 10 ms.
    pub packet_times: u32,
    /// Packet time it prefers. Unit: ms.
    pub packet_time_ms: u32,
    /// Largest payload of its longest packet. Unit: bytes.
    pub max_payload: u32,
    /// Size of one element of `rules` as the plugin was built. Unit: bytes.
    pub rule_size: u32,
    /// What we say in fmtp when nobody chose otherwise. May be empty.
    pub fmtp: Text,
    /// How fmtp parameters of both sides meet. Valid as long as the process lives.
    pub rules: *const FmtpRule,
    /// Unit: elements of `rules`.
    pub rule_count: usize,
    /// Channels as rtpmap says them, where it says others than `channels` (Opus: 2). 0: the same.
    /// Source: RFC 8866 §6.6.
    pub rtp_channels: u32,
    /// 0.
    pub reserved: u32,
}

/// How one fmtp parameter is negotiated; offer/answer works from this data alone.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FmtpRule {
    /// Parameter name, compared without case.
    pub name: Text,
    /// What holds when a side leaves it out. May be empty.
    pub default: Text,
    /// `RULE_…`. An unknown kind counts as `RULE_OPAQUE`.
    pub kind: i32,
    /// 0.
    pub reserved: u32,
}

/// What a codec is opened as. Texts are lent for the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct CodecRequest {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// Which format, as counted by `describe`.
    pub index: u32,
    /// fmtp as both sides agreed.
    pub fmtp: Text,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: Text,
}

/// A codec. PCM is signed 16 bit, interleaved, at [`CodecInfo::sample_rate_hz`].
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct CodecTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// How many formats there are. Thread: \[control\].
    pub count: Option<unsafe extern "C" fn() -> usize>,
    /// Says what format `index` is. What it points to is valid as long as the process lives.
    /// Thread: \[control\].
    pub describe: Option<unsafe extern "C" fn(index: usize, out: *mut CodecInfo) -> Status>,
    /// Writes what we say in fmtp for format `index` under `options`, a JSON object as the manifest's
    /// `config` describes it, or no text for the defaults. Asked when settings are read, never while
    /// offers are made. `reason` says which option is wrong. `BUFFER_TOO_SMALL` when `out` was cut.
    /// May be null: then [`CodecInfo::fmtp`] holds whatever the options say. Thread: \[control\].
    pub fmtp: Option<
        unsafe extern "C" fn(
            index: usize,
            options: Text,
            out: *mut TextOut,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Makes an encoder and decoder pair; `reason` says why not. Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(
            request: *const CodecRequest,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Encodes one packet. `samples` counts all channels. `len` holds the capacity on entry, the size
    /// on return; unit: bytes. A size of 0 means: send nothing. Thread: \[media\].
    /// Bound: 1 ms for 20 ms of audio; slower three times in a row and the codec is bypassed.
    pub encode: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            pcm: *const i16,
            samples: usize,
            payload: *mut u8,
            len: *mut usize,
        ) -> Status,
    >,
    /// Decodes one packet, or makes up for one. `samples` holds the room in `pcm` on entry, what was
    /// written on return; both count all channels.
    ///
    /// - `payload` and `lost_samples` 0: the packet's audio.
    /// - `payload` null: nothing came; `samples` on entry is how much to invent.
    /// - `payload` and `lost_samples`: the packet after a lost one; writes the lost audio only, and
    ///   the same packet is decoded by a further call.
    ///
    /// Thread: \[media\]. Bound: as `encode`.
    pub decode: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            payload: *const u8,
            len: usize,
            lost_samples: usize,
            pcm: *mut i16,
            samples: *mut usize,
        ) -> Status,
    >,
    /// Changes one setting, `KEY_…`, between two packets. Thread: \[media\].
    pub control: Option<unsafe extern "C" fn(inst: *mut c_void, key: u32, value: i64) -> Status>,
    /// The far end begins another stream: `decode` forgets the past. What is sent goes on, so `encode` forgets
    /// nothing. Thread: \[media\].
    pub reset: Option<unsafe extern "C" fn(inst: *mut c_void) -> Status>,
    /// Frees what `open` made. Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
