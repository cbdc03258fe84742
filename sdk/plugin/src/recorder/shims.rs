//! The plugin's side of the recorder table: C functions around the trait.

use super::{Mark, Recorder, RecorderRequest};
use crate::face::Face;
use crate::fault::prefix;
use crate::guard::{enter, guarded, open, settle, take};
use crate::text;
use crate::{Host, Refusal, Status};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::{RecorderTable, Text, TextOut};

/// The plugin's side of `T`.
pub(crate) struct RecorderFace<T>(PhantomData<T>);

impl<T: Recorder> Face for RecorderFace<T> {
    const TABLE: &'static str = abi::RECORDER_ID;

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

/// A recording, and how its samples lie.
struct Opened<T> {
    channels: usize,
    recorder: T,
}

impl<T: Recorder> Opened<T> {
    fn new(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            channels: request.channels as usize,
            recorder: T::open(request)?,
        })
    }
}

const fn table<T: Recorder>() -> &'static RecorderTable {
    const {
        &RecorderTable {
            size: size_of::<RecorderTable>() as u32,
            reserved: 0,
            describe: Some(describe::<T>),
            open: Some(open_shim::<T>),
            write: Some(write::<T>),
            mark: Some(mark::<T>),
            sync: Some(sync::<T>),
            close: Some(close::<T>),
        }
    }
}

unsafe extern "C" fn describe<T: Recorder>(out: *mut TextOut) -> Status {
    let about = T::ABOUT;
    let rates: Vec<String> = about.sample_rates_hz.iter().map(u32::to_string).collect();
    let json = format!(
        r#"{{"extension":"{}","media_type":"{}","sample_rates_hz":[{}],"channels":{}}}"#,
        about.extension,
        about.media_type,
        rates.join(","),
        about.channels
    );
    // SAFETY: `out` is null or the caller's buffer.
    unsafe { text::give(out, &json) }
}

unsafe extern "C" fn open_shim<T: Recorder>(
    request: *const abi::RecorderRequest,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the caller vouches for the request and its texts, lent for the call.
    let result = unsafe { read(request) }
        // SAFETY: `out` is null or writable.
        .and_then(|request| unsafe { open(out, || Opened::<T>::new(&request)) });
    // SAFETY: `reason` is null or the caller's buffer.
    unsafe { settle(result, reason) }
}

/// # Safety
/// `request` must be null or a request that says its size, its texts lent for `'a`.
unsafe fn read<'a>(request: *const abi::RecorderRequest) -> Result<RecorderRequest<'a>, Refusal> {
    let need = offset_of!(abi::RecorderRequest, options) + size_of::<Text>();
    // SAFETY: the caller vouches for the request; zero is a value of every field.
    let raw = unsafe { prefix(request, need) }.map_err(Refusal::request)?;
    // SAFETY: the caller lends all texts.
    let lent = |text: Text| unsafe { text::borrow::<'a>(text.ptr, text.len) };
    Ok(RecorderRequest {
        sample_rate_hz: raw.sample_rate_hz,
        channels: raw.channels,
        started_unix_ms: raw.started_unix_ms,
        path: lent(raw.path).ok_or(Status::BAD_ARGUMENT)?,
        metadata: lent(raw.metadata).ok_or(Status::BAD_ARGUMENT)?,
        options: lent(raw.options).ok_or(Status::BAD_ARGUMENT)?,
    })
}

unsafe extern "C" fn write<T: Recorder>(
    inst: *mut c_void,
    pcm: *const i16,
    frames: usize,
    at_ms: u64,
) -> Status {
    if pcm.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: a live instance of ours that nobody else uses; it was opened for `channels`, and the
    // caller vouches for as many readable samples of each.
    unsafe {
        enter::<Opened<T>>(inst, |opened| {
            let samples = frames
                .checked_mul(opened.channels)
                .ok_or(Status::BAD_ARGUMENT)?;
            let pcm = core::slice::from_raw_parts(pcm, samples);
            opened.recorder.write(pcm, at_ms).map(|()| Status::OK)
        })
    }
}

unsafe extern "C" fn mark<T: Recorder>(
    inst: *mut c_void,
    kind: i32,
    at_ms: u64,
    note: Text,
) -> Status {
    // SAFETY: the note is lent for the call.
    let Some(note) = (unsafe { text::borrow(note.ptr, note.len) }) else {
        return Status::BAD_ARGUMENT;
    };
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe {
        enter::<Opened<T>>(inst, |opened| {
            let mark = Mark::from_number(kind);
            opened.recorder.mark(mark, at_ms, note).map(|()| Status::OK)
        })
    }
}

unsafe extern "C" fn sync<T: Recorder>(inst: *mut c_void) -> Status {
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe { enter::<Opened<T>>(inst, |opened| opened.recorder.sync().map(|()| Status::OK)) }
}

unsafe extern "C" fn close<T: Recorder>(inst: *mut c_void, result: *mut TextOut) -> Status {
    // SAFETY: an instance of ours that the caller gives up.
    let Some(opened) = (unsafe { take::<Opened<T>>(inst) }) else {
        return Status::PANIC;
    };
    let (status, said) = match guarded(|| opened.recorder.close()) {
        Ok(json) => (Status::OK, json),
        Err(refusal) => {
            let why = refusal.to_string().replace(['"', '\\'], "'");
            (
                refusal.status,
                format!(r#"{{"files":[],"error":"{}"}}"#, text::one_line(&why)),
            )
        }
    };
    // SAFETY: `result` is null or the caller's buffer.
    match unsafe { text::give(result, &said) } {
        Status::OK => status,
        cut => cut,
    }
}
