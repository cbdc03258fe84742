//! The plugin's side of the codec table: C functions around the trait.

use super::{Codec, Format};
use crate::face::Face;
use crate::fault::prefix;
use crate::guard::{close, enter, guarded, open, settle};
use crate::text::{self, lend};
use crate::{Refusal, Status, struct_out};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi::{CodecInfo, CodecRequest, CodecTable, FmtpRule, Text, TextOut};

/// The plugin's side of `T`.
pub(crate) struct CodecFace<T>(PhantomData<T>);

impl<T: Codec> Face for CodecFace<T> {
    const TABLE: &'static str = plugin_abi::CODEC_ID;

    fn init(host: Option<crate::Host>) -> Result<(), Refusal> {
        T::init(host)
    }

    fn deinit() {
        T::deinit();
    }

    fn table() -> *const c_void {
        core::ptr::from_ref(table::<T>()).cast()
    }
}

/// The table of `T`.
pub(crate) const fn table<T: Codec>() -> &'static CodecTable {
    const {
        &CodecTable {
            size: size_of::<CodecTable>() as u32,
            reserved: 0,
            count: Some(count::<T>),
            describe: Some(describe::<T>),
            fmtp: Some(fmtp::<T>),
            open: Some(open_shim::<T>),
            encode: Some(encode::<T>),
            decode: Some(decode::<T>),
            control: Some(control::<T>),
            reset: Some(reset::<T>),
            close: Some(close_shim::<T>),
        }
    }
}

unsafe extern "C" fn count<T: Codec>() -> usize {
    T::FORMATS.len()
}

unsafe extern "C" fn describe<T: Codec>(index: usize, out: *mut CodecInfo) -> Status {
    let Some(format) = T::FORMATS.get(index) else {
        return Status::NOT_FOUND;
    };
    // SAFETY: `out` is null or says its size.
    unsafe { struct_out::write(out, info(format)) }
}

/// One format as the layout spells it.
fn info(format: &Format) -> CodecInfo {
    CodecInfo {
        size: size_of::<CodecInfo>() as u32,
        caps: format.caps(),
        name: lend(format.name),
        clock_rate_hz: format.clock_rate_hz,
        sample_rate_hz: format.sample_rate_hz,
        channels: u32::from(format.channels),
        payload_type: format.payload_type.map_or(-1, i32::from),
        packet_times: format.packet_times.0,
        packet_time_ms: format.packet_time_ms,
        max_payload: format.max_payload,
        rule_size: size_of::<FmtpRule>() as u32,
        fmtp: lend(format.fmtp),
        rules: format.rules.as_ptr().cast(),
        rule_count: format.rules.len(),
        rtp_channels: u32::from(format.rtp_channels),
        reserved: 0,
    }
}

unsafe extern "C" fn fmtp<T: Codec>(
    index: usize,
    options: Text,
    out: *mut TextOut,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the text is lent for the call.
    let said = match unsafe { text::borrow(options.ptr, options.len) } {
        None => Err(Refusal::new(Status::BAD_ARGUMENT, "options are not text")),
        Some(options) => guarded(|| T::fmtp(index, options)),
    };
    // SAFETY: `out` and `reason` are null or the caller's buffers.
    unsafe { settle(said.map(|fmtp| text::give(out, &fmtp)), reason) }
}

unsafe extern "C" fn open_shim<T: Codec>(
    request: *const CodecRequest,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the caller vouches for the request and its texts, lent for the call.
    let result = unsafe { read::<T>(request) }
        // SAFETY: `out` is null or writable.
        .and_then(|request| unsafe { open(out, || T::open(&request)) });
    // SAFETY: `reason` is null or the caller's buffer.
    unsafe { settle(result, reason) }
}

/// # Safety
/// `request` must be null or a request that says its size, its texts lent for `'a`.
unsafe fn read<'a, T: Codec>(
    request: *const CodecRequest,
) -> Result<super::CodecRequest<'a>, Refusal> {
    let bad = |why: &str| Refusal::new(Status::BAD_ARGUMENT, why);
    let need = offset_of!(CodecRequest, options) + size_of::<Text>();
    // SAFETY: the caller vouches for the request; zero is a value of every field.
    let request = unsafe { prefix(request, need) }.map_err(Refusal::request)?;
    let format = request.index as usize;
    if format >= T::FORMATS.len() {
        let why = format!("there is no format {format}");
        return Err(Refusal::new(Status::NOT_FOUND, why));
    }
    // SAFETY: the caller lends both texts.
    let lent = |text: Text| unsafe { text::borrow::<'a>(text.ptr, text.len) };
    Ok(super::CodecRequest {
        format,
        fmtp: lent(request.fmtp).ok_or_else(|| bad("fmtp is not text"))?,
        options: lent(request.options).ok_or_else(|| bad("options are not text"))?,
    })
}

unsafe extern "C" fn encode<T: Codec>(
    inst: *mut c_void,
    pcm: *const i16,
    samples: usize,
    payload: *mut u8,
    len: *mut usize,
) -> Status {
    if pcm.is_null() || payload.is_null() || len.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null; the caller vouches for `samples` readable samples, `*len` writable bytes that
    // do not overlap, and a live instance of ours that nobody else uses.
    unsafe {
        let pcm = core::slice::from_raw_parts(pcm, samples);
        let payload = core::slice::from_raw_parts_mut(payload, *len);
        enter::<T>(inst, |codec| {
            *len = codec.encode(pcm, payload)?;
            Ok(Status::OK)
        })
    }
}

unsafe extern "C" fn decode<T: Codec>(
    inst: *mut c_void,
    payload: *const u8,
    len: usize,
    lost_samples: usize,
    pcm: *mut i16,
    samples: *mut usize,
) -> Status {
    if pcm.is_null() || samples.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null; the caller vouches for `len` readable bytes where `payload` is not null,
    // `*samples` writable samples, and a live instance of ours that nobody else uses.
    unsafe {
        let pcm = core::slice::from_raw_parts_mut(pcm, *samples);
        let payload = (!payload.is_null()).then(|| core::slice::from_raw_parts(payload, len));
        enter::<T>(inst, |codec| {
            *samples = match (payload, lost_samples) {
                (None, _) => codec.conceal(pcm)?,
                (Some(payload), 0) => codec.decode(payload, pcm)?,
                (Some(next), lost) => {
                    let pcm = pcm.get_mut(..lost).ok_or(Status::BUFFER_TOO_SMALL)?;
                    codec.recover(next, pcm)?
                }
            };
            Ok(Status::OK)
        })
    }
}

unsafe extern "C" fn control<T: Codec>(inst: *mut c_void, key: u32, value: i64) -> Status {
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe { enter::<T>(inst, |codec| codec.control(key, value).map(|()| Status::OK)) }
}

unsafe extern "C" fn reset<T: Codec>(inst: *mut c_void) -> Status {
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe {
        enter::<T>(inst, |codec| {
            codec.reset();
            Ok(Status::OK)
        })
    }
}

unsafe extern "C" fn close_shim<T: Codec>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<T>(inst) }
}
