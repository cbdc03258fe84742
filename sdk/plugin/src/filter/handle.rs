//! The host's side of the filter table: safe calls.

use super::{FilterRequest, Place};
use crate::asking::{self, settled};
use crate::fault::{Fault, prefix};
use crate::text;
use crate::{Refusal, Status};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::filter::{PLACE_MICROPHONE, PLACE_SPEAKER};
use plugin_abi::{FilterTable, TextOut};

type Open =
    unsafe extern "C" fn(*const abi::FilterRequest, *mut *mut c_void, *mut TextOut) -> Status;
type Process =
    unsafe extern "C" fn(*mut c_void, *const i16, *const i16, usize, u32, *mut i16) -> Status;
type Latency = unsafe extern "C" fn(*mut c_void) -> u32;
type Control = unsafe extern "C" fn(*mut c_void, u32, i64) -> Status;
type Reset = unsafe extern "C" fn(*mut c_void) -> Status;
type Close = unsafe extern "C" fn(*mut c_void);

/// A checked filter table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct FilterHandle {
    open: Open,
    process: Process,
    latency: Latency,
    control: Control,
    reset: Reset,
    close: Close,
}

impl FilterHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a filter table that keeps the rules of `plugin-abi` and lives as
    /// long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(FilterTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<FilterTable>(), need) }?;
        Ok(Self {
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            process: table.process.ok_or(Fault::NullFunction("process"))?,
            latency: table.latency.ok_or(Fault::NullFunction("latency"))?,
            control: table.control.ok_or(Fault::NullFunction("control"))?,
            reset: table.reset.ok_or(Fault::NullFunction("reset"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// Makes a filter. Thread: \[control\].
    pub fn open(&self, request: &FilterRequest<'_>) -> Result<FilterInstance, Refusal> {
        let raw = abi::FilterRequest {
            size: size_of::<abi::FilterRequest>() as u32,
            place: match request.place {
                Place::Microphone => PLACE_MICROPHONE,
                Place::Speaker => PLACE_SPEAKER,
            },
            sample_rate_hz: request.sample_rate_hz,
            block_samples: request.sample_rate_hz / 100,
            options: text::pass(request.options),
        };
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst = asking::opened(|out, reason| unsafe { (self.open)(&raw, out, reason) })?;
        Ok(FilterInstance { inst, table: *self })
    }
}

/// An open filter. Calls neither allocate nor lock on this side of the boundary.
#[derive(Debug)]
pub struct FilterInstance {
    inst: *mut c_void,
    table: FilterHandle,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for FilterInstance {}

impl FilterInstance {
    /// Turns `near` into `out`. All buffers are one block long; [`Status::BAD_ARGUMENT`] otherwise.
    /// Thread: \[media\].
    #[inline]
    pub fn process(
        &mut self,
        near: &[i16],
        far: Option<&[i16]>,
        delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Status> {
        let samples = near.len();
        if out.len() != samples || far.is_some_and(|far| far.len() != samples) {
            return Err(Status::BAD_ARGUMENT);
        }
        let far = far.map_or(core::ptr::null(), <[i16]>::as_ptr);
        // SAFETY: a checked function, a live instance, buffers of the same true length; `out` is
        // borrowed alone and overlaps nothing.
        settled(unsafe {
            let process = self.table.process;
            process(
                self.inst,
                near.as_ptr(),
                far,
                samples,
                delay_samples,
                out.as_mut_ptr(),
            )
        })
    }

    /// How much later the sound comes out. Unit: samples. Thread: \[media\].
    pub fn latency(&mut self) -> u32 {
        // SAFETY: a checked function, a live instance.
        unsafe { (self.table.latency)(self.inst) }
    }

    /// Changes one setting. Thread: \[media\].
    pub fn control(&mut self, key: u32, value: i64) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance.
        settled(unsafe { (self.table.control)(self.inst, key, value) })
    }

    /// Forgets the past. Thread: \[media\].
    pub fn reset(&mut self) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance.
        settled(unsafe { (self.table.reset)(self.inst) })
    }
}

impl Drop for FilterInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.table.close)(self.inst) };
    }
}
