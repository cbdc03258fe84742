//! Codecs: the trait an author implements, and the handle a host uses.

mod handle;
mod shims;

pub(crate) use handle::settle;
pub use handle::{CodecFormat, CodecHandle, CodecInstance, FormatRule};
pub(crate) use shims::CodecFace;
use shims::table;

use crate::{Host, Refusal, Status, text};
use plugin_abi as abi;

/// An encoder and decoder pair of one stream.
///
/// PCM is signed 16 bit, interleaved, at [`Format::sample_rate_hz`].
pub trait Codec: Send + Sized + 'static {
    /// What it can be opened as, in order of preference.
    const FORMATS: &'static [Format];

    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// What we say in fmtp for `FORMATS[format]` under `options`, JSON as in [`CodecRequest::options`].
    /// Asked when settings are read, never while offers are made. Thread: \[control\].
    fn fmtp(format: usize, _options: &str) -> Result<String, Refusal> {
        let format = Self::FORMATS.get(format).ok_or(Status::NOT_FOUND)?;
        Ok(format.fmtp.to_owned())
    }

    /// Makes a pair. Thread: \[control\].
    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal>;

    /// Encodes one packet; returns its size, 0 to send nothing.
    ///
    /// Unit: `pcm` in samples of all channels, `payload` in bytes. Thread: \[media\].
    /// Bound: must return within 1 ms for 20 ms of audio; slower three times in a row fences the codec.
    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status>;

    /// Decodes one packet's payload into `pcm`; returns how many samples. Unit, Thread, Bound: as
    /// [`encode`](Self::encode).
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status>;

    /// Nothing came: invents `pcm.len()` samples. Unit, Thread, Bound: as [`encode`](Self::encode).
    fn conceal(&mut self, _pcm: &mut [i16]) -> Result<usize, Status> {
        Err(Status::UNSUPPORTED)
    }

    /// Rebuilds the lost `pcm.len()` samples from the packet after them, which is decoded later by a
    /// call of its own. Unit, Thread, Bound: as [`encode`](Self::encode).
    fn recover(&mut self, _next: &[u8], _pcm: &mut [i16]) -> Result<usize, Status> {
        Err(Status::UNSUPPORTED)
    }

    /// Changes one setting, `plugin_abi::codec::KEY_…`. Thread: \[media\].
    fn control(&mut self, _key: u32, _value: i64) -> Result<(), Status> {
        Err(Status::UNSUPPORTED)
    }

    /// The far end begins another stream: decoding forgets the past. What is sent goes on, so encoding forgets
    /// nothing. Thread: \[media\].
    fn reset(&mut self) {}
}

/// What a codec is opened as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodecRequest<'a> {
    /// Index into [`Codec::FORMATS`], never beyond its end.
    pub format: usize,
    /// fmtp as both sides agreed.
    pub fmtp: &'a str,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: &'a str,
}

/// The table of `T` as C sees it, for tests of the boundary.
#[doc(hidden)]
pub const fn raw_table<T: Codec>() -> &'static abi::CodecTable {
    table::<T>()
}

/// One format as its author writes it. Start from [`Format::NARROWBAND`].
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Encoding name as rtpmap spells it. Source: RFC 8866 §6.6.
    pub name: &'static str,
    /// RTP clock rate. Unit: per second.
    pub clock_rate_hz: u32,
    /// Rate of the PCM side. Range: 8000, 16000, 48000.
    pub sample_rate_hz: u32,
    /// Of the PCM side. Range: 1 or 2.
    pub channels: u8,
    /// As rtpmap says them where those are not the PCM side's (Opus: 2). 0: the same.
    pub rtp_channels: u8,
    /// Static payload type. Source: RFC 3551 §6.
    pub payload_type: Option<u8>,
    /// Which packet times it can do.
    pub packet_times: PacketTimes,
    /// Which it prefers. Unit: ms.
    pub packet_time_ms: u32,
    /// Largest payload of its longest packet. Unit: bytes.
    pub max_payload: u32,
    /// Has [`Codec::conceal`].
    pub conceals: bool,
    /// Has [`Codec::recover`].
    pub recovers: bool,
    /// [`Codec::encode`] may say: send nothing.
    pub goes_silent: bool,
    /// Its bit rate varies from packet to packet.
    pub variable_rate: bool,
    /// What we say in fmtp when nobody chose otherwise.
    pub fmtp: &'static str,
    /// How fmtp parameters of both sides meet.
    pub rules: &'static [FmtpRule],
}

