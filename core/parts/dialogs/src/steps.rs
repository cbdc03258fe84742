//! What is done by itself in a call, when its time comes.

use crate::Dialogs;
use crate::answering::Step;
use base::Instant;
use control::CallHandle;
use ports::Outbox;
use ports::media::Standing;
use sip::session::Order;

impl Dialogs {
    fn step(&mut self, handle: CallHandle, step: Step, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let session = call.session;
        match step {
            Step::Unregistered => self.not_registered(handle, now, out),
            Step::Ring => {
                self.stands(handle, Standing::Incoming, out);
                self.order(
                    session,
                    Order::Progress(sip::session::Progress::RINGING),
                    now,
                );
            }
            Step::Accept => self.accept(handle, now, out),
            Step::PickUp(how) => self.pick_up(handle, how, now, out),
            Step::Forward(to) => self.forward_unanswered(handle, to, now, out),
            Step::Keys(keys) => self.dialled_keys(handle, keys, now, out),
            Step::Hold => self.put_aside(handle, now, out),
            Step::Resume => self.take_up(handle, now, out),
            Step::HangUp(reason) => self.order(session, Order::HangUp(reason), now),
        }
    }

    /// Carries out the steps that are due and sets the timer of the next one.
    pub(crate) fn follow_plan(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        loop {
            let Some(call) = self.calls.get_mut(&handle) else {
                return;
            };
            let waits = call.unnoted.filter(|until| *until > now);
            let step = if waits.is_none() { call.due(now) } else { None };
            let Some(step) = step else {
                let next = waits.or(call.steps.front().map(|(at, _)| *at));
                self.steps.set(handle, next);
                return;
            };
            self.step(handle, step, now, out);
        }
    }
}
