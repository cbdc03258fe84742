//! The host's side of the DTMF table: safe calls.

use super::{Abilities, DtmfHeard, DtmfListen, DtmfRequest, DtmfStep};
use crate::asking::{self, settled};
use crate::fault::{Fault, prefix};
use crate::text;
use crate::{Refusal, Status};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::dtmf as bits;
use plugin_abi::{DtmfInfo, DtmfTable, Text, TextOut};

/// Most steps of one key's plan.
const MOST_STEPS: usize = 16;
/// Most keys that one block can hold.
const MOST_HEARD: usize = 4;

type Plan = unsafe extern "C" fn(
    *const abi::DtmfRequest,
    usize,
    *mut abi::DtmfStep,
    *mut usize,
    *mut TextOut,
) -> Status;
type HearInfo = unsafe extern "C" fn(Text, Text, *mut abi::DtmfHeard) -> Status;
type Open = unsafe extern "C" fn(*const abi::DtmfListen, *mut *mut c_void, *mut TextOut) -> Status;
type Listen =
    unsafe extern "C" fn(*mut c_void, *const i16, usize, *mut abi::DtmfHeard, *mut usize) -> Status;
type Reset = unsafe extern "C" fn(*mut c_void) -> Status;
type Close = unsafe extern "C" fn(*mut c_void);

/// A checked DTMF table: every function that its abilities need is there.
#[derive(Debug, Clone, Copy)]
pub struct DtmfHandle {
    describe: unsafe extern "C" fn(*mut DtmfInfo) -> Status,
    plan: Plan,
    hear_info: Option<HearInfo>,
    listener: Option<Listener>,
}

#[derive(Debug, Clone, Copy)]
struct Listener {
    open: Open,
    listen: Listen,
    reset: Reset,
    close: Close,
}

/// What a method says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DtmfAbout {
    /// As settings spell it.
    pub name: String,
    /// What it can do.
    pub abilities: Abilities,
}

