//! What a call is in the history: everything but its marks and the name that lists know is in its snapshot.

use control::history::{HistoryRecord, Mark, RecordKind, RecordState};
use control::snapshot::{CallDirection, CallSnapshot, CallState, Party};
use control::{EndCause, EndedBy};

/// The record of a call that is seen for the first time.
pub fn of(call: &CallSnapshot) -> HistoryRecord {
    let local = match call.direction {
        CallDirection::Incoming => &call.to,
        CallDirection::Outgoing => &call.from,
    };
    HistoryRecord {
        id: format!("{:x}-{}", call.created.unix_ms(), call.call),
        call: call.call,
        kind: kind(call),
        state: RecordState::Open,
        account: call.account.clone(),
        local: local.uri.clone(),
        remote: far_end(call).clone(),
        known: call.known.clone(),
        started: call.created,
        answered: None,
        ended: None,
        duration_ms: None,
        cause: None,
        sip_status: None,
        marks: Vec::new(),
        sip_call_id: None,
    }
}

/// Brings the record to where the call is now.
pub fn follow(record: &mut HistoryRecord, call: &CallSnapshot) {
    record.kind = kind(call);
    record.remote = far_end(call).clone();
    record.answered = call.answered;
    record.sip_call_id.clone_from(&call.sip_call_id);
    if call.recording.is_some() {
        mark(record, Mark::Recorded);
    }
    if call.state != CallState::Ended {
        return;
    }
    record.ended = call.ended;
    record.state = match call.answered {
        Some(_) => RecordState::Completed,
        None => RecordState::Cancelled,
    };
    let length = call.answered.zip(call.ended);
    record.duration_ms = length.map(|(answered, ended)| ended.ms_since(answered));
    let Some(end) = &call.end else { return };
    record.cause = Some(end.cause);
    record.sip_status = end.sip_status;
    let ended_here = end.by == EndedBy::Local && call.answered.is_none();
    // Who is sent on is not refused.
    let refused = ended_here && end.cause != EndCause::Redirected;
    if refused && call.direction == CallDirection::Incoming {
        mark(record, Mark::Rejected);
    }
}

/// Adds a mark; `false`: it has it.
pub fn mark(record: &mut HistoryRecord, mark: Mark) -> bool {
    match record.marks.binary_search(&mark) {
        Ok(_) => false,
        Err(at) => {
            record.marks.insert(at, mark);
            true
        }
    }
}

/// The other end.
pub const fn far_end(call: &CallSnapshot) -> &Party {
    match call.direction {
        CallDirection::Incoming => &call.from,
        CallDirection::Outgoing => &call.to,
    }
}

/// A call that rings is missed until somebody takes it: so it is if the engine ends now.
fn kind(call: &CallSnapshot) -> RecordKind {
    let cause = call.end.as_ref().map(|end| end.cause);
    match (call.direction, call.answered, cause) {
        (CallDirection::Outgoing, _, _) => RecordKind::Outgoing,
        (CallDirection::Incoming, Some(_), _) => RecordKind::Answered,
        (CallDirection::Incoming, None, Some(EndCause::AnsweredElsewhere)) => {
            RecordKind::AnsweredElsewhere
        }
        (CallDirection::Incoming, None, _) => RecordKind::Missed,
    }
}
