//! The host's side of the codec table: safe calls.

use super::{CodecRequest, PacketTimes, RuleKind};
use crate::asking;
use crate::fault::{Fault, prefix};
use crate::text;
use crate::{Refusal, Status};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::codec::{CAP_CONCEAL, CAP_DTX, CAP_FEC, CAP_VARIABLE_RATE};
use plugin_abi::{CodecInfo, CodecTable, FmtpRule, Text, TextOut};

/// Most formats of one table, and most rules of one format. What claims more is refused.
const MOST: usize = 64;

type Fmtp = unsafe extern "C" fn(usize, Text, *mut TextOut, *mut TextOut) -> Status;
type Open =
    unsafe extern "C" fn(*const abi::CodecRequest, *mut *mut c_void, *mut TextOut) -> Status;
type Encode = unsafe extern "C" fn(*mut c_void, *const i16, usize, *mut u8, *mut usize) -> Status;
type Decode =
    unsafe extern "C" fn(*mut c_void, *const u8, usize, usize, *mut i16, *mut usize) -> Status;
type Control = unsafe extern "C" fn(*mut c_void, u32, i64) -> Status;
type Reset = unsafe extern "C" fn(*mut c_void) -> Status;
type Close = unsafe extern "C" fn(*mut c_void);

/// A checked codec table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct CodecHandle {
    count: unsafe extern "C" fn() -> usize,
    describe: unsafe extern "C" fn(usize, *mut CodecInfo) -> Status,
    fmtp: Option<Fmtp>,
    open: Open,
    encode: Encode,
    decode: Decode,
    control: Control,
    reset: Reset,
    close: Close,
}

/// One format as a plugin described it, checked and owned by the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecFormat {
    /// Its place in the plugin's list; what `open` takes.
    pub index: usize,
    /// Encoding name. Source: RFC 8866 §6.6.
    pub name: String,
    /// RTP clock rate. Unit: per second.
    pub clock_rate_hz: u32,
    /// Rate of the PCM side. Range: 8000, 16000, 48000.
    pub sample_rate_hz: u32,
    /// Of the PCM side. Range: 1 or 2.
    pub channels: u8,
    /// As rtpmap says them. Range: 1 and up.
    pub rtp_channels: u8,
    /// Static payload type. Range: 0 to 127. Source: RFC 3551 §6.
    pub payload_type: Option<u8>,
    /// Which packet times it can do.
    pub packet_times: PacketTimes,
    /// Which it prefers. Unit: ms.
    pub packet_time_ms: u32,
    /// Largest payload of its longest packet. Unit: bytes.
    pub max_payload: usize,
    /// Invents what was lost.
    pub conceals: bool,
    /// Rebuilds a lost packet from the next one.
    pub recovers: bool,
    /// May say: send nothing.
    pub goes_silent: bool,
    /// Its bit rate varies.
    pub variable_rate: bool,
    /// What we say in fmtp when nobody chose otherwise.
    pub fmtp: String,
    /// How fmtp parameters of both sides meet.
    pub rules: Vec<FormatRule>,
}

/// One fmtp rule of a [`CodecFormat`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatRule {
    /// Parameter name.
    pub name: String,
    /// What holds when a side leaves it out.
    pub default: String,
    /// How two values meet.
    pub kind: RuleKind,
}

