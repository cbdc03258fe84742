//! Events of transfers, each with the whole of it, and why one did not work, for people.

use crate::{Entry, Transfers};
use base::Instant;
use control::event::CallWarning;
use control::transfer::{TransferSnapshot, TransferState};
use control::{CallHandle, Code, CommandId, ErrorObject, EventBody};
use ports::{Outbox, events};
use sip::transfer::{Outcome, Unfit, Why};
use sip_message::Status;

impl Transfers {
    /// Tells that a transfer begins, or that the far end wants one.
    pub(crate) fn tell_requested(&self, call: CallHandle, now: Instant, out: &mut Outbox) {
        if let Some(entry) = self.entries.get(&call) {
            let snapshot = Box::new(entry.snapshot.clone());
            let body = EventBody::TransferRequested(snapshot);
            tell(call, entry.command, body, now, out);
        }
    }
}

/// Tells how far it is.
pub(crate) fn progress(entry: &Entry, now: Instant, out: &mut Outbox) {
    let snapshot = entry.snapshot.clone();
    let call = snapshot.call;
    let body = EventBody::TransferProgress(Box::new(snapshot));
    tell(call, entry.command, body, now, out);
}

/// Tells how it ended.
pub(crate) fn over(entry: &mut Entry, outcome: Outcome, now: Instant, out: &mut Outbox) {
    entry.told = true;
    let snapshot = Box::new(entry.snapshot.clone());
    let call = snapshot.call;
    let body = match outcome {
        Outcome::Completed | Outcome::Joined => EventBody::TransferDone(snapshot),
        Outcome::Recovered(_) | Outcome::Lost(_) => EventBody::TransferFailed(snapshot),
    };
    tell(call, entry.command, body, now, out);
}

/// Tells that the engine itself lost it.
pub(crate) fn lost(
    call: CallHandle,
    entry: Entry,
    code: Code,
    why: &str,
    now: Instant,
    out: &mut Outbox,
) {
    let snapshot = TransferSnapshot {
        state: TransferState::Lost,
        error: Some(ErrorObject::new(code, why)),
        ..entry.snapshot
    };
    let body = EventBody::TransferFailed(Box::new(snapshot));
    tell(call, entry.command, body, now, out);
}

/// A command about a transfer means nothing now.
pub(crate) fn refused(
    command: CommandId,
    call: CallHandle,
    why: &str,
    now: Instant,
    out: &mut Outbox,
) {
    let error = ErrorObject::new(Code::WRONG_STATE, why);
    warn(Some(command), call, error, now, out);
}

/// The far end wants us to go where nobody is sent.
pub(crate) fn forbidden(call: CallHandle, why: Unfit, now: Instant, out: &mut Outbox) {
    let error = ErrorObject::new(Code::TRANSFER_FORBIDDEN, why.to_string());
    warn(None, call, error, now, out);
}

fn warn(
    command: Option<CommandId>,
    call: CallHandle,
    error: ErrorObject,
    now: Instant,
    out: &mut Outbox,
) {
    let warning = Box::new(CallWarning {
        code: error.code,
        text: error.detail,
        fix: error.fix,
    });
    tell(call, command, EventBody::CallWarning(warning), now, out);
}

fn tell(
    call: CallHandle,
    command: Option<CommandId>,
    body: EventBody,
    now: Instant,
    out: &mut Outbox,
) {
    out.post(events::Word::Tell {
        at: now,
        account: None,
        call: Some(call),
        command,
        body,
    });
}

/// The status that says why, where one came.
pub(crate) const fn status_of(why: Why) -> Option<Status> {
    match why {
        Why::Refused(status) | Why::Target(status) => Some(status),
        Why::TargetGone(status) => status,
        Why::Unanswered | Why::Unknown | Why::CallerGone | Why::Cancelled => None,
    }
}

/// Why it did not work, for people; nothing where a person wanted it so (M-075).
pub(crate) fn error(why: Why) -> Option<ErrorObject> {
    let said = |status: Status| format!("{} {}", status.code(), status.reason_phrase());
    let (code, detail) = match why {
        Why::Cancelled => return None,
        Why::Refused(status) => {
            let why = format!("the other side said {} to the transfer", said(status));
            (Code::TRANSFER_REFUSED, why)
        }
        Why::Unanswered => {
            let why = "no answer came to the transfer".to_owned();
            (Code::TRANSFER_UNKNOWN, why)
        }
        Why::Unknown => {
            let why = "the other side took it and did not say how it ended".to_owned();
            (Code::TRANSFER_UNKNOWN, why)
        }
        Why::CallerGone => {
            let why = "the call ended before anybody said how the transfer did".to_owned();
            (Code::TRANSFER_CALLER_GONE, why)
        }
        Why::Target(status) => {
            let code = match status.code() {
                404 | 410 | 416 | 484 | 485 | 604 => Code::TRANSFER_NO_TARGET,
                401 | 403 | 407 => Code::TRANSFER_BARRED,
                _ => Code::TRANSFER_NOT_TAKEN,
            };
            (code, format!("the target said {}", said(status)))
        }
        Why::TargetGone(Some(status)) => {
            let why = format!("the call with the target ended with {}", said(status));
            (Code::TRANSFER_NOT_TAKEN, why)
        }
        Why::TargetGone(None) => {
            let why = "the target hung up before the call was handed over".to_owned();
            (Code::TRANSFER_NOT_TAKEN, why)
        }
    };
    let error = ErrorObject::new(code, detail);
    Some(match status_of(why) {
        Some(status) => error.sip_status(status.code()),
        None => error,
    })
}
