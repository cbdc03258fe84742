//! The plugin's side of the security table: C functions around the trait.

use super::{Security, SecurityInput, SecurityOutput};
use crate::face::Face;
use crate::fault::prefix;
use crate::guard::{self, close, enter, settle};
use crate::text::lent;
use crate::{Host, Refusal, Status, address, struct_out};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::draft::security as kinds;
use plugin_abi::{SecurityTable, Text, TextOut};

/// A machine, and what it said that had no room.
struct Machine<T> {
    security: T,
    pending: Option<SecurityOutput>,
}

/// The plugin's side of `T`.
pub(crate) struct SecurityFace<T>(PhantomData<T>);

impl<T: Security> Face for SecurityFace<T> {
    const TABLE: &'static str = abi::SECURITY_ID;

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        T::init(host)
    }

    fn deinit() {
        T::deinit();
    }

    fn table() -> *const c_void {
        let table: &'static SecurityTable = const {
            &SecurityTable {
                size: size_of::<SecurityTable>() as u32,
                reserved: 0,
                open: Some(open::<T>),
                handle: Some(handle::<T>),
                poll: Some(poll::<T>),
                close: Some(close_shim::<T>),
            }
        };
        core::ptr::from_ref(table).cast()
    }
}

unsafe extern "C" fn open<T: Security>(
    request: Text,
    seed: *const u8,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the text and 32 bytes of seed are lent for the call, `out` is null or writable, `reason`
    // null or a buffer.
    unsafe {
        let seed = seed.cast::<[u8; 32]>().as_ref();
        let asked = lent(request).and_then(|request| {
            let seed = seed.ok_or(Status::BAD_ARGUMENT)?;
            Ok((request, seed))
        });
        let opened = asked.and_then(|(request, seed)| {
            guard::open(out, || {
                Ok(Machine {
                    security: T::open(request, seed)?,
                    pending: None,
                })
            })
        });
        settle(opened, reason)
    }
}

unsafe extern "C" fn handle<T: Security>(
    inst: *mut c_void,
    input: *const abi::SecurityInput,
) -> Status {
    let need = offset_of!(abi::SecurityInput, data_len) + size_of::<usize>();
    // SAFETY: the caller vouches for the input; zero is a value of every field.
    let Ok(raw) = (unsafe { prefix(input, need) }) else {
        return Status::BAD_ARGUMENT;
    };
    // SAFETY: the data is lent for the call.
    let Some(input) = (unsafe { read(&raw) }) else {
        return Status::BAD_ARGUMENT;
    };
    // SAFETY: a live instance of ours that nobody else uses.
    unsafe {
        enter::<Machine<T>>(inst, |machine| {
            machine.security.handle(input, raw.now_ns);
            Ok(Status::OK)
        })
    }
}

/// # Safety
/// The input's data must be lent for `'a`.
unsafe fn read<'a>(raw: &abi::SecurityInput) -> Option<SecurityInput<'a>> {
    let text = Text {
        ptr: raw.data,
        len: raw.data_len,
    };
    Some(match raw.kind {
        kinds::SECURITY_IN_PACKET => SecurityInput::Packet {
            from: address::read(&raw.address)?,
            data: if raw.data.is_null() {
                &[]
            } else {
                // SAFETY: not null, lent by the caller.
                unsafe { core::slice::from_raw_parts(raw.data, raw.data_len) }
            },
        },
        // SAFETY: lent by the caller.
        kinds::SECURITY_IN_REMOTE => SecurityInput::Remote(unsafe { lent(text) }.ok()?),
        // SAFETY: lent by the caller.
        kinds::SECURITY_IN_CONFIRMED => match unsafe { lent(text) }.ok()? {
            "yes" => SecurityInput::Confirmed(true),
            "no" => SecurityInput::Confirmed(false),
            _ => return None,
        },
        _ => SecurityInput::Time,
    })
}

unsafe extern "C" fn poll<T: Security>(
    inst: *mut c_void,
    output: *mut abi::SecurityOutput,
) -> Status {
    let need = offset_of!(abi::SecurityOutput, data_len) + size_of::<usize>();
    // SAFETY: the caller vouches for the output; zero is a value of every field.
    let Ok(room) = (unsafe { prefix(output, need) }) else {
        return Status::BAD_ARGUMENT;
    };
    // SAFETY: a live instance of ours that nobody else uses; `output` says its size and its buffer.
    unsafe {
        enter::<Machine<T>>(inst, |machine| {
            let said = machine.pending.take().or_else(|| machine.security.poll());
            let (mut raw, data) = match &said {
                Some(output) => written(output),
                None => nothing(),
            };
            (raw.data, raw.data_len) = (room.data, data.len());
            let fits = data.len() <= room.data_len && (data.is_empty() || !room.data.is_null());
            if fits {
                core::ptr::copy_nonoverlapping(data.as_ptr(), room.data, data.len());
            }
            struct_out::write(output, raw);
            if fits {
                return Ok(Status::OK);
            }
            machine.pending = said;
            Err(Status::BUFFER_TOO_SMALL)
        })
    }
}

/// Nothing more now.
fn nothing() -> (abi::SecurityOutput, &'static [u8]) {
    let raw = abi::SecurityOutput {
        size: size_of::<abi::SecurityOutput>() as u32,
        kind: kinds::SECURITY_OUT_NOTHING,
        at_ns: 0,
        suite: 0,
        direction: 0,
        data: core::ptr::null_mut(),
        data_len: 0,
    };
    (raw, &[])
}

/// An output as the layout spells it, and what comes with it.
fn written(output: &SecurityOutput) -> (abi::SecurityOutput, &[u8]) {
    let (mut raw, none) = nothing();
    let data = match output {
        SecurityOutput::Transmit(data) => {
            raw.kind = kinds::SECURITY_OUT_TRANSMIT;
            data.as_slice()
        }
        SecurityOutput::Local(line) => {
            raw.kind = kinds::SECURITY_OUT_LOCAL;
            line.as_bytes()
        }
        SecurityOutput::Keys {
            suite,
            sending,
            material,
        } => {
            raw.kind = kinds::SECURITY_OUT_KEYS;
            (raw.suite, raw.direction) = (*suite, if *sending { 1 } else { 2 });
            material.as_slice()
        }
        SecurityOutput::Verdict(json) => {
            raw.kind = kinds::SECURITY_OUT_VERDICT;
            json.as_bytes()
        }
        SecurityOutput::Failed(why) => {
            raw.kind = kinds::SECURITY_OUT_FAILED;
            why.as_bytes()
        }
        SecurityOutput::Deadline(at_ns) => {
            raw.kind = kinds::SECURITY_OUT_DEADLINE;
            raw.at_ns = *at_ns;
            none
        }
    };
    (raw, data)
}

unsafe extern "C" fn close_shim<T: Security>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<Machine<T>>(inst) }
}
