//! Saying goodbye: CANCEL and its races, BYE, and what comes late (RFC 3261 §9, §15; RFC 5407 §3).

use super::calling::{Calling, Heard, acknowledge, new_leg};
use super::end::EndReason;
use super::fx::{Asked, Fx};
use super::ledger::{Ledger, Purpose};
use super::leg::{Leg, accept, refuse};
use super::order::{ForkId, Order};
use super::success::{self, Unacked};
use super::up::late_success;
use super::{GIVE_UP, Input, Stage, T2, Timer};
use crate::dialogs::News;
use crate::ids::ClientId;
use serde::{Deserialize, Serialize};
use sip_message::{Method, Response, Status};

/// Whether the user knows that the session ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// It will be told as soon as the peer confirmed the goodbye, or T2 passed.
    Due(EndReason),
    /// It was told.
    Done,
}

impl Report {
    fn tell(&mut self, fx: &mut Fx<'_>) {
        match core::mem::replace(self, Self::Done) {
            Self::Due(reason) => fx.tell(News::Ended(reason)),
            Self::Done => {}
        }
    }
}

/// Where the CANCEL stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cancel {
    /// No provisional response yet, so it waits (RFC 3261 §9.1); the text is its Reason.
    Waiting(Option<String>),
    /// It is out.
    Sent,
}

/// We hung up before a final response to our INVITE.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cancelling {
    calling: Calling,
    cancel: Cancel,
    report: Report,
}

impl Cancelling {
    /// Cancels as soon as that is allowed.
    pub(crate) fn begin(
        calling: Calling,
        end: EndReason,
        reason: Option<String>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        ledger.timers.clear_all();
        ledger.timers.set(Timer::Tell, fx.now + T2);
        let mut cancelling = Self {
            calling,
            cancel: Cancel::Waiting(reason),
            report: Report::Due(end),
        };
        match cancelling.calling.heard {
            Heard::Nothing => {}
            Heard::Provisional => cancelling.cancel(ledger, fx),
        }
        Stage::Cancelling(Box::new(cancelling))
    }

    fn cancel(&mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match core::mem::replace(&mut self.cancel, Cancel::Sent) {
            Cancel::Waiting(reason) => {
                fx.cancel(self.calling.invite, reason);
                ledger.timers.set(Timer::Cancelled, fx.now + GIVE_UP);
            }
            Cancel::Sent => {}
        }
    }

    pub(crate) fn step(mut self, input: Input, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match input {
            Input::Response { id, response } if id == self.calling.invite => {
                return self.responded(&response, ledger, fx);
            }
            Input::Failed { id, why: _ } if id == self.calling.invite => {
                ledger.close(id, fx);
                return self.finish(ledger, fx);
            }
            Input::Timer(Timer::Cancelled) => {
                // Silence for 64·T1 ends the INVITE too (RFC 3261 §9.1).
                ledger.close(self.calling.invite, fx);
                return self.finish(ledger, fx);
            }
            Input::Timer(Timer::Tell) => self.report.tell(fx),
            Input::Response { id, response } => {
                if response.status().is_final() {
                    ledger.close(id, fx);
                }
            }
            Input::Failed { id, why: _ } => {
                ledger.close(id, fx);
            }
            Input::Request { asked, tag: _ } => goodbye_request(&asked, fx),
            Input::Order(order) => not_now(&order, fx),
            Input::Timer(
                Timer::NoAnswer
                | Timer::Reliable
                | Timer::KeepRinging
                | Timer::Success
                | Timer::Retry
                | Timer::Refresh
                | Timer::Forget,
            )
            | Input::Ack(_)
            | Input::Cancelled { .. }
            | Input::ServerEnded(_) => {}
        }
        Stage::Cancelling(Box::new(self))
    }

