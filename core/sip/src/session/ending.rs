//! Saying goodbye: CANCEL and its races, BYE, and what comes late (RFC 3261 §9, §15; RFC 5407 §3).

use super::end::EndReason;
use super::fx::{Asked, Fx};
use super::invite::{acknowledge, late_success};
use super::ledger::{Ledger, Purpose};
use super::leg::{Leg, accept, refuse};
use super::order::Order;
use super::success::{self, Unacked};
use super::{Input, Stage, Timer};
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
    pub(crate) fn tell(&mut self, fx: &mut Fx<'_>) {
        match core::mem::replace(self, Self::Done) {
            Self::Due(reason) => fx.tell(News::Ended(reason)),
            Self::Done => {}
        }
    }

    /// The user wants something of a session that is over: what waits for an outcome gets one, unless
    /// the end was told, which is outcome enough.
    pub(crate) fn not_now(&self, order: &Order, fx: &mut Fx<'_>) {
        match self {
            Self::Due(_) => {}
            Self::Done => return,
        }
        match order {
            Order::Request(number, _) => fx.tell(News::Outcome {
                number: *number,
                status: None,
            }),
            Order::Offer(_) => fx.tell(News::OfferRefused { status: None }),
            Order::Progress(_)
            | Order::Accept(_)
            | Order::Respond(..)
            | Order::Decline(_)
            | Order::Redirect(_)
            | Order::HangUp(_)
            | Order::Answer(..)
            | Order::RefuseOffer(..)
            | Order::Contact(_)
            | Order::Account(_) => {}
        }
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
    pub(crate) leg: Option<Leg>,
    pub(crate) left: LeftOver,
    pub(crate) report: Report,
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
        ledger.wind_down(fx);
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
            Input::Order(order) => self.report.not_now(&order, fx),
            Input::Timer(Timer::Success) => self.success_due(ledger, fx),
            Input::Timer(Timer::Tell) => self.report.tell(fx),
            Input::Timer(Timer::Forget) => ledger.forget_acks(fx),
            Input::Timer(Timer::Cancelled) => ledger.abandon_invites(fx),
            Input::Timer(
                Timer::NoAnswer
                | Timer::Reliable
                | Timer::KeepRinging
                | Timer::Retry
                | Timer::Refresh,
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
                    | Purpose::User(_),
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
pub(crate) fn goodbye_request(asked: &Asked, fx: &mut Fx<'_>) {
    if asked.request.method() == &Method::Bye {
        accept(asked, fx);
    } else {
        refuse(asked, Status::CALL_DOES_NOT_EXIST, fx);
    }
}
