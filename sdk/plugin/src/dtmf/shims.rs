//! The plugin's side of the DTMF table: C functions around the trait.

use super::{Dtmf, DtmfListen, DtmfRequest, Found};
use crate::face::Face;
use crate::fault::prefix;
use crate::guard::{close, enter, guarded, open, settle};
use crate::text::{self, lend};
use crate::{Host, Refusal, Status, struct_out};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::{DtmfHeard, DtmfInfo, DtmfStep, DtmfTable, Text, TextOut};

/// The plugin's side of `T`.
pub(crate) struct DtmfFace<T>(PhantomData<T>);

impl<T: Dtmf> Face for DtmfFace<T> {
    const TABLE: &'static str = abi::DTMF_ID;

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        T::init(host)
    }

    fn deinit() {
        T::deinit();
    }

    fn table() -> *const c_void {
        core::ptr::from_ref(table::<T>()).cast()
    }
}

const fn table<T: Dtmf>() -> &'static DtmfTable {
    const {
        &DtmfTable {
            size: size_of::<DtmfTable>() as u32,
            reserved: 0,
            describe: Some(describe::<T>),
            plan: Some(plan::<T>),
            hear_info: Some(hear_info::<T>),
            open: Some(open_shim::<T>),
            listen: Some(listen::<T>),
            reset: Some(reset::<T>),
            close: Some(close_shim::<T>),
        }
    }
}

unsafe extern "C" fn describe<T: Dtmf>(out: *mut DtmfInfo) -> Status {
    let can = T::ABILITIES;
    let caps = [
        (can.sends_events, abi::dtmf::SENDS_EVENTS),
        (can.sends_info, abi::dtmf::SENDS_INFO),
        (can.sends_tones, abi::dtmf::SENDS_TONES),
        (can.hears_tones, abi::dtmf::HEARS_TONES),
        (can.hears_info, abi::dtmf::HEARS_INFO),
    ];
    let info = DtmfInfo {
        size: size_of::<DtmfInfo>() as u32,
        caps: caps
            .iter()
            .filter(|(has, _)| *has)
            .map(|(_, bit)| bit)
            .sum(),
        name: lend(T::NAME),
    };
    // SAFETY: `out` is null or says its size.
    unsafe { struct_out::write(out, info) }
}

unsafe extern "C" fn plan<T: Dtmf>(
    request: *const abi::DtmfRequest,
    step_size: usize,
    steps: *mut DtmfStep,
    count: *mut usize,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the caller vouches for the request and its text, lent for the call.
    let planned = unsafe { request_of(request) }.and_then(|request| guarded(|| T::plan(&request)));
    let written = planned.and_then(|plan| {
        if steps.is_null() || count.is_null() || step_size < size_of::<DtmfStep>() {
            return Err(Refusal::new(Status::BAD_ARGUMENT, "no room for a plan"));
        }
        // SAFETY: not null and writable.
        let room = unsafe { count.read() };
        if plan.len() > room {
            return Err(Refusal::new(
                Status::BUFFER_TOO_SMALL,
                "the plan is too long",
            ));
        }
        for (n, step) in plan.iter().enumerate() {
            let raw = step
                .raw()
                .ok_or_else(|| Refusal::new(Status::FAILED, "an INFO of the plan is too long"))?;
            // SAFETY: the caller vouches for `room` places, `step_size` bytes apart.
            unsafe { steps.byte_add(n * step_size).write(raw) };
        }
        // SAFETY: not null and writable.
        unsafe { count.write(plan.len()) };
        Ok(Status::OK)
    });
    // SAFETY: `reason` is null or the caller's buffer.
    unsafe { settle(written, reason) }
}