    fn responded(mut self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let status = response.status();
        if status.is_provisional() {
            self.cancel(ledger, fx);
            return Stage::Cancelling(Box::new(self));
        }
        if !status.is_success() {
            ledger.close(self.calling.invite, fx);
            if let Report::Due(reason) = &mut self.report {
                reason.status = Some(status);
            }
            return self.finish(ledger, fx);
        }
        // The 2xx crossed the CANCEL, or nobody listened to it: ACK, then BYE (RFC 5407 §3.1.2).
        let id = self.calling.invite;
        let sent = ledger.succeed(id);
        let made = sent.as_ref().and_then(|sent| {
            new_leg(
                &sent.request,
                response,
                self.calling.tag,
                ForkId::FIRST,
                None,
            )
        });
        let (Some(sent), Some(mut leg)) = (sent, made) else {
            fx.forget(id);
            return self.finish(ledger, fx);
        };
        if let Some(early) = self
            .calling
            .forks
            .iter()
            .find(|early| early.dialog.remote_tag() == leg.dialog.remote_tag())
        {
            // PRACK and UPDATE have counted on since the INVITE.
            leg.dialog = early.dialog.clone();
            if leg.dialog.confirm_by(response).is_err() {
                leg.dialog.confirm();
            }
        }
        ledger.timers.clear(Timer::Cancelled);
        acknowledge(id, &sent.request, &leg, None, ledger, fx);
        ledger.forking = Some(sent);
        leg.bye(None, ledger, fx);
        Stage::Ending(Box::new(Ending {
            leg: Some(leg),
            left: LeftOver::Nothing,
            report: self.report,
        }))
    }

    fn finish(mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        self.report.tell(fx);
        ledger.timers.clear_all();
        Stage::Ending(Box::new(Ending {
            leg: None,
            left: LeftOver::Nothing,
            report: Report::Done,
        }))
    }
}

/// What our last 2xx still needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum LeftOver {
    /// Nothing.
    Nothing,
    /// Its ACK; the peer said BYE already.
    Ack(Unacked),
    /// Its ACK, and then our BYE with this Reason (RFC 3261 §15).
    AckThenBye(Unacked, Option<String>),
}

/// The session is over, or as good as: goodbyes are under way, and late messages get what they need.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ending {
    leg: Option<Leg>,
    left: LeftOver,
    report: Report,
}

/// The session ended with nothing but open requests of ours left.
pub(crate) fn over(reason: EndReason, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
    Ending::done(None, LeftOver::Nothing, reason, ledger, fx)
}

impl Ending {
    /// The session ended, and the user is told now.
    pub(crate) fn done(
        leg: Option<Leg>,
        left: LeftOver,
        reason: EndReason,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        refuse_asked(ledger, fx);
        ledger.timers.clear_all();
        ledger.watch_acks();
        match &left {
            LeftOver::Ack(unacked) | LeftOver::AckThenBye(unacked, _) => {
                ledger.timers.set(Timer::Success, unacked.deadline());
            }
            LeftOver::Nothing => {}
        }
        fx.tell(News::Ended(reason));
        Stage::Ending(Box::new(Self {
            leg,
            left,
            report: Report::Done,
        }))
    }

    /// Goodbye is on its way; the user is told when it arrived.
    pub(crate) fn told_later(leg: Leg, left: LeftOver, reason: EndReason) -> Stage {
        Stage::Ending(Box::new(Self {
            leg: Some(leg),
            left,
            report: Report::Due(reason),
        }))
    }

    /// Whether nothing can come any more that needs an answer from here.
    pub(crate) fn is_over(&self, ledger: &Ledger) -> bool {
        match (&self.left, &self.report) {
            (LeftOver::Nothing, Report::Done) => ledger.is_empty(),
            (LeftOver::Ack(_) | LeftOver::AckThenBye(..), _) | (_, Report::Due(_)) => false,
        }
    }

    /// Whether the user was told.
    pub(crate) fn is_told(&self) -> bool {
        self.report == Report::Done
    }

    pub(crate) fn step(mut self, input: Input, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match input {
            Input::Response { id, response } => self.responded(id, &response, ledger, fx),
            Input::Failed { id, why: _ } => {
                let sent = ledger.close(id, fx);
                if sent.is_some_and(|sent| sent.purpose == Purpose::Bye) {
                    self.report.tell(fx);
                }
            }
            Input::Request { asked, tag: _ } => {
                // Both hung up at once: the peer's BYE is as good as the answer to ours.
                if asked.request.method() == &Method::Bye {
                    self.report.tell(fx);
                    self.stop_waiting();
                }
                goodbye_request(&asked, fx);
            }
            Input::Ack(ack) => {
                let cseq = ack.headers().cseq().map_or(0, |cseq| cseq.number);
                self.acked(Some(cseq), ledger, fx);
            }
            Input::Order(order) => not_now(&order, fx),
            Input::Timer(Timer::Success) => self.success_due(ledger, fx),
            Input::Timer(Timer::Tell) => self.report.tell(fx),
            Input::Timer(Timer::Forget) => ledger.forget_acks(fx),
            Input::Timer(
                Timer::NoAnswer
                | Timer::Reliable
                | Timer::KeepRinging
                | Timer::Retry
                | Timer::Refresh
                | Timer::Cancelled,
            )
            | Input::Cancelled { .. }
            | Input::ServerEnded(_) => {}
        }
        Stage::Ending(Box::new(self))
    }

