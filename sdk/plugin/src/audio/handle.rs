//! The host's side of the audio table: safe calls.

use super::Captured;
use crate::asking;
use crate::codec::settle;
use crate::fault::{Fault, prefix};
use crate::text;
use crate::{AudioCounters, AudioLatency, Refusal, Status};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi::{AudioTable, Text, TextOut};

type Open = unsafe extern "C" fn(Text, *mut *mut c_void, *mut TextOut) -> Status;
type Capture = unsafe extern "C" fn(*mut c_void, *mut i16, *mut usize, u64) -> Status;
type Playback = unsafe extern "C" fn(*mut c_void, *const i16, usize, u64) -> Status;
type Latency = unsafe extern "C" fn(*mut c_void, *mut AudioLatency) -> Status;
type Counters = unsafe extern "C" fn(*mut c_void, *mut AudioCounters) -> Status;
type Close = unsafe extern "C" fn(*mut c_void);

/// A checked audio table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct AudioHandle {
    enumerate: unsafe extern "C" fn(*mut TextOut, *mut TextOut) -> Status,
    open: Open,
    capture: Capture,
    playback: Playback,
    latency: Latency,
    counters: Counters,
    close: Close,
}

impl AudioHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to an audio table that keeps the rules of `plugin-abi` and lives as
    /// long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(AudioTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<AudioTable>(), need) }?;
        Ok(Self {
            enumerate: table.enumerate.ok_or(Fault::NullFunction("enumerate"))?,
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            capture: table.capture.ok_or(Fault::NullFunction("capture"))?,
            playback: table.playback.ok_or(Fault::NullFunction("playback"))?,
            latency: table.latency.ok_or(Fault::NullFunction("latency"))?,
            counters: table.counters.ok_or(Fault::NullFunction("counters"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// The devices there are now, as the plugin's JSON. Thread: \[control\].
    pub fn enumerate(&self) -> Result<String, Refusal> {
        // SAFETY: a checked function; the buffers are valid for the call.
        asking::told(|out, reason| unsafe { (self.enumerate)(out, reason) })
    }

    /// Opens a device as the JSON request says. Thread: \[control\].
    pub fn open(&self, request: &str) -> Result<AudioInstance, Refusal> {
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst =
            asking::opened(|out, reason| unsafe { (self.open)(text::pass(request), out, reason) })?;
        Ok(AudioInstance {
            inst,
            capture: self.capture,
            playback: self.playback,
            latency: self.latency,
            counters: self.counters,
            close: self.close,
        })
    }
}

/// An open device. Calls neither allocate nor lock on this side of the boundary.
#[derive(Debug)]
pub struct AudioInstance {
    inst: *mut c_void,
    capture: Capture,
    playback: Playback,
    latency: Latency,
    counters: Counters,
    close: Close,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for AudioInstance {}

impl AudioInstance {
    /// Fetches audio from the microphone; what the source did not have is silence. Thread: \[media\].
    #[inline]
    pub fn capture(&mut self, pcm: &mut [i16], now_ns: u64) -> Result<Captured, Status> {
        let mut samples = pcm.len();
        // SAFETY: a checked function, a live instance, a buffer with its true length.
        let status = unsafe { (self.capture)(self.inst, pcm.as_mut_ptr(), &mut samples, now_ns) };
        settle(status, samples, pcm.len()).map(|samples| Captured {
            samples,
            ended: status == Status::ENDED,
        })
    }

    /// Takes audio for the loudspeaker. Thread: \[media\].
    #[inline]
    pub fn playback(&mut self, pcm: &[i16], now_ns: u64) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance, a buffer with its true length.
        let status = unsafe { (self.playback)(self.inst, pcm.as_ptr(), pcm.len(), now_ns) };
        settle(status, 0, 0).map(|_| ())
    }

    /// How far the audio is from the air. Thread: \[media\].
    pub fn latency(&mut self) -> Result<AudioLatency, Status> {
        let mut latency = AudioLatency {
            size: size_of::<AudioLatency>() as u32,
            ..AudioLatency::default()
        };
        // SAFETY: a checked function, a live instance, a struct that says its size.
        settle(unsafe { (self.latency)(self.inst, &mut latency) }, 0, 0).map(|_| latency)
    }

    /// What happened since it was opened. Thread: \[media\].
    pub fn counters(&mut self) -> Result<AudioCounters, Status> {
        let mut counters = AudioCounters {
            size: size_of::<AudioCounters>() as u32,
            ..AudioCounters::default()
        };
        // SAFETY: a checked function, a live instance, a struct that says its size.
        settle(unsafe { (self.counters)(self.inst, &mut counters) }, 0, 0).map(|_| counters)
    }
}

impl Drop for AudioInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.close)(self.inst) };
    }
}