/// # Safety
/// `request` must be null or a request that says its size, its text lent for `'a`.
unsafe fn request_of<'a>(request: *const abi::DtmfRequest) -> Result<DtmfRequest<'a>, Refusal> {
    let need = offset_of!(abi::DtmfRequest, options) + size_of::<Text>();
    // SAFETY: the caller vouches for the request; zero is a value of every field.
    let raw = unsafe { prefix(request, need) }.map_err(Refusal::request)?;
    Ok(DtmfRequest {
        key: char::from_u32(raw.key).ok_or(Status::BAD_ARGUMENT)?,
        duration_ms: raw.duration_ms,
        peer_takes_info: raw.flags & abi::dtmf::PEER_TAKES_INFO != 0,
        codec_clock_hz: raw.codec_clock_hz,
        event_clock_hz: Some(raw.event_clock_hz).filter(|&hz| hz > 0),
        // SAFETY: the caller lends the text.
        options: unsafe { text::borrow(raw.options.ptr, raw.options.len) }
            .ok_or(Status::BAD_ARGUMENT)?,
    })
}

unsafe extern "C" fn hear_info<T: Dtmf>(
    content_type: Text,
    body: Text,
    out: *mut DtmfHeard,
) -> Status {
    // SAFETY: both texts are lent for the call.
    let texts = unsafe {
        text::borrow(content_type.ptr, content_type.len).zip(text::borrow(body.ptr, body.len))
    };
    let (Some((content_type, body)), false) = (texts, out.is_null()) else {
        return Status::BAD_ARGUMENT;
    };
    match guarded(|| Ok(T::hear_info(content_type, body))) {
        Ok(Some(heard)) => {
            // SAFETY: not null and writable.
            unsafe { out.write(heard.raw()) };
            Status::OK
        }
        Ok(None) => Status::UNSUPPORTED,
        Err(refusal) => refusal.status,
    }
}

unsafe extern "C" fn open_shim<T: Dtmf>(
    request: *const abi::DtmfListen,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the caller vouches for the request and its text, lent for the call.
    let result = unsafe { listen_of(request) }
        // SAFETY: `out` is null or writable.
        .and_then(|request| unsafe { open(out, || T::open(&request)) });
    // SAFETY: `reason` is null or the caller's buffer.
    unsafe { settle(result, reason) }
}

/// # Safety
/// As [`request_of`].
unsafe fn listen_of<'a>(request: *const abi::DtmfListen) -> Result<DtmfListen<'a>, Refusal> {
    let need = offset_of!(abi::DtmfListen, options) + size_of::<Text>();
    // SAFETY: the caller vouches for the request; zero is a value of every field.
    let raw = unsafe { prefix(request, need) }.map_err(Refusal::request)?;
    Ok(DtmfListen {
        sample_rate_hz: raw.sample_rate_hz,
        // SAFETY: the caller lends the text.
        options: unsafe { text::borrow(raw.options.ptr, raw.options.len) }
            .ok_or(Status::BAD_ARGUMENT)?,
    })
}

unsafe extern "C" fn listen<T: Dtmf>(
    inst: *mut c_void,
    pcm: *const i16,
    samples: usize,
    heard: *mut DtmfHeard,
    count: *mut usize,
) -> Status {
    if pcm.is_null() || heard.is_null() || count.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null; the caller vouches for `samples` readable samples, `*count` writable places and
    // a live instance of ours that nobody else uses.
    unsafe {
        let pcm = core::slice::from_raw_parts(pcm, samples);
        let room = core::slice::from_raw_parts_mut(heard, *count);
        enter::<T>(inst, |listener| {
            let mut found = Found { room, count: 0 };
            listener.listen(pcm, &mut found)?;
            *count = found.count;
            Ok(Status::OK)
        })
    }
}

unsafe extern "C" fn reset<T: Dtmf>(inst: *mut c_void) -> Status {
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe {
        enter::<T>(inst, |listener| {
            listener.reset();
            Ok(Status::OK)
        })
    }
}

unsafe extern "C" fn close_shim<T: Dtmf>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<T>(inst) }
}