    fn responded(
        &mut self,
        id: ClientId,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let status = response.status();
        if status.is_provisional() {
            return;
        }
        match (ledger.purpose(id), self.leg.as_mut()) {
            (None, Some(leg)) => {
                if status.is_success() {
                    late_success(id, response, leg, ledger, fx);
                }
            }
            // A 2xx to our re-INVITE crossed the BYE (RFC 5407 §3.2.3).
            (Some(Purpose::Reinvite), Some(leg)) if status.is_success() => {
                if let Some(sent) = ledger.succeed(id) {
                    acknowledge(id, &sent.request, leg, None, ledger, fx);
                }
            }
            (Some(Purpose::Bye), Some(leg)) => {
                let sent = ledger.close(id, fx);
                let settled = sent.and_then(|sent| leg.settle(sent, response, ledger, fx));
                if settled.is_some() {
                    self.report.tell(fx);
                }
            }
            (
                Some(
                    Purpose::Invite
                    | Purpose::Reinvite
                    | Purpose::Prack(_)
                    | Purpose::Offer(_)
                    | Purpose::Refresh
                    | Purpose::Inform(_),
                ),
                Some(_),
            )
            | (_, None) => {
                ledger.close(id, fx);
            }
        }
    }

    /// The ACK came, or (`None`) never will.
    fn acked(&mut self, cseq: Option<u32>, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let reason = match &self.left {
            LeftOver::Nothing => return,
            LeftOver::Ack(unacked) | LeftOver::AckThenBye(unacked, _)
                if cseq.is_some_and(|cseq| cseq != unacked.cseq) =>
            {
                return;
            }
            LeftOver::Ack(_) => None,
            LeftOver::AckThenBye(_, reason) => Some(reason.clone()),
        };
        self.left = LeftOver::Nothing;
        ledger.timers.clear(Timer::Success);
        if let (Some(reason), Some(leg)) = (reason, self.leg.as_mut()) {
            leg.bye(reason.as_deref(), ledger, fx);
        }
    }

    /// The peer's BYE makes ours pointless; its ACK may still be on the way.
    fn stop_waiting(&mut self) {
        self.left = match core::mem::replace(&mut self.left, LeftOver::Nothing) {
            LeftOver::AckThenBye(unacked, _) | LeftOver::Ack(unacked) => LeftOver::Ack(unacked),
            LeftOver::Nothing => LeftOver::Nothing,
        };
    }

    fn success_due(&mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let unacked = match &mut self.left {
            LeftOver::Ack(unacked) | LeftOver::AckThenBye(unacked, _) => unacked,
            LeftOver::Nothing => return,
        };
        match unacked.expire(fx.now) {
            success::Due::Nothing => {}
            success::Due::Resend => fx.respond(unacked.server, unacked.response.clone()),
            success::Due::GiveUp => {
                self.acked(None, ledger, fx);
                return;
            }
        }
        ledger.timers.set(Timer::Success, unacked.deadline());
    }
}

/// Refuses everything the peer asked and our user did not answer (RFC 3261 §15.1.2).
pub(crate) fn refuse_asked(ledger: &mut Ledger, fx: &mut Fx<'_>) {
    for asked in core::mem::take(&mut ledger.asked) {
        fx.owners.servers.remove(&asked.id);
        refuse(&asked, Status::REQUEST_TERMINATED, fx);
    }
}

/// A request in a dialog that is over: BYE is welcome, all else knows it too late (RFC 5407 §3.2).
fn goodbye_request(asked: &Asked, fx: &mut Fx<'_>) {
    if asked.request.method() == &Method::Bye {
        accept(asked, fx);
    } else {
        refuse(asked, Status::CALL_DOES_NOT_EXIST, fx);
    }
}

/// The user wants something of a session that is over. Only what waits for an outcome gets one.
fn not_now(order: &Order, fx: &mut Fx<'_>) {
    match order {
        Order::Inform(number, _) => fx.tell(News::Informed {
            number: *number,
            status: None,
        }),
        Order::Offer(_) => fx.tell(News::OfferRefused { status: None }),
        Order::Progress(_)
        | Order::Accept(_)
        | Order::Decline(_)
        | Order::HangUp(_)
        | Order::Answer(..)
        | Order::RefuseOffer(..)
        | Order::Contact(_)
        | Order::Account(_) => {}
    }
}