impl DtmfHandle {
    /// Checks a table: long enough, no function missing that its abilities need.
    ///
    /// # Safety
    /// `table` must be null or point to a DTMF table that keeps the rules of `plugin-abi` and lives as
    /// long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(DtmfTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<DtmfTable>(), need) }?;
        let handle = Self {
            describe: table.describe.ok_or(Fault::NullFunction("describe"))?,
            plan: table.plan.ok_or(Fault::NullFunction("plan"))?,
            hear_info: table.hear_info,
            listener: match (table.open, table.listen, table.reset, table.close) {
                (Some(open), Some(listen), Some(reset), Some(close)) => Some(Listener {
                    open,
                    listen,
                    reset,
                    close,
                }),
                _ => None,
            },
        };
        let can = handle.about()?.abilities;
        if can.hears_info && handle.hear_info.is_none() {
            return Err(Fault::NullFunction("hear_info"));
        }
        if can.hears_tones && handle.listener.is_none() {
            return Err(Fault::NullFunction("open, listen, reset or close"));
        }
        Ok(handle)
    }

    /// What it is. Thread: \[control\].
    pub fn about(&self) -> Result<DtmfAbout, Fault> {
        let mut info = DtmfInfo {
            size: size_of::<DtmfInfo>() as u32,
            caps: 0,
            name: text::lend(""),
        };
        // SAFETY: a checked function; `info` is writable and says its size.
        let status = unsafe { (self.describe)(&mut info) };
        if status != Status::OK {
            return Err(Fault::Nonsense("cannot describe itself".into()));
        }
        // SAFETY: the table vouches for its texts, for ever.
        let name = unsafe { text::borrow(info.name.ptr, info.name.len) };
        let name = name.filter(|name| !name.is_empty() && name.len() <= 64);
        let has = |bit: u32| info.caps & bit != 0;
        Ok(DtmfAbout {
            name: name
                .ok_or_else(|| Fault::Nonsense("has a name that is not text".into()))?
                .to_owned(),
            abilities: Abilities {
                sends_events: has(bits::SENDS_EVENTS),
                sends_info: has(bits::SENDS_INFO),
                sends_tones: has(bits::SENDS_TONES),
                hears_tones: has(bits::HEARS_TONES),
                hears_info: has(bits::HEARS_INFO),
            },
        })
    }

    /// What to send for one key; [`Status::UNSUPPORTED`] when it cannot be used in this call.
    /// Thread: \[control\].
    pub fn plan(&self, request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
        let raw = abi::DtmfRequest {
            size: size_of::<abi::DtmfRequest>() as u32,
            key: u32::from(request.key),
            duration_ms: request.duration_ms,
            flags: u32::from(request.peer_takes_info) * bits::PEER_TAKES_INFO,
            codec_clock_hz: request.codec_clock_hz,
            event_clock_hz: request.event_clock_hz.unwrap_or(0),
            options: text::pass(request.options),
        };
        let mut steps = [DtmfStep::place(); MOST_STEPS];
        let mut count = steps.len();
        let (status, why) = asking::reasoned(|reason| {
            let (size, at) = (size_of::<abi::DtmfStep>(), steps.as_mut_ptr());
            // SAFETY: a checked function; every pointer is valid for the call.
            unsafe { (self.plan)(&raw, size, at, &mut count, reason) }
        });
        if status.0 < 0 {
            return Err(Refusal::new(status, why));
        }
        let garbage = || Refusal::new(Status::GARBAGE, "its plan makes no sense");
        let steps = steps.get(..count).ok_or_else(garbage)?;
        let plan: Option<Vec<_>> = steps.iter().map(DtmfStep::read).collect();
        plan.ok_or_else(garbage)
    }

    /// Reads a key from an INFO request; `None` when it is none of this method's. Thread: \[control\].
    pub fn hear_info(&self, content_type: &str, body: &str) -> Option<DtmfHeard> {
        let mut heard = abi::DtmfHeard::default();
        // SAFETY: a checked function; texts and place are valid for the call.
        let status =
            unsafe { (self.hear_info?)(text::pass(content_type), text::pass(body), &mut heard) };
        DtmfHeard::read(&heard).filter(|_| status == Status::OK)
    }

    /// Makes a listener. Thread: \[control\].
    pub fn open(&self, request: &DtmfListen<'_>) -> Result<DtmfInstance, Refusal> {
        let listener = self.listener.ok_or(Status::UNSUPPORTED)?;
        let raw = abi::DtmfListen {
            size: size_of::<abi::DtmfListen>() as u32,
            sample_rate_hz: request.sample_rate_hz,
            options: text::pass(request.options),
        };
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst = asking::opened(|out, reason| unsafe { (listener.open)(&raw, out, reason) })?;
        Ok(DtmfInstance { inst, listener })
    }
}

/// An open listener. Calls neither allocate nor lock on this side of the boundary.
#[derive(Debug)]
pub struct DtmfInstance {
    inst: *mut c_void,
    listener: Listener,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for DtmfInstance {}

impl DtmfInstance {
    /// Looks at 10 ms of audio; `heard` takes each key that was found. Thread: \[media\].
    pub fn listen(&mut self, pcm: &[i16], mut heard: impl FnMut(DtmfHeard)) -> Result<(), Status> {
        let mut room = [abi::DtmfHeard::default(); MOST_HEARD];
        let mut count = room.len();
        // SAFETY: a checked function, a live instance, buffers with their true lengths.
        let status = unsafe {
            (self.listener.listen)(
                self.inst,
                pcm.as_ptr(),
                pcm.len(),
                room.as_mut_ptr(),
                &mut count,
            )
        };
        if status.0 < 0 {
            return Err(status);
        }
        let found = room.get(..count).ok_or(Status::GARBAGE)?;
        for one in found {
            heard(DtmfHeard::read(one).ok_or(Status::GARBAGE)?);
        }
        Ok(())
    }

    /// Forgets the past. Thread: \[media\].
    pub fn reset(&mut self) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance.
        settled(unsafe { (self.listener.reset)(self.inst) })
    }
}

impl Drop for DtmfInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.listener.close)(self.inst) };
    }
}
