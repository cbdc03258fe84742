//! The host's side of the recorder table: safe calls.

use super::{Mark, RecorderRequest};
use crate::asking::{self, settled};
use crate::fault::{Fault, prefix};
use crate::text;
use crate::{Refusal, Status};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::{RecorderTable, Text, TextOut};

type Open =
    unsafe extern "C" fn(*const abi::RecorderRequest, *mut *mut c_void, *mut TextOut) -> Status;
type Write = unsafe extern "C" fn(*mut c_void, *const i16, usize, u64) -> Status;
type MarkIt = unsafe extern "C" fn(*mut c_void, i32, u64, Text) -> Status;
type Sync = unsafe extern "C" fn(*mut c_void) -> Status;
type Close = unsafe extern "C" fn(*mut c_void, *mut TextOut) -> Status;

/// A checked recorder table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct RecorderHandle {
    describe: unsafe extern "C" fn(*mut TextOut) -> Status,
    open: Open,
    write: Write,
    mark: MarkIt,
    sync: Sync,
    close: Close,
}

impl RecorderHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a recorder table that keeps the rules of `plugin-abi` and lives
    /// as long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(RecorderTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<RecorderTable>(), need) }?;
        Ok(Self {
            describe: table.describe.ok_or(Fault::NullFunction("describe"))?,
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            write: table.write.ok_or(Fault::NullFunction("write"))?,
            mark: table.mark.ok_or(Fault::NullFunction("mark"))?,
            sync: table.sync.ok_or(Fault::NullFunction("sync"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// What it writes, as the plugin's JSON. Thread: \[control\].
    pub fn about(&self) -> Result<String, Refusal> {
        // SAFETY: a checked function; the buffer is valid for the call.
        asking::told(|out, _| unsafe { (self.describe)(out) })
    }

    /// Begins a recording. Thread: \[worker\].
    pub fn open(&self, request: &RecorderRequest<'_>) -> Result<RecorderInstance, Refusal> {
        if !(1..=2).contains(&request.channels) {
            let why = format!("{} channels: 1 or 2 can be recorded", request.channels);
            return Err(Refusal::new(Status::BAD_ARGUMENT, why));
        }
        let raw = abi::RecorderRequest {
            size: size_of::<abi::RecorderRequest>() as u32,
            sample_rate_hz: request.sample_rate_hz,
            channels: request.channels,
            reserved: 0,
            started_unix_ms: request.started_unix_ms,
            path: text::pass(request.path),
            metadata: text::pass(request.metadata),
            options: text::pass(request.options),
        };
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst = asking::opened(|out, reason| unsafe { (self.open)(&raw, out, reason) })?;
        Ok(RecorderInstance {
            inst,
            channels: request.channels as usize,
            table: *self,
        })
    }
}

/// An open recording. Dropped without [`close`](Self::close) it is closed and its result lost.
#[derive(Debug)]
pub struct RecorderInstance {
    inst: *mut c_void,
    channels: usize,
    table: RecorderHandle,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for RecorderInstance {}

impl RecorderInstance {
    /// Keeps whole samples of all channels; a rest is left out. Thread: \[worker\].
    pub fn write(&mut self, pcm: &[i16], at_ms: u64) -> Result<(), Status> {
        let frames = pcm.len() / self.channels;
        // SAFETY: a checked function, a live instance, a buffer of at least that length.
        settled(unsafe { (self.table.write)(self.inst, pcm.as_ptr(), frames, at_ms) })
    }

    /// Something happened. Thread: \[worker\].
    pub fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance, a text lent for the call.
        settled(unsafe { (self.table.mark)(self.inst, mark as i32, at_ms, text::pass(note)) })
    }

    /// Makes what was kept outlive a crash. Thread: \[worker\].
    pub fn sync(&mut self) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance.
        settled(unsafe { (self.table.sync)(self.inst) })
    }

    /// Ends the recording; the plugin's JSON, also of a bad end. Thread: \[worker\].
    pub fn close(mut self) -> (Status, String) {
        let inst = core::mem::replace(&mut self.inst, core::ptr::null_mut());
        // SAFETY: a checked function; the instance is live and not used again.
        asking::reasoned_within(65536, |result| unsafe { (self.table.close)(inst, result) })
    }
}

impl Drop for RecorderInstance {
    fn drop(&mut self) {
        if !self.inst.is_null() {
            // SAFETY: a checked function; the instance is live and not used again.
            unsafe { (self.table.close)(self.inst, core::ptr::null_mut()) };
        }
    }
}
