//! The plugin's side of the audio table: C functions around the trait.

use super::Audio;
use crate::face::Face;
use crate::guard::{close, enter, guarded, open, settle};
use crate::text;
use crate::{Refusal, Status};
use core::ffi::c_void;
use core::marker::PhantomData;
use plugin_abi::{AudioCounters, AudioLatency, AudioTable, Text, TextOut};

/// The plugin's side of `T`.
pub(crate) struct AudioFace<T>(PhantomData<T>);

impl<T: Audio> Face for AudioFace<T> {
    const TABLE: &'static str = plugin_abi::AUDIO_ID;

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
pub(crate) const fn table<T: Audio>() -> &'static AudioTable {
    const {
        &AudioTable {
            size: size_of::<AudioTable>() as u32,
            reserved: 0,
            enumerate: Some(enumerate::<T>),
            open: Some(open_shim::<T>),
            capture: Some(capture::<T>),
            playback: Some(playback::<T>),
            latency: Some(latency::<T>),
            counters: Some(counters::<T>),
            close: Some(close_shim::<T>),
        }
    }
}

unsafe extern "C" fn enumerate<T: Audio>(out: *mut TextOut, reason: *mut TextOut) -> Status {
    // SAFETY: `out` and `reason` are null or the caller's buffers.
    unsafe {
        let said = guarded(T::enumerate).map(|devices| text::give(out, &devices));
        settle(said, reason)
    }
}

unsafe extern "C" fn open_shim<T: Audio>(
    request: Text,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the text is lent for the call.
    let result = match unsafe { text::borrow(request.ptr, request.len) } {
        None => Err(Refusal::new(
            Status::BAD_ARGUMENT,
            "the request is not text",
        )),
        // SAFETY: `out` is null or writable.
        Some(request) => unsafe { open(out, || T::open(request)) },
    };
    // SAFETY: `reason` is null or the caller's buffer.
    unsafe { settle(result, reason) }
}

unsafe extern "C" fn capture<T: Audio>(
    inst: *mut c_void,
    pcm: *mut i16,
    samples: *mut usize,
    now_ns: u64,
) -> Status {
    if pcm.is_null() || samples.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null; the caller vouches for `*samples` writable samples and a live instance of ours
    // that nobody else uses.
    unsafe {
        let pcm = core::slice::from_raw_parts_mut(pcm, *samples);
        pcm.fill(0);
        enter::<T>(inst, |device| {
            let captured = device.capture(pcm, now_ns)?;
            *samples = captured.samples;
            Ok(if captured.ended {
                Status::ENDED
            } else {
                Status::OK
            })
        })
    }
}

unsafe extern "C" fn playback<T: Audio>(
    inst: *mut c_void,
    pcm: *const i16,
    samples: usize,
    now_ns: u64,
) -> Status {
    if pcm.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null; the caller vouches for `samples` readable samples and a live instance of ours
    // that nobody else uses.
    unsafe {
        let pcm = core::slice::from_raw_parts(pcm, samples);
        enter::<T>(inst, |device| {
            device.playback(pcm, now_ns).map(|()| Status::OK)
        })
    }
}

unsafe extern "C" fn latency<T: Audio>(inst: *mut c_void, out: *mut AudioLatency) -> Status {
    // SAFETY: a live instance of ours that nobody else uses; `out` is null or says its size.
    unsafe {
        enter::<T>(inst, |device| {
            let mut latency = device.latency();
            latency.size = size_of::<AudioLatency>() as u32;
            hand_out(latency, out)
        })
    }
}

unsafe extern "C" fn counters<T: Audio>(inst: *mut c_void, out: *mut AudioCounters) -> Status {
    // SAFETY: a live instance of ours that nobody else uses; `out` is null or says its size.
    unsafe {
        enter::<T>(inst, |device| {
            let mut counters = device.counters();
            counters.size = size_of::<AudioCounters>() as u32;
            hand_out(counters, out)
        })
    }
}

/// Copies as much of `value` as the caller's struct has room for, and says how much that was.
///
/// # Safety
/// `out` must be null or point to a struct whose first field is its size, of which that many bytes are
/// writable. `T` starts with the same field.
unsafe fn hand_out<T: Copy>(value: T, out: *mut T) -> Result<Status, Status> {
    if out.is_null() {
        return Err(Status::BAD_ARGUMENT);
    }
    // SAFETY: not null, and the caller vouches for a size at its start.
    let room = unsafe { out.cast::<u32>().read() };
    let length = (size_of::<T>() as u32).min(room);
    if length < 4 {
        return Err(Status::BAD_ARGUMENT);
    }
    // SAFETY: `length` bytes are readable here and writable there, and hold at least the size.
    unsafe {
        let from = core::ptr::from_ref(&value).cast::<u8>();
        core::ptr::copy_nonoverlapping(from, out.cast(), length as usize);
        out.cast::<u32>().write(length);
    }
    Ok(Status::OK)
}

unsafe extern "C" fn close_shim<T: Audio>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<T>(inst) }
}
