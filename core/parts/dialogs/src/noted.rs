//! What the history is told of calls, and what it tells back.
//!
//! A call that comes in rings once a record of it is on disk: a phone that rings and loses power has a missed call
//! to show. A disk that does not answer delays the ring by [`NOTED_WITHIN`] and no more.

use crate::Dialogs;
use crate::call::Call;
use base::{Duration, Instant};
use control::event::CallNamed;
use control::history::Mark;
use control::{CallHandle, EventBody, KnownName, RecordingSnapshot};
use ports::{Outbox, history};

/// How long a ring waits for the record at most. Source: ours; a commit takes some milliseconds, and nobody
/// notices this much of a ring.
const NOTED_WITHIN: Duration = Duration::from_millis(50);

impl Dialogs {
    /// Tells the history how a call is now, where there is a history.
    pub(crate) fn note(&self, handle: CallHandle, out: &mut Outbox) {
        if let Some(call) = self.calls.get(&handle).filter(|_| self.settings.history) {
            out.post(history::Word::Call(Box::new(call.snapshot.clone())));
        }
    }

    /// How a call's recording stands: a call that was recorded is marked so.
    pub(crate) fn recording(
        &mut self,
        handle: CallHandle,
        recording: Option<Box<RecordingSnapshot>>,
        out: &mut Outbox,
    ) {
        if let Some(call) = self.calls.get_mut(&handle) {
            call.snapshot.recording = recording;
            self.note(handle, out);
        }
    }

    /// Tells it of those events after which the record is another one.
    pub(crate) fn note_after(&self, handle: CallHandle, body: &EventBody, out: &mut Outbox) {
        let changes = matches!(
            body,
            EventBody::CallCreated(_) | EventBody::CallAnswered(_) | EventBody::CallEnded(_)
        );
        if changes {
            self.note(handle, out);
        }
        self.show_transfer(handle, body, out);
    }

    /// Tells it of what no snapshot shows.
    pub(crate) fn mark(&self, call: CallHandle, mark: Mark, out: &mut Outbox) {
        if self.settings.history {
            out.post(history::Word::Marked { call, mark });
        }
    }

    /// A call that comes in waits for its record.
    pub(crate) fn await_record(&self, call: &mut Call, now: Instant) {
        call.unnoted = self.settings.history.then(|| now + NOTED_WITHIN);
    }

    /// The record is on disk, or will not be: what waited for it goes on.
    pub(crate) fn noted(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.unnoted.take().is_some() && call.local.is_some() {
            self.follow_plan(handle, now, out);
        }
    }

    /// A list knows who the other end is.
    pub(crate) fn named(
        &mut self,
        handle: CallHandle,
        known: KnownName,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.snapshot.known = Some(known.clone());
        let snapshot = call.snapshot.clone();
        let told = Box::new(CallNamed { known, snapshot });
        self.tell(handle, EventBody::CallNamed(told), now, out);
    }

    /// The history was made anew: it is told of all calls again, and none waits for it.
    pub(crate) fn history_lost(&mut self, now: Instant, out: &mut Outbox) {
        let all: Vec<CallHandle> = self.calls.keys().copied().collect();
        for call in all {
            self.note(call, out);
            self.noted(call, now, out);
        }
    }
}
