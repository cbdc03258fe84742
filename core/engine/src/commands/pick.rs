//! Which call a command means.

use crate::hub::Hub;
use control::command::CallRef;
use control::snapshot::{CallDirection, CallSnapshot, CallState};
use control::{CallHandle, Code, ErrorObject};

pub(super) fn is_ringing_here(call: &CallSnapshot) -> bool {
    call.direction == CallDirection::Incoming
        && matches!(call.state, CallState::Ringing | CallState::Progress)
}

pub(super) fn is_answered(call: &CallSnapshot) -> bool {
    call.state == CallState::Answered
}

pub(super) fn is_held(call: &CallSnapshot) -> bool {
    is_answered(call) && call.held_by_local
}

/// As [`pick`], but a call that is named need only be in a state where the command means something.
pub(super) fn pick_or(
    on: CallRef,
    hub: &Hub,
    newest: impl Fn(&CallSnapshot) -> bool,
    named: impl Fn(&CallSnapshot) -> bool,
) -> Result<CallHandle, ErrorObject> {
    match on.call {
        Some(_) => pick(on, hub, named),
        None => pick(on, hub, newest),
    }
}

/// The call that is meant: the one named, or else the newest that fits.
pub(super) fn pick(
    on: CallRef,
    hub: &Hub,
    fits: impl Fn(&CallSnapshot) -> bool,
) -> Result<CallHandle, ErrorObject> {
    let Some(call) = on.call else {
        let newest = hub.calls().values().rev().find(|c| fits(c)).map(|c| c.call);
        let why = "no call is in a state for this";
        return newest.ok_or_else(|| ErrorObject::new(Code::UNKNOWN_CALL, why));
    };
    match hub.calls().get(&call) {
        Some(known) if fits(known) => Ok(call),
        Some(known) => {
            let why = format!("call {call} is {:?}", known.state).to_lowercase();
            Err(ErrorObject::new(Code::WRONG_STATE, why).call(call))
        }
        None => Err(ErrorObject::new(
            Code::UNKNOWN_CALL,
            format!("{call} is over, or never was"),
        )),
    }
}
