//! The host's side of calls that give an instance or a text, with a reason when they do not.

use crate::text::Reading;
use crate::{Refusal, Status};
use core::ffi::c_void;
use plugin_abi::TextOut;

/// Room for a reason. Unit: bytes.
const REASON: usize = 1024;
/// Room for a text at the first try. Unit: bytes.
const FIRST: usize = 4096;

/// What a call that gives nothing came to.
#[inline]
pub(crate) fn settled(status: Status) -> Result<(), Status> {
    if status.0 < 0 { Err(status) } else { Ok(()) }
}

/// Asks for an instance.
pub(crate) fn opened(
    ask: impl FnOnce(*mut *mut c_void, *mut TextOut) -> Status,
) -> Result<*mut c_void, Refusal> {
    let mut inst = core::ptr::null_mut();
    let (status, why) = reasoned(|reason| ask(&mut inst, reason));
    if status != Status::OK {
        return Err(Refusal::new(status, why));
    }
    if inst.is_null() {
        let why = "opened nothing and called it success";
        return Err(Refusal::new(Status::GARBAGE, why));
    }
    Ok(inst)
}

/// Asks for a text, and once more with the room it asked for.
pub(crate) fn told(
    mut ask: impl FnMut(&mut TextOut, &mut TextOut) -> Status,
) -> Result<String, Refusal> {
    let mut capacity = FIRST;
    for _ in 0..2 {
        let mut reading = Reading::with_capacity(capacity);
        let mut out = reading.out();
        let (status, why) = reasoned(|reason| ask(&mut out, reason));
        let length = out.len;
        if status == Status::BUFFER_TOO_SMALL {
            // What is listed may grow between the two.
            capacity = length.saturating_add(1024);
        } else if status.0 < 0 {
            return Err(Refusal::new(status, why));
        } else {
            return Ok(reading.take(length));
        }
    }
    let why = "what it tells grows faster than it can be read";
    Err(Refusal::new(Status::BUFFER_TOO_SMALL, why))
}

/// Runs `ask` with a buffer for the reason.
pub(crate) fn reasoned(ask: impl FnOnce(&mut TextOut) -> Status) -> (Status, String) {
    reasoned_within(REASON, ask)
}

/// Runs `ask` with a buffer of `room` bytes for what it says.
pub(crate) fn reasoned_within(
    room: usize,
    ask: impl FnOnce(&mut TextOut) -> Status,
) -> (Status, String) {
    let mut reading = Reading::with_capacity(room);
    let mut reason = reading.out();
    let status = ask(&mut reason);
    let length = reason.len;
    (status, reading.take(length))
}
