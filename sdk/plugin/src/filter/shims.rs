//! The plugin's side of the filter table: C functions around the trait.

use super::{Filter, FilterRequest, Place};
use crate::face::Face;
use crate::fault::prefix;
use crate::guard::{close, enter, open, settle};
use crate::text;
use crate::{Host, Refusal, Status};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::filter::{PLACE_MICROPHONE, PLACE_SPEAKER};
use plugin_abi::{FilterTable, Text, TextOut};

/// The plugin's side of `T`.
pub(crate) struct FilterFace<T>(PhantomData<T>);

impl<T: Filter> Face for FilterFace<T> {
    const TABLE: &'static str = abi::FILTER_ID;

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

const fn table<T: Filter>() -> &'static FilterTable {
    const {
        &FilterTable {
            size: size_of::<FilterTable>() as u32,
            reserved: 0,
            open: Some(open_shim::<T>),
            process: Some(process::<T>),
            latency: Some(latency::<T>),
            control: Some(control::<T>),
            reset: Some(reset::<T>),
            close: Some(close_shim::<T>),
        }
    }
}

unsafe extern "C" fn open_shim<T: Filter>(
    request: *const abi::FilterRequest,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the caller vouches for the request and its text, lent for the call.
    let result = unsafe { read(request) }
        // SAFETY: `out` is null or writable.
        .and_then(|request| unsafe { open(out, || T::open(&request)) });
    // SAFETY: `reason` is null or the caller's buffer.
    unsafe { settle(result, reason) }
}

/// # Safety
/// `request` must be null or a request that says its size, its text lent for `'a`.
unsafe fn read<'a>(request: *const abi::FilterRequest) -> Result<FilterRequest<'a>, Refusal> {
    let need = offset_of!(abi::FilterRequest, options) + size_of::<Text>();
    // SAFETY: the caller vouches for the request; zero is a value of every field.
    let raw = unsafe { prefix(request, need) }.map_err(Refusal::request)?;
    Ok(FilterRequest {
        place: match raw.place {
            PLACE_MICROPHONE => Place::Microphone,
            PLACE_SPEAKER => Place::Speaker,
            other => {
                let why = format!("there is no place {other}");
                return Err(Refusal::new(Status::BAD_ARGUMENT, why));
            }
        },
        sample_rate_hz: raw.sample_rate_hz,
        // SAFETY: the caller lends the text.
        options: unsafe { text::borrow(raw.options.ptr, raw.options.len) }
            .ok_or(Status::BAD_ARGUMENT)?,
    })
}

unsafe extern "C" fn process<T: Filter>(
    inst: *mut c_void,
    near: *const i16,
    far: *const i16,
    samples: usize,
    delay_samples: u32,
    out: *mut i16,
) -> Status {
    if near.is_null() || out.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null; the caller vouches for `samples` samples in each buffer that is not null, none
    // overlapping `out`, and a live instance of ours that nobody else uses.
    unsafe {
        let near = core::slice::from_raw_parts(near, samples);
        let far = (!far.is_null()).then(|| core::slice::from_raw_parts(far, samples));
        let out = core::slice::from_raw_parts_mut(out, samples);
        enter::<T>(inst, |filter| {
            filter
                .process(near, far, delay_samples, out)
                .map(|()| Status::OK)
        })
    }
}

unsafe extern "C" fn latency<T: Filter>(inst: *mut c_void) -> u32 {
    let mut samples = 0;
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe {
        enter::<T>(inst, |filter| {
            samples = filter.latency();
            Ok(Status::OK)
        })
    };
    samples
}

unsafe extern "C" fn control<T: Filter>(inst: *mut c_void, key: u32, value: i64) -> Status {
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe {
        enter::<T>(inst, |filter| {
            filter.control(key, value).map(|()| Status::OK)
        })
    }
}

unsafe extern "C" fn reset<T: Filter>(inst: *mut c_void) -> Status {
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe {
        enter::<T>(inst, |filter| {
            filter.reset();
            Ok(Status::OK)
        })
    }
}

unsafe extern "C" fn close_shim<T: Filter>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<T>(inst) }
}
