//! How calls stand, for the tones that tell the person of it.

use crate::Dialogs;
use crate::call::Call;
use control::snapshot::CallDirection;
use control::{CallHandle, EndCause, EndReason, EndedBy};
use ports::Outbox;
use ports::media::{self, Standing};

impl Dialogs {
    /// Tells how a call stands. Who has no microphone in it hears no tone of it.
    pub(crate) fn stands(&self, handle: CallHandle, standing: Standing, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle).filter(|call| call.is_personal()) else {
            return;
        };
        out.post(media::News::Stands {
            call: handle,
            account: call.snapshot.account.clone(),
            standing,
        });
    }
}

/// What is told of a call that is over.
pub(crate) fn at_the_end(call: &Call, reason: &EndReason) -> Standing {
    let incoming = call.snapshot.direction == CallDirection::Incoming;
    let answered = call.accepted.is_some();
    if call.replaced || reason.by == EndedBy::Local || incoming && !answered {
        return Standing::Hushed;
    }
    if answered {
        return Standing::HungUp;
    }
    match reason.cause {
        EndCause::Busy | EndCause::Declined => Standing::Busy,
        EndCause::Redirected | EndCause::AnsweredElsewhere => Standing::Hushed,
        EndCause::Normal
        | EndCause::NoAnswer
        | EndCause::Cancelled
        | EndCause::Failed
        | EndCause::Unknown => Standing::Failed,
    }
}
