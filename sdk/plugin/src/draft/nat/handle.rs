//! The host's side of the NAT table: safe calls.

use super::{NatInput, NatOutput, Transport};
use crate::asking::settled;
use crate::fault::{Fault, prefix};
use crate::{Refusal, Status, address, asking, text};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::draft::nat as kinds;
use plugin_abi::{NatTable, Text, TextOut};

/// Room for what comes with an output at the first try, and at most. Unit: bytes.
const ROOM: (usize, usize) = (2048, 65536);

/// A checked NAT table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct NatHandle {
    open: unsafe extern "C" fn(Text, u64, *mut *mut c_void, *mut TextOut) -> Status,
    handle: unsafe extern "C" fn(*mut c_void, *const abi::NatInput) -> Status,
    poll: unsafe extern "C" fn(*mut c_void, *mut abi::NatOutput) -> Status,
    close: unsafe extern "C" fn(*mut c_void),
}

impl NatHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a NAT table that keeps the rules of `plugin-abi` and lives as
    /// long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(NatTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<NatTable>(), need) }?;
        Ok(Self {
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            handle: table.handle.ok_or(Fault::NullFunction("handle"))?,
            poll: table.poll.ok_or(Fault::NullFunction("poll"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// Makes a machine. Thread: \[control\].
    pub fn open(&self, request: &str, seed: u64) -> Result<NatInstance, Refusal> {
        let request = text::pass(request);
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst =
            asking::opened(|out, reason| unsafe { (self.open)(request, seed, out, reason) })?;
        Ok(NatInstance {
            inst,
            table: *self,
            room: vec![0; ROOM.0],
        })
    }
}

/// A machine that runs.
#[derive(Debug)]
pub struct NatInstance {
    inst: *mut c_void,
    table: NatHandle,
    room: Vec<u8>,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for NatInstance {}

impl NatInstance {
    /// Tells it what happened. Thread: \[control\].
    pub fn handle(&mut self, input: NatInput<'_>, now_ns: u64) -> Result<(), Status> {
        let raw = written(input, now_ns);
        // SAFETY: a checked function, a live instance, an input lent for the call.
        settled(unsafe { (self.table.handle)(self.inst, &raw) })
    }

    /// The next thing to do. Thread: \[control\].
    pub fn poll(&mut self) -> Result<Option<NatOutput>, Status> {
        for _ in 0..2 {
            let mut raw = abi::NatOutput {
                size: size_of::<abi::NatOutput>() as u32,
                kind: kinds::NAT_OUT_NOTHING,
                at_ns: 0,
                flow: 0,
                component: 0,
                transport: 0,
                reserved: 0,
                local: abi::Address::default(),
                remote: abi::Address::default(),
                data: self.room.as_mut_ptr(),
                data_len: self.room.len(),
            };
            // SAFETY: a checked function, a live instance, a buffer with its true length.
            let status = unsafe { (self.table.poll)(self.inst, &mut raw) };
            if status == Status::BUFFER_TOO_SMALL {
                if raw.data_len > ROOM.1 {
                    return Err(Status::GARBAGE);
                }
                self.room.resize(raw.data_len.max(ROOM.0), 0);
                continue;
            }
            settled(status)?;
            let data = self.room.get(..raw.data_len).ok_or(Status::GARBAGE)?;
            return match raw.kind {
                kinds::NAT_OUT_NOTHING => Ok(None),
                _ => read(&raw, data).map(Some).ok_or(Status::GARBAGE),
            };
        }
        Err(Status::GARBAGE)
    }
}

impl Drop for NatInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.table.close)(self.inst) };
    }
}

fn written(input: NatInput<'_>, now_ns: u64) -> abi::NatInput {
    let mut raw = abi::NatInput {
        size: size_of::<abi::NatInput>() as u32,
        kind: kinds::NAT_IN_TIME,
        now_ns,
        flow: 0,
        component: 0,
        address: abi::Address::default(),
        data: core::ptr::null(),
        data_len: 0,
    };
    let data: &[u8] = match input {
        NatInput::Time => &[],
        NatInput::Packet { flow, from, data } => {
            raw.kind = kinds::NAT_IN_PACKET;
            (raw.flow, raw.address) = (flow, address::write(from));
            data
        }
        NatInput::Opened { flow, local } => {
            raw.kind = kinds::NAT_IN_OPENED;
            (raw.flow, raw.address) = (flow, address::write(local));
            &[]
        }
        NatInput::Closed { flow, why } => {
            raw.kind = kinds::NAT_IN_CLOSED;
            raw.flow = flow;
            why.as_bytes()
        }
        NatInput::Remote(json) => {
            raw.kind = kinds::NAT_IN_REMOTE;
            json.as_bytes()
        }
        NatInput::Interfaces(json) => {
            raw.kind = kinds::NAT_IN_INTERFACES;
            json.as_bytes()
        }
        NatInput::Restart => {
            raw.kind = kinds::NAT_IN_RESTART;
            &[]
        }
    };
    (raw.data, raw.data_len) = (data.as_ptr(), data.len());
    raw
}

/// `None` when it makes no sense.
fn read(raw: &abi::NatOutput, data: &[u8]) -> Option<NatOutput> {
    let text = || String::from_utf8(data.to_vec()).ok();
    let (flow, component) = (raw.flow, raw.component);
    Some(match raw.kind {
        kinds::NAT_OUT_OPEN => NatOutput::Open {
            flow,
            component,
            transport: match raw.transport {
                kinds::NAT_TRANSPORT_UDP => Transport::Udp,
                kinds::NAT_TRANSPORT_TCP => Transport::Tcp,
                kinds::NAT_TRANSPORT_TLS => Transport::Tls,
                _ => return None,
            },
            local: address::read(&raw.local)?,
            remote: address::read(&raw.remote),
        },
        kinds::NAT_OUT_TRANSMIT => NatOutput::Transmit {
            flow,
            to: address::read(&raw.remote)?,
            data: data.to_vec(),
        },
        kinds::NAT_OUT_CANDIDATE => NatOutput::Candidate {
            component,
            line: text()?,
        },
        kinds::NAT_OUT_GATHERED => NatOutput::Gathered,
        kinds::NAT_OUT_CHOSEN => NatOutput::Chosen {
            component,
            flow,
            to: address::read(&raw.remote)?,
            prefix: data.to_vec(),
        },
        kinds::NAT_OUT_FAILED => NatOutput::Failed(text()?),
        kinds::NAT_OUT_DEADLINE => NatOutput::Deadline(raw.at_ns),
        _ => return None,
    })
}
