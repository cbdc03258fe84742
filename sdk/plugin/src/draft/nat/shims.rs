//! The plugin's side of the NAT table: C functions around the trait.

use super::{Nat, NatInput, NatOutput};
use crate::face::Face;
use crate::fault::prefix;
use crate::guard::{self, close, enter, settle};
use crate::text::lent;
use crate::{Host, Refusal, Status, address, struct_out};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::draft::nat as kinds;
use plugin_abi::{NatTable, Text, TextOut};

/// A machine, and what it said that had no room.
struct Machine<T> {
    nat: T,
    pending: Option<NatOutput>,
}

/// The plugin's side of `T`.
pub(crate) struct NatFace<T>(PhantomData<T>);

impl<T: Nat> Face for NatFace<T> {
    const TABLE: &'static str = abi::NAT_ID;

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        T::init(host)
    }

    fn deinit() {
        T::deinit();
    }

    fn table() -> *const c_void {
        let table: &'static NatTable = const {
            &NatTable {
                size: size_of::<NatTable>() as u32,
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

unsafe extern "C" fn open<T: Nat>(
    request: Text,
    seed: u64,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the text is lent for the call, `out` is null or writable, `reason` null or a buffer.
    unsafe {
        let opened = lent(request).and_then(|request| {
            guard::open(out, || {
                Ok(Machine {
                    nat: T::open(request, seed)?,
                    pending: None,
                })
            })
        });
        settle(opened, reason)
    }
}

unsafe extern "C" fn handle<T: Nat>(inst: *mut c_void, input: *const abi::NatInput) -> Status {
    let need = offset_of!(abi::NatInput, data_len) + size_of::<usize>();
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
            machine.nat.handle(input, raw.now_ns);
            Ok(Status::OK)
        })
    }
}

/// # Safety
/// The input's data must be lent for `'a`.
unsafe fn read<'a>(raw: &abi::NatInput) -> Option<NatInput<'a>> {
    let text = Text {
        ptr: raw.data,
        len: raw.data_len,
    };
    Some(match raw.kind {
        kinds::NAT_IN_PACKET => NatInput::Packet {
            flow: raw.flow,
            from: address::read(&raw.address)?,
            data: if raw.data.is_null() {
                &[]
            } else {
                // SAFETY: not null, lent by the caller.
                unsafe { core::slice::from_raw_parts(raw.data, raw.data_len) }
            },
        },
        kinds::NAT_IN_OPENED => NatInput::Opened {
            flow: raw.flow,
            local: address::read(&raw.address)?,
        },
        kinds::NAT_IN_CLOSED => NatInput::Closed {
            flow: raw.flow,
            // SAFETY: lent by the caller.
            why: unsafe { lent(text) }.ok()?,
        },
        // SAFETY: lent by the caller.
        kinds::NAT_IN_REMOTE => NatInput::Remote(unsafe { lent(text) }.ok()?),
        // SAFETY: lent by the caller.
        kinds::NAT_IN_INTERFACES => NatInput::Interfaces(unsafe { lent(text) }.ok()?),
        kinds::NAT_IN_RESTART => NatInput::Restart,
        _ => NatInput::Time,
    })
}

unsafe extern "C" fn poll<T: Nat>(inst: *mut c_void, output: *mut abi::NatOutput) -> Status {
    let need = offset_of!(abi::NatOutput, data_len) + size_of::<usize>();
    // SAFETY: the caller vouches for the output; zero is a value of every field.
    let Ok(room) = (unsafe { prefix(output, need) }) else {
        return Status::BAD_ARGUMENT;
    };
    // SAFETY: a live instance of ours that nobody else uses; `output` says its size and its buffer.
    unsafe {
        enter::<Machine<T>>(inst, |machine| {
            let said = machine.pending.take().or_else(|| machine.nat.poll());
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
fn nothing() -> (abi::NatOutput, &'static [u8]) {
    let raw = abi::NatOutput {
        size: size_of::<abi::NatOutput>() as u32,
        kind: kinds::NAT_OUT_NOTHING,
        at_ns: 0,
        flow: 0,
        component: 0,
        transport: 0,
        reserved: 0,
        local: abi::Address::default(),
        remote: abi::Address::default(),
        data: core::ptr::null_mut(),
        data_len: 0,
    };
    (raw, &[])
}

/// An output as the layout spells it, and what comes with it.
fn written(output: &NatOutput) -> (abi::NatOutput, &[u8]) {
    let (mut raw, none) = nothing();
    let data = match output {
        NatOutput::Open {
            flow,
            component,
            transport,
            local,
            remote,
        } => {
            raw.kind = kinds::NAT_OUT_OPEN;
            (raw.flow, raw.component, raw.transport) = (*flow, *component, *transport as u32);
            raw.local = address::write(*local);
            raw.remote = remote.map(address::write).unwrap_or_default();
            none
        }
        NatOutput::Transmit { flow, to, data } => {
            raw.kind = kinds::NAT_OUT_TRANSMIT;
            (raw.flow, raw.remote) = (*flow, address::write(*to));
            data.as_slice()
        }
        NatOutput::Candidate { component, line } => {
            raw.kind = kinds::NAT_OUT_CANDIDATE;
            raw.component = *component;
            line.as_bytes()
        }
        NatOutput::Gathered => {
            raw.kind = kinds::NAT_OUT_GATHERED;
            none
        }
        NatOutput::Chosen {
            component,
            flow,
            to,
            prefix,
        } => {
            raw.kind = kinds::NAT_OUT_CHOSEN;
            (raw.component, raw.flow, raw.remote) = (*component, *flow, address::write(*to));
            prefix.as_slice()
        }
        NatOutput::Failed(why) => {
            raw.kind = kinds::NAT_OUT_FAILED;
            why.as_bytes()
        }
        NatOutput::Deadline(at_ns) => {
            raw.kind = kinds::NAT_OUT_DEADLINE;
            raw.at_ns = *at_ns;
            none
        }
    };
    (raw, data)
}

unsafe extern "C" fn close_shim<T: Nat>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<Machine<T>>(inst) }
}