impl CodecHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a codec table that keeps the rules of `plugin-abi` and lives as
    /// long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(CodecTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<CodecTable>(), need) }?;
        Ok(Self {
            count: table.count.ok_or(Fault::NullFunction("count"))?,
            describe: table.describe.ok_or(Fault::NullFunction("describe"))?,
            fmtp: table.fmtp,
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            encode: table.encode.ok_or(Fault::NullFunction("encode"))?,
            decode: table.decode.ok_or(Fault::NullFunction("decode"))?,
            control: table.control.ok_or(Fault::NullFunction("control"))?,
            reset: table.reset.ok_or(Fault::NullFunction("reset"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// Everything the codec can be opened as, in its order. Thread: \[control\].
    pub fn formats(&self) -> Result<Vec<CodecFormat>, Fault> {
        // SAFETY: a checked function of a table that keeps the rules.
        let count = unsafe { (self.count)() };
        if count == 0 || count > MOST {
            return Err(Fault::Nonsense(format!(
                "offers {count} formats, 1 to {MOST} are allowed"
            )));
        }
        (0..count).map(|index| self.format(index)).collect()
    }

    fn format(&self, index: usize) -> Result<CodecFormat, Fault> {
        // SAFETY: zero is a value of every field.
        let mut info: CodecInfo = unsafe { core::mem::zeroed() };
        info.size = size_of::<CodecInfo>() as u32;
        info.payload_type = -1;
        // SAFETY: a checked function; `info` is writable and says its size.
        let status = unsafe { (self.describe)(index, &mut info) };
        if status != Status::OK {
            return Err(Fault::Nonsense(format!("cannot describe format {index}")));
        }
        let need = offset_of!(CodecInfo, rule_count) + size_of::<usize>();
        if (info.size as usize) < need {
            return Err(Fault::Short {
                size: info.size,
                need: need as u32,
            });
        }
        checked(index, &info).ok_or_else(|| {
            Fault::Nonsense(format!("describes format {index} with values out of range"))
        })
    }

    /// What we say in fmtp for `format` under `options`, a JSON object or nothing. Thread: \[control\].
    pub fn fmtp(&self, format: &CodecFormat, options: &str) -> Result<String, Refusal> {
        let Some(fmtp) = self.fmtp else {
            return Ok(format.fmtp.clone());
        };
        asking::told(|out, reason| {
            // SAFETY: a checked function; every pointer is valid for the call.
            unsafe { fmtp(format.index, text::pass(options), out, reason) }
        })
    }

    /// Opens what `request` says. Thread: \[control\].
    pub fn open(&self, request: &CodecRequest<'_>) -> Result<CodecInstance, Refusal> {
        let request = abi::CodecRequest {
            size: size_of::<abi::CodecRequest>() as u32,
            index: u32::try_from(request.format).unwrap_or(u32::MAX),
            fmtp: text::pass(request.fmtp),
            options: text::pass(request.options),
        };
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst = asking::opened(|out, reason| unsafe { (self.open)(&request, out, reason) })?;
        Ok(CodecInstance {
            inst,
            encode: self.encode,
            decode: self.decode,
            control: self.control,
            reset: self.reset,
            close: self.close,
        })
    }
}

/// Copies a description where every value is in range.
fn checked(index: usize, info: &CodecInfo) -> Option<CodecFormat> {
    let name = owned(info.name)?;
    let packet_times = PacketTimes::from_bits(info.packet_times);
    let sane = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
        && info.clock_rate_hz > 0
        && matches!(info.sample_rate_hz, 8000 | 16000 | 48000)
        && matches!(info.channels, 1 | 2)
        && info.rtp_channels <= u32::from(u8::MAX)
        && packet_times.contains(info.packet_time_ms)
        && (1..=65535).contains(&info.max_payload)
        && info.rule_count <= MOST;
    if !sane {
        return None;
    }
    Some(CodecFormat {
        index,
        name,
        clock_rate_hz: info.clock_rate_hz,
        sample_rate_hz: info.sample_rate_hz,
        channels: u8::try_from(info.channels).ok()?,
        rtp_channels: match info.rtp_channels {
            0 => u8::try_from(info.channels).ok()?,
            said => u8::try_from(said).ok()?,
        },
        payload_type: match info.payload_type {
            -1 => None,
            number => Some(u8::try_from(number).ok().filter(|&n| n < 128)?),
        },
        packet_times,
        packet_time_ms: info.packet_time_ms,
        max_payload: usize::try_from(info.max_payload).ok()?,
        conceals: info.caps & CAP_CONCEAL != 0,
        recovers: info.caps & CAP_FEC != 0,
        goes_silent: info.caps & CAP_DTX != 0,
        variable_rate: info.caps & CAP_VARIABLE_RATE != 0,
        fmtp: owned(info.fmtp)?,
        rules: rules(info)?,
    })
}

fn rules(info: &CodecInfo) -> Option<Vec<FormatRule>> {
    let stride = info.rule_size as usize;
    if info.rule_count > 0
        && (info.rules.is_null()
            || stride < size_of::<FmtpRule>()
            || !stride.is_multiple_of(align_of::<FmtpRule>()))
    {
        return None;
    }
    (0..info.rule_count)
        .map(|n| {
            // SAFETY: the table vouches for `rule_count` elements, `rule_size` bytes apart, for ever.
            let rule = unsafe { info.rules.byte_add(n * stride).read() };
            Some(FormatRule {
                name: owned(rule.name)?,
                default: owned(rule.default)?,
                kind: RuleKind::from_number(rule.kind),
            })
        })
        .collect()
}

fn owned(text: Text) -> Option<String> {
    if text.len > 4096 {
        return None;
    }
    // SAFETY: the table vouches for its texts, for ever.
    unsafe { text::borrow(text.ptr, text.len) }.map(str::to_owned)
}

/// An open encoder and decoder pair. Calls neither allocate nor lock on this side of the boundary.
#[derive(Debug)]
pub struct CodecInstance {
    inst: *mut c_void,
    encode: Encode,
    decode: Decode,
    control: Control,
    reset: Reset,
    close: Close,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for CodecInstance {}

impl CodecInstance {
    /// Encodes one packet; returns its size, 0 to send nothing. Thread: \[media\].
    #[inline]
    pub fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let mut len = payload.len();
        // SAFETY: a checked function, a live instance, buffers with their true lengths.
        let status = unsafe {
            (self.encode)(
                self.inst,
                pcm.as_ptr(),
                pcm.len(),
                payload.as_mut_ptr(),
                &mut len,
            )
        };
        settle(status, len, payload.len())
    }

    /// Decodes one packet; returns how many samples. Thread: \[media\].
    #[inline]
    pub fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        self.call(payload.as_ptr(), payload.len(), 0, pcm)
    }

    /// Nothing came: fills `pcm` with what the codec invents. Thread: \[media\].
    pub fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        self.call(core::ptr::null(), 0, 0, pcm)
    }

    /// Fills `pcm` with what was lost before the packet `next`. Thread: \[media\].
    pub fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        self.call(next.as_ptr(), next.len(), pcm.len(), pcm)
    }

    /// Changes one setting. Thread: \[media\].
    pub fn control(&mut self, key: u32, value: i64) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance.
        settle(unsafe { (self.control)(self.inst, key, value) }, 0, 0).map(|_| ())
    }

    /// The far end begins another stream: decoding forgets the past, encoding goes on. Thread: \[media\].
    pub fn reset(&mut self) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance.
        settle(unsafe { (self.reset)(self.inst) }, 0, 0).map(|_| ())
    }

    #[inline]
    fn call(
        &mut self,
        payload: *const u8,
        len: usize,
        lost: usize,
        pcm: &mut [i16],
    ) -> Result<usize, Status> {
        let mut samples = pcm.len();
        // SAFETY: a checked function, a live instance, buffers with their true lengths.
        let status = unsafe {
            (self.decode)(
                self.inst,
                payload,
                len,
                lost,
                pcm.as_mut_ptr(),
                &mut samples,
            )
        };
        settle(status, samples, pcm.len())
    }
}

impl Drop for CodecInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.close)(self.inst) };
    }
}

/// A count beyond the buffer must not reach a slice.
#[inline]
pub(crate) fn settle(status: Status, count: usize, room: usize) -> Result<usize, Status> {
    if status.0 < 0 {
        Err(status)
    } else if count > room {
        Err(Status::GARBAGE)
    } else {
        Ok(count)
    }
}
