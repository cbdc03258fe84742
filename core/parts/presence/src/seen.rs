//! A call as watchers see it (RFC 4235 §3.7.1).

use control::CallSnapshot;
use control::snapshot::{CallDirection, CallState};
use sip::lamp::dialog_info::{Call, Direction, Party, Stage};

/// `None`: it is over, and stands in no document any more.
///
/// Neither Call-ID nor tags are told: who watches may know of a call, and not take it.
pub fn call(of: &CallSnapshot) -> Option<Call> {
    let stage = match of.state {
        CallState::Dialing => Stage::Trying,
        CallState::Ringing | CallState::Progress => Stage::Early,
        CallState::Answered => Stage::Confirmed,
        // It is as it was until the far end agrees; a call that rang is not up.
        CallState::Ending | CallState::Unknown if of.answered.is_some() => Stage::Confirmed,
        CallState::Ending | CallState::Unknown => Stage::Early,
        CallState::Ended => return None,
    };
    let (direction, them) = match of.direction {
        CallDirection::Outgoing => (Direction::Outgoing, &of.to),
        CallDirection::Incoming => (Direction::Incoming, &of.from),
    };
    Some(Call {
        id: of.call.to_string(),
        stage,
        direction: Some(direction),
        held: of.held_by_local,
        peer: Party {
            uri: them.uri.clone(),
            display: them.display.clone(),
        },
        replaces: None,
    })
}