impl Format {
    /// 8 kHz, one channel, packets of any multiple of 10 ms up to 200, 64 kbit/s at most, nothing else.
    pub const NARROWBAND: Self = Self {
        name: "",
        clock_rate_hz: 8000,
        sample_rate_hz: 8000,
        channels: 1,
        rtp_channels: 0,
        payload_type: None,
        packet_times: PacketTimes::multiples_of(10, 200),
        packet_time_ms: 20,
        max_payload: 1600,
        conceals: false,
        recovers: false,
        goes_silent: false,
        variable_rate: false,
        fmtp: "",
        rules: &[],
    };

    /// The bits of [`abi::CodecInfo::caps`].
    const fn caps(&self) -> u32 {
        (self.conceals as u32 * abi::codec::CAP_CONCEAL)
            | (self.recovers as u32 * abi::codec::CAP_FEC)
            | (self.goes_silent as u32 * abi::codec::CAP_DTX)
            | (self.variable_rate as u32 * abi::codec::CAP_VARIABLE_RATE)
    }
}

/// A set of packet times, each a multiple of 10 ms up to 320.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketTimes(u32);

impl PacketTimes {
    /// Every multiple of `step_ms` up to `longest_ms`. Unit: ms, multiples of 10.
    pub const fn multiples_of(step_ms: u32, longest_ms: u32) -> Self {
        let mut bits = 0;
        let mut ms = step_ms;
        while ms <= longest_ms && ms <= 320 {
            bits |= Self::bit(ms);
            ms += step_ms;
        }
        Self(bits)
    }

    /// Exactly these. Unit: ms, multiples of 10.
    pub const fn of(times_ms: &[u32]) -> Self {
        let mut bits = 0;
        let mut rest = times_ms;
        while let [first, others @ ..] = rest {
            bits |= Self::bit(*first);
            rest = others;
        }
        Self(bits)
    }

    /// As [`abi::CodecInfo::packet_times`] spells it.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether a packet may be `ms` long.
    pub const fn contains(self, ms: u32) -> bool {
        self.0 & Self::bit(ms) != 0
    }

    /// The shortest packet, which is one codec frame. Unit: ms; 0 when the set is empty.
    pub fn shortest_ms(self) -> u32 {
        self.iter().next().unwrap_or(0)
    }

    /// All of them, ascending. Unit: ms.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (1..=32)
            .map(|n| n * 10)
            .filter(move |&ms| self.contains(ms))
    }

    /// 0 for what is no multiple of 10 ms up to 320.
    const fn bit(ms: u32) -> u32 {
        if ms == 0 || ms > 320 || !ms.is_multiple_of(10) {
            0
        } else {
            1 << (ms / 10 - 1)
        }
    }
}

/// How one fmtp parameter is negotiated.
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub struct FmtpRule(abi::FmtpRule);

impl FmtpRule {
    /// `default` is what holds when a side leaves the parameter out.
    pub const fn new(name: &'static str, default: &'static str, kind: RuleKind) -> Self {
        Self(abi::FmtpRule {
            name: text::lend(name),
            default: text::lend(default),
            kind: kind as i32,
            reserved: 0,
        })
    }
}

/// How two values of one parameter meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum RuleKind {
    /// Both sides must say the same, or the formats do not match.
    Equal = abi::codec::RULE_EQUAL,
    /// Numbers; the smaller counts.
    Min = abi::codec::RULE_MIN,
    /// Numbers; the larger counts.
    Max = abi::codec::RULE_MAX,
    /// Comma-separated values; what both have counts.
    List = abi::codec::RULE_LIST,
    /// Each side says its own.
    Opaque = abi::codec::RULE_OPAQUE,
    /// Accepted and dropped.
    Ignore = abi::codec::RULE_IGNORE,
    /// `yes` or `1` only where both sides say so.
    Both = abi::codec::RULE_BOTH,
}

impl RuleKind {
    /// An unknown number counts as opaque, as the layout says.
    const fn from_number(number: i32) -> Self {
        match number {
            abi::codec::RULE_EQUAL => Self::Equal,
            abi::codec::RULE_MIN => Self::Min,
            abi::codec::RULE_MAX => Self::Max,
            abi::codec::RULE_LIST => Self::List,
            abi::codec::RULE_IGNORE => Self::Ignore,
            abi::codec::RULE_BOTH => Self::Both,
            _ => Self::Opaque,
        }
    }
}
