//! The host's side of the security table: safe calls.

use super::{SecurityInput, SecurityOutput};
use crate::asking::settled;
use crate::fault::{Fault, prefix};
use crate::{Refusal, Status, address, asking, text};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::draft::security as kinds;
use plugin_abi::{SecurityTable, Text, TextOut};

/// Room for what comes with an output at the first try, and at most. Unit: bytes.
const ROOM: (usize, usize) = (2048, 65536);

/// A checked security table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct SecurityHandle {
    open: unsafe extern "C" fn(Text, *const u8, *mut *mut c_void, *mut TextOut) -> Status,
    handle: unsafe extern "C" fn(*mut c_void, *const abi::SecurityInput) -> Status,
    poll: unsafe extern "C" fn(*mut c_void, *mut abi::SecurityOutput) -> Status,
    close: unsafe extern "C" fn(*mut c_void),
}

impl SecurityHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a security table that keeps the rules of `plugin-abi` and lives
    /// as long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(SecurityTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<SecurityTable>(), need) }?;
        Ok(Self {
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            handle: table.handle.ok_or(Fault::NullFunction("handle"))?,
            poll: table.poll.ok_or(Fault::NullFunction("poll"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// Makes a machine. Thread: \[control\].
    pub fn open(&self, request: &str, seed: &[u8; 32]) -> Result<SecurityInstance, Refusal> {
        let request = text::pass(request);
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst = asking::opened(|out, reason| unsafe {
            (self.open)(request, seed.as_ptr(), out, reason)
        })?;
        Ok(SecurityInstance {
            inst,
            table: *self,
            room: vec![0; ROOM.0],
        })
    }
}

/// A machine that runs.
#[derive(Debug)]
pub struct SecurityInstance {
    inst: *mut c_void,
    table: SecurityHandle,
    room: Vec<u8>,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for SecurityInstance {}

impl SecurityInstance {
    /// Tells it what happened. Thread: \[control\].
    pub fn handle(&mut self, input: SecurityInput<'_>, now_ns: u64) -> Result<(), Status> {
        let raw = written(input, now_ns);
        // SAFETY: a checked function, a live instance, an input lent for the call.
        settled(unsafe { (self.table.handle)(self.inst, &raw) })
    }

    /// The next thing to do. Thread: \[control\].
    pub fn poll(&mut self) -> Result<Option<SecurityOutput>, Status> {
        for _ in 0..2 {
            let mut raw = abi::SecurityOutput {
                size: size_of::<abi::SecurityOutput>() as u32,
                kind: kinds::SECURITY_OUT_NOTHING,
                at_ns: 0,
                suite: 0,
                direction: 0,
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
            let data = self.room.get_mut(..raw.data_len).ok_or(Status::GARBAGE)?;
            let said = match raw.kind {
                kinds::SECURITY_OUT_NOTHING => Ok(None),
                _ => read(&raw, data).map(Some).ok_or(Status::GARBAGE),
            };
            // Keys do not stay in a buffer that is used again.
            data.fill(0);
            return said;
        }
        Err(Status::GARBAGE)
    }
}

impl Drop for SecurityInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.table.close)(self.inst) };
    }
}

fn written(input: SecurityInput<'_>, now_ns: u64) -> abi::SecurityInput {
    let mut raw = abi::SecurityInput {
        size: size_of::<abi::SecurityInput>() as u32,
        kind: kinds::SECURITY_IN_TIME,
        now_ns,
        address: abi::Address::default(),
        data: core::ptr::null(),
        data_len: 0,
    };
    let data: &[u8] = match input {
        SecurityInput::Time => &[],
        SecurityInput::Packet { from, data } => {
            raw.kind = kinds::SECURITY_IN_PACKET;
            raw.address = address::write(from);
            data
        }
        SecurityInput::Remote(lines) => {
            raw.kind = kinds::SECURITY_IN_REMOTE;
            lines.as_bytes()
        }
        SecurityInput::Confirmed(same) => {
            raw.kind = kinds::SECURITY_IN_CONFIRMED;
            if same { b"yes" } else { b"no" }
        }
    };
    (raw.data, raw.data_len) = (data.as_ptr(), data.len());
    raw
}

/// `None` when it makes no sense.
fn read(raw: &abi::SecurityOutput, data: &[u8]) -> Option<SecurityOutput> {
    let text = || String::from_utf8(data.to_vec()).ok();
    Some(match raw.kind {
        kinds::SECURITY_OUT_TRANSMIT => SecurityOutput::Transmit(data.to_vec()),
        kinds::SECURITY_OUT_LOCAL => SecurityOutput::Local(text()?),
        kinds::SECURITY_OUT_KEYS => SecurityOutput::Keys {
            suite: raw.suite,
            sending: match raw.direction {
                1 => true,
                2 => false,
                _ => return None,
            },
            material: data.to_vec(),
        },
        kinds::SECURITY_OUT_VERDICT => SecurityOutput::Verdict(text()?),
        kinds::SECURITY_OUT_FAILED => SecurityOutput::Failed(text()?),
        kinds::SECURITY_OUT_DEADLINE => SecurityOutput::Deadline(raw.at_ns),
        _ => return None,
    })
}
