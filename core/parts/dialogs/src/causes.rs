//! Which command each event of a call belongs to.

use crate::Dialogs;
use crate::call::Call;
use base::Instant;
use control::event::Side;
use control::{CallHandle, CommandId, EventBody};
use ports::Outbox;
use sip::SessionId;
use std::collections::VecDeque;

/// Commands whose outcome is still to come, or came.
#[derive(Debug, Default)]
pub struct Causes {
    /// The one that dialled: all that comes of it, to the end.
    pub dialled: Option<CommandId>,
    /// The one that picked up.
    pub accepted: Option<CommandId>,
    /// The one that silenced the microphone, or opened it.
    pub muted: Option<CommandId>,
    /// The one that held it, or went on with it.
    pub held: Option<CommandId>,
    /// The one that merged it with others, or split it off.
    pub merged: Option<CommandId>,
    /// The one that hung up or declined.
    pub ends: Option<CommandId>,
    /// Of each digit on its way, oldest first.
    pub digits: VecDeque<CommandId>,
}

impl Causes {
    /// The command that `body`, an event of `call`, is an outcome of; `None` for what the peer, the network
    /// or the engine did.
    pub fn of(call: &Call, body: &EventBody) -> Option<CommandId> {
        let causes = &call.causes;
        if let EventBody::CallMute(_) = body {
            return causes.muted;
        }
        if let EventBody::CallHold(told) | EventBody::CallResumed(told) = body {
            return causes.held.filter(|_| told.by == Side::Local);
        }
        if let EventBody::CallMerged(_) | EventBody::CallSplit(_) = body {
            return causes.merged;
        }
        if let EventBody::CallAnswered(_) = body {
            return causes.accepted.or(causes.dialled);
        }
        if let EventBody::CallEnded(_) = body {
            // Whoever waits for something in this call learns here that it will not come.
            let accepts = causes.accepted.filter(|_| call.accepted.is_none());
            let held = causes.held.filter(|_| call.hold.is_open());
            let waits = causes.digits.front().copied().or(held).or(accepts);
            return causes.ends.or(waits).or(causes.dialled);
        }
        let of_dialling = matches!(
            body,
            EventBody::CallCreated(_)
                | EventBody::CallSent(_)
                | EventBody::CallRinging(_)
                | EventBody::CallProgress(_)
        );
        causes.dialled.filter(|_| of_dialling)
    }
}

impl Dialogs {
    /// Notes a command of a call; `None` where there is no such call.
    pub(crate) fn commanded(
        &mut self,
        handle: CallHandle,
        note: impl FnOnce(&mut Causes),
    ) -> Option<SessionId> {
        let call = self.calls.get_mut(&handle)?;
        note(&mut call.causes);
        Some(call.session)
    }

    pub(crate) fn tell(&self, handle: CallHandle, body: EventBody, now: Instant, out: &mut Outbox) {
        let call = self.calls.get(&handle);
        let command = call.and_then(|call| Causes::of(call, &body));
        self.note_after(handle, &body, out);
        self.tell_of(command, (handle, body), now, out);
    }

    /// Tells what is an outcome of `command`.
    pub(crate) fn tell_of(
        &self,
        command: Option<CommandId>,
        (handle, body): (CallHandle, EventBody),
        now: Instant,
        out: &mut Outbox,
    ) {
        let call = self.calls.get(&handle);
        out.post(ports::events::Word::Tell {
            at: now,
            account: call.and_then(|c| c.snapshot.account.clone()),
            call: Some(handle),
            command,
            body,
        });
    }
}
