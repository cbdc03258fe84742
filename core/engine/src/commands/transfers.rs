//! Commands about calls that are handed on.

use super::pick::{is_answered, pick};
use super::{Commands, Outcome};
use crate::hub::Hub;
use base::Instant;
use control::command::{CallRef, Command, Reply};
use control::lamp::LampRef;
use control::snapshot::{CallDirection, CallSnapshot, Party};
use control::transfer::{TransferCall, TransferMode, TransferRole, TransferState};
use control::{CallHandle, Code, CommandId, ErrorObject, TransferSnapshot};
use ports::transfer::{To, Word};

impl Commands {
    #[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
    pub(super) fn on_transfer(
        &mut self,
        asked: Command,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        let word = match asked {
            Command::Transfer(transfer) => return self.transfer(transfer, command, hub, now),
            Command::TransferComplete(on) => Word::Complete {
                command,
                call: open(on, hub, is_asking)?,
            },
            Command::TransferCancel(on) => Word::Cancel {
                command,
                call: open(on, hub, is_asking)?,
            },
            Command::TransferAllow(on) => Word::Decide {
                command,
                call: open(on, hub, is_asked)?,
                go: true,
            },
            Command::TransferRefuse(on) => Word::Decide {
                command,
                call: open(on, hub, is_asked)?,
                go: false,
            },
            // `carry_out` asks for these five.
            _ => return Ok(Reply::Taken),
        };
        self.post(word)
    }

    fn transfer(
        &mut self,
        asked: TransferCall,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        let TransferCall {
            call,
            to,
            lamp,
            with,
            mode,
            park,
        } = asked;
        let usage = |why: &str| Err(ErrorObject::new(Code::USAGE, why));
        let is_other = |known: &CallSnapshot| is_answered(known) && Some(known.call) != with;
        let call = pick(CallRef { call }, hub, is_other)?;
        if hub.transfers().contains_key(&call) {
            let why = format!("call {call} is being handed on already");
            return Err(ErrorObject::new(Code::WRONG_STATE, why).call(call));
        }
        let lamp = match lamp {
            Some(_) if to.is_some() => {
                return usage("a call is handed on to one target, not to two");
            }
            Some(lamp) => Some(hub.lamps().find(&LampRef {
                target: lamp,
                account: hub.calls().get(&call).and_then(|call| call.account.clone()),
            })?),
            None => None,
        };
        let to = to.or(lamp.map(|lamp| lamp.target.clone()));
        let slot = park || to.as_ref().is_some_and(|to| is_slot(hub, to));
        let to = match (to, with, mode) {
            (Some(_), Some(_), _) => return usage("a call is handed on to one target, not to two"),
            (None, None, _) => return usage("to whom the call is handed on is not said"),
            (None, Some(with), TransferMode::Now) => {
                To::With(pick(CallRef { call: Some(with) }, hub, is_answered)?)
            }
            (None, Some(_), TransferMode::Ask) => {
                return usage("the other call is there already: nobody is to be asked first");
            }
            (Some(to), None, TransferMode::Now) => To::Now(to),
            (Some(to), None, TransferMode::Ask) => To::Ask(to, self.handles.next()),
        };
        let reply = match &to {
            To::Ask(to, second) => Reply::Call {
                call: Box::new(second_call(hub, call, (*second, to), now)?),
            },
            To::Now(_) | To::With(_) | To::Conference(_) => Reply::Taken,
        };
        self.post(Word::Transfer {
            command,
            call,
            to,
            slot,
        })?;
        Ok(reply)
    }
}

/// Whether a lamp says that this is a park slot.
fn is_slot(hub: &Hub, to: &str) -> bool {
    let lamp = hub.lamps().find(&LampRef {
        target: to.to_owned(),
        account: None,
    });
    lamp.is_ok_and(|lamp| lamp.slot)
}

/// The call with the target as it begins.
fn second_call(
    hub: &Hub,
    first: CallHandle,
    (second, to): (CallHandle, &str),
    now: Instant,
) -> Result<CallSnapshot, ErrorObject> {
    let gone = || ErrorObject::new(Code::UNKNOWN_CALL, format!("{first} is over"));
    let first = hub.calls().get(&first).ok_or_else(gone)?;
    let account = first.account.clone();
    let from = account
        .as_ref()
        .and_then(|name| hub.accounts().get(name.as_str()));
    let from = Party {
        uri: from.map_or_else(String::new, |account| account.aor.clone()),
        display: None,
    };
    let to = Party {
        uri: to.to_owned(),
        display: None,
    };
    Ok(CallSnapshot::begun(
        second,
        account,
        CallDirection::Outgoing,
        (from, to),
        hub.time(now),
    ))
}

fn is_asking(transfer: &TransferSnapshot) -> bool {
    transfer.role == TransferRole::Transferor
        && matches!(
            transfer.state,
            TransferState::Asking | TransferState::Consulting
        )
}

fn is_asked(transfer: &TransferSnapshot) -> bool {
    transfer.role == TransferRole::Transferee && transfer.state == TransferState::Consulting
}

/// The call whose transfer is meant: the one named, or else the newest that fits.
fn open(
    on: CallRef,
    hub: &Hub,
    fits: impl Fn(&TransferSnapshot) -> bool,
) -> Result<CallHandle, ErrorObject> {
    let mut all = hub
        .transfers()
        .values()
        .rev()
        .filter(|transfer| fits(transfer));
    let found = match on.call {
        // Its own call, or the one with the target.
        Some(call) => all.find(|one| one.call == call || one.with == Some(call)),
        None => all.next(),
    };
    found.map(|transfer| transfer.call).ok_or_else(|| {
        let why = "no transfer is in a state for this";
        ErrorObject::new(Code::WRONG_STATE, why)
    })
}
