//! What an event is about: an account, a call, a recording, a transfer.

use control::recording::RecordingChange;
use control::snapshot::{AccountSnapshot, CallSnapshot};
use control::{EventBody, TransferSnapshot};

// Most events concern no account; a new one that does is added here and in `call_of`.
#[allow(clippy::wildcard_enum_match_arm)]
pub(super) fn account_of(body: &EventBody) -> Option<&AccountSnapshot> {
    match body {
        EventBody::AccountAdded(change)
        | EventBody::AccountRemoved(change)
        | EventBody::AccountRegistering(change)
        | EventBody::AccountRegistered(change)
        | EventBody::AccountRenewed(change)
        | EventBody::AccountChanged(change)
        | EventBody::AccountFailed(change)
        | EventBody::AccountUnregistered(change) => Some(&change.snapshot),
        _ => None,
    }
}

#[allow(clippy::wildcard_enum_match_arm)]
pub(super) fn recording_of(body: &EventBody) -> Option<&RecordingChange> {
    match body {
        EventBody::RecordingStarted(change)
        | EventBody::RecordingPaused(change)
        | EventBody::RecordingResumed(change)
        | EventBody::RecordingGap(change)
        | EventBody::RecordingStopped(change)
        | EventBody::RecordingFailed(change) => Some(change),
        _ => None,
    }
}

#[allow(clippy::wildcard_enum_match_arm)]
pub(super) fn transfer_of(body: &EventBody) -> Option<&TransferSnapshot> {
    match body {
        EventBody::TransferRequested(told)
        | EventBody::TransferProgress(told)
        | EventBody::TransferDone(told)
        | EventBody::TransferFailed(told) => Some(told),
        _ => None,
    }
}

#[allow(clippy::wildcard_enum_match_arm)]
pub(super) fn call_of(body: &EventBody) -> Option<&CallSnapshot> {
    match body {
        EventBody::CallCreated(told) => Some(&told.snapshot),
        EventBody::CallIncoming(told) => Some(&told.snapshot),
        EventBody::CallSent(told) => Some(&told.snapshot),
        EventBody::CallRinging(told) | EventBody::CallProgress(told) => Some(&told.snapshot),
        EventBody::CallAnswered(told) => Some(&told.snapshot),
        EventBody::CallMedia(told) => Some(&told.snapshot),
        EventBody::CallHold(told) | EventBody::CallResumed(told) => Some(&told.snapshot),
        EventBody::CallMerged(told)
        | EventBody::CallSplit(told)
        | EventBody::CallParticipants(told) => Some(&told.snapshot),
        EventBody::CallSilenced(told) => Some(&told.snapshot),
        EventBody::CallMute(told) => Some(&told.snapshot),
        EventBody::CallNamed(told) => Some(&told.snapshot),
        EventBody::CallQuality(told) => Some(&told.snapshot),
        EventBody::CallEnded(told) => Some(&told.snapshot),
        _ => None,
    }
}

/// The snapshot out of an event of a call; the event itself where it holds none.
#[allow(clippy::wildcard_enum_match_arm)]
pub(super) fn call_within(body: EventBody) -> Result<CallSnapshot, EventBody> {
    Ok(match body {
        EventBody::CallCreated(told) => told.snapshot,
        EventBody::CallIncoming(told) => told.snapshot,
        EventBody::CallSent(told) => told.snapshot,
        EventBody::CallRinging(told) | EventBody::CallProgress(told) => told.snapshot,
        EventBody::CallAnswered(told) => told.snapshot,
        EventBody::CallMedia(told) => told.snapshot,
        EventBody::CallNamed(told) => told.snapshot,
        EventBody::CallQuality(told) => told.snapshot,
        EventBody::CallEnded(told) => told.snapshot,
        // Rare ones go the long way.
        other => return Err(other),
    })
}
