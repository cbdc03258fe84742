//! The dialog is confirmed: the call is up until somebody says BYE.
//!
//! Source: RFC 3261 §12.2, §13.2.2.4, §13.3.1.4, §15; RFC 4028 §10. INVITEs inside the dialog are in
//! [`super::modify`].

use super::end::{Cause, Detail, EndReason, Goodbye};
use super::ending::{Ending, LeftOver};
use super::fx::{Asked, Fx};
use super::invite::{acknowledge, late_success};
use super::ledger::{Ledger, Purpose, Sent};
use super::leg::{Left, Leg, accept, refuse, respond};
use super::modify::{Wants, Why};
use super::offer::{Gate, Ours, Theirs};
use super::order::Order;
use super::success::{self, Unacked};
use super::{Input, Stage, T2, Timer, read};
use crate::dialog::Effect;
use crate::dialogs::{Final, News};
use crate::ids::{ClientId, ServerId};
use crate::transaction::Failure;
use serde::{Deserialize, Serialize};
use sip_message::{Request, Response, Status, Text};

/// What INVITE transactions the confirmed dialog is in the middle of; never two (RFC 3261 §14.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Inviting {
    /// None.
    Quiet,
    /// Our 2xx waits for its ACK.
    Unacked(Unacked),
    /// The peer's 2xx offered, and our user has not answered: the ACK waits.
    AckOwed {
        /// Our INVITE.
        client: ClientId,
        /// The INVITE itself, for the ACK.
        invite: Request,
    },
    /// The peer's re-INVITE waits for our user.
    Asked(ServerId),
    /// Our re-INVITE is out.
    Asking {
        /// Our INVITE.
        client: ClientId,
        /// What it is for.
        wants: Wants,
    },
}

/// The dialog is confirmed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Up {
    pub(crate) leg: Leg,
    pub(crate) inviting: Inviting,
    /// A re-INVITE that waits for its turn: after a glare, or until the dialog is quiet.
    pub(crate) later: Option<Wants>,
}

impl Up {
    pub(crate) fn new(leg: Leg, inviting: Inviting) -> Self {
        Self {
            leg,
            inviting,
            later: None,
        }
    }

    /// What hanging up would send now.
    pub(crate) fn goodbye(&self) -> Goodbye {
        match self.inviting {
            Inviting::Unacked(_) => Goodbye::ByeAfterAck,
            Inviting::AckOwed { .. } => Goodbye::AckAndBye,
            Inviting::Quiet | Inviting::Asked(_) | Inviting::Asking { .. } => Goodbye::Bye,
        }
    }

    pub(crate) fn step(mut self, input: Input, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match input {
            Input::Request { asked, tag } => {
                return self.request(asked, tag.as_deref(), ledger, fx);
            }
            Input::Ack(ack) => return self.acked(&ack, ledger, fx),
            Input::Cancelled { id, reason: _ } => self.invite_withdrawn(id, ledger, fx),
            Input::Response { id, response } => return self.responded(id, &response, ledger, fx),
            Input::Failed { id, why } => return self.failed(id, why, ledger, fx),
            Input::Order(order) => return self.order(order, ledger, fx),
            Input::Timer(Timer::Success) => return self.success_due(ledger, fx),
            Input::Timer(Timer::Refresh) => return self.refresh_due(ledger, fx),
            Input::Timer(Timer::Retry) => self.retry(ledger, fx),
            Input::Timer(Timer::Forget) => ledger.forget_acks(fx),
            Input::Timer(Timer::NoAnswer) => self.unanswered(fx),
            Input::ServerEnded(id) => {
                self.invite_withdrawn(id, ledger, fx);
                self.leg.lapse(id, ledger, fx);
            }
            Input::Timer(Timer::Reliable | Timer::KeepRinging | Timer::Tell | Timer::Cancelled) => {
            }
        }
        Stage::Up(Box::new(self))
    }

    fn request(
        mut self,
        asked: Asked,
        tag: Option<&str>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        if !self.leg.dialog.is_with(tag) {
            refuse(&asked, Status::CALL_DOES_NOT_EXIST, fx);
            return Stage::Up(Box::new(self));
        }
        match self.leg.request(asked, ledger, fx) {
            Left::Nothing | Left::Acknowledged => {}
            Left::Invite(asked) => self.hear_invite(asked, ledger, fx),
            Left::Bye(asked) => {
                accept(&asked, fx);
                let reason = read::reason(asked.request.headers());
                let reason = EndReason::left_by_peer(reason);
                return self.ended_by_peer(reason, ledger, fx);
            }
        }
        Stage::Up(Box::new(self))
    }

    fn ended_by_peer(self, reason: EndReason, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let left = match self.inviting {
            // The BYE may have overtaken the ACK, or the 2xx (RFC 5407 §3.1.3, §3.1.6).
            Inviting::Unacked(unacked) => LeftOver::Ack(unacked),
            Inviting::AckOwed { client, invite } => {
                acknowledge(client, &invite, &self.leg, None, ledger, fx);
                LeftOver::Nothing
            }
            Inviting::Quiet | Inviting::Asked(_) | Inviting::Asking { .. } => LeftOver::Nothing,
        };
        Ending::done(Some(self.leg), left, reason, ledger, fx)
    }

    /// The ACK to our 2xx.
    fn acked(mut self, ack: &Request, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let number = ack.headers().cseq().map(|cseq| cseq.number);
        match &self.inviting {
            Inviting::Unacked(unacked) if number == Ok(unacked.cseq) => {}
            // A repeat, or the ACK to a refusal that strayed here.
            Inviting::Unacked(_)
            | Inviting::Quiet
            | Inviting::AckOwed { .. }
            | Inviting::Asked(_)
            | Inviting::Asking { .. } => return Stage::Up(Box::new(self)),
        }
        self.inviting = Inviting::Quiet;
        ledger.timers.clear(Timer::Success);
        let fork = self.leg.fork;
        if self.leg.gate.awaits(Ours::Success) {
            self.leg.gate = self.leg.gate.close();
            let Some(description) = read::description(ack.headers(), ack.body()) else {
                // The answer is missing (RFC 3261 §13.2.1), so there is nothing to talk over.
                let reason = EndReason::failed(Detail::NoDescription);
                return leave(self.leg, reason, ledger, fx);
            };
            fx.tell(News::Answer {
                fork,
                description,
                finality: Final::Yes,
            });
        }
        fx.tell(News::Confirmed { fork });
        self.retry(ledger, fx);
        Stage::Up(Box::new(self))
    }

    fn success_due(mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let Inviting::Unacked(unacked) = &mut self.inviting else {
            return Stage::Up(Box::new(self));
        };
        match unacked.expire(fx.now) {
            success::Due::Nothing => {}
            success::Due::Resend => fx.respond(unacked.server, unacked.response.clone()),
            success::Due::GiveUp => {
                return leave(self.leg, EndReason::failed(Detail::NoAck), ledger, fx);
            }
        }
        ledger.timers.set(Timer::Success, unacked.deadline());
        Stage::Up(Box::new(self))
    }

    fn responded(
        mut self,
        id: ClientId,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        let status = response.status();
        let purpose = ledger.purpose(id);
        if purpose.is_none() && status.is_success() {
            late_success(id, response, &self.leg, ledger, fx);
        }
        if purpose == Some(Purpose::Reinvite) {
            return self.invite_answered(id, response, ledger, fx);
        }
        if status.is_provisional() {
            return Stage::Up(Box::new(self));
        }
        let sent = ledger.close(id, fx);
        let sent = sent.and_then(|sent| self.leg.settle(sent, response, ledger, fx));
        let Some(sent) = sent else {
            return Stage::Up(Box::new(self));
        };
        self.settled(&sent, Ok(response), fx, ledger);
        let effect = match sent.purpose {
            // BYE ends forks that answered too late; none of our business.
            Purpose::Bye => Effect::Transaction,
            Purpose::Invite
            | Purpose::Reinvite
            | Purpose::Prack(_)
            | Purpose::Offer(_)
            | Purpose::Refresh
            | Purpose::User(_) => {
                if status.is_success() {
                    Effect::Transaction
                } else {
                    Effect::of(status, sent.request.method())
                }
            }
        };
        self.suffer(effect, status, ledger, fx)
    }

    /// Carries out what a refusal takes with it (RFC 5057 §5.1).
    pub(crate) fn suffer(
        self,
        effect: Effect,
        status: Status,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        let reason = EndReason::failed(Detail::DialogLost).with_status(status);
        match effect {
            Effect::Transaction => Stage::Up(Box::new(self)),
            Effect::Usage => self.leave(reason, ledger, fx),
            Effect::Dialog => Ending::done(Some(self.leg), LeftOver::Nothing, reason, ledger, fx),
        }
    }

    fn settled(
        &mut self,
        sent: &Sent,
        outcome: Result<&Response, Failure>,
        fx: &mut Fx<'_>,
        ledger: &mut Ledger,
    ) {
        match sent.purpose {
            Purpose::Offer(_) => self.leg.update_answered(outcome.ok(), fx),
            Purpose::User(number) => {
                let status = outcome.ok().map(Response::status);
                fx.tell(News::Outcome { number, status });
            }
            Purpose::Refresh => self.refreshed(outcome, ledger, fx),
            Purpose::Invite | Purpose::Reinvite | Purpose::Prack(_) | Purpose::Bye => {}
        }
    }

    fn failed(mut self, id: ClientId, why: Failure, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let Some(sent) = ledger.close(id, fx) else {
            return Stage::Up(Box::new(self));
        };
        self.settled(&sent, Err(why), fx, ledger);
        match sent.purpose {
            Purpose::Bye => Stage::Up(Box::new(self)),
            Purpose::Reinvite => {
                self.inviting = Inviting::Quiet;
                self.suffer(Effect::Usage, Status::REQUEST_TIMEOUT, ledger, fx)
            }
            // No response is 408 (RFC 3261 §8.1.3.1), a dead transport 503, which spares the usage.
            Purpose::Invite
            | Purpose::Prack(_)
            | Purpose::Offer(_)
            | Purpose::Refresh
            | Purpose::User(_) => match why {
                Failure::TimedOut => {
                    let status = Status::REQUEST_TIMEOUT;
                    let effect = Effect::of(status, sent.request.method());
                    self.suffer(effect, status, ledger, fx)
                }
                Failure::Transport => Stage::Up(Box::new(self)),
            },
        }
    }

    fn order(mut self, order: Order, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match order {
            Order::HangUp(reason) => return self.hang_up(reason, ledger, fx),
            Order::Offer(offer) => self.want(Wants::new(offer, Why::Offer), ledger, fx),
            Order::Answer(fork, answer) if fork == self.leg.fork => match self.leg.gate {
                Gate::Theirs(Theirs::Success) => self.pay_ack(&answer, ledger, fx),
                Gate::Theirs(Theirs::Invite) | Gate::Stable | Gate::Fresh => {
                    self.answer_invite(&answer, ledger, fx);
                }
                Gate::Theirs(Theirs::Provisional | Theirs::Prack(_) | Theirs::Update(_))
                | Gate::Ours(_) => self.leg.answer(&answer, ledger, fx),
            },
            Order::RefuseOffer(fork, status) if fork == self.leg.fork => match self.inviting {
                Inviting::Asked(_) => self.refuse_invite(status, ledger, fx),
                Inviting::Quiet
                | Inviting::Unacked(_)
                | Inviting::AckOwed { .. }
                | Inviting::Asking { .. } => self.leg.refuse(status, ledger, fx),
            },
            Order::Contact(contact) => ledger.contact = Text::from(contact.to_string()),
            Order::Account(account) => ledger.account = Some(account),
            Order::Request(number, inside) => self.leg.ask(number, inside, ledger, fx),
            Order::Respond(id, status) => respond(id, status, ledger, fx),
            Order::Answer(..)
            | Order::RefuseOffer(..)
            | Order::Progress(_)
            | Order::Accept(_)
            | Order::Decline(_)
            | Order::Redirect(_) => {}
        }
        Stage::Up(Box::new(self))
    }

    /// The user answered the offer in the peer's 2xx: the ACK can go.
    fn pay_ack(&mut self, answer: &bytes::Bytes, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match core::mem::replace(&mut self.inviting, Inviting::Quiet) {
            Inviting::AckOwed { client, invite } => {
                self.leg.gate = self.leg.gate.close();
                self.leg.local = Some(answer.clone());
                acknowledge(client, &invite, &self.leg, Some(answer), ledger, fx);
            }
            other @ (Inviting::Quiet
            | Inviting::Unacked(_)
            | Inviting::Asked(_)
            | Inviting::Asking { .. }) => self.inviting = other,
        }
    }

    fn hang_up(mut self, reason: Option<String>, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let end = EndReason::local(Cause::Normal);
        let goodbye = self.goodbye();
        ledger.wind_down(fx);
        ledger.timers.set(Timer::Tell, fx.now + T2);
        super::ending::refuse_asked(ledger, fx);
        let left = match self.inviting {
            Inviting::Unacked(unacked) => {
                debug_assert_eq!(goodbye, Goodbye::ByeAfterAck);
                ledger.timers.set(Timer::Success, unacked.deadline());
                LeftOver::AckThenBye(unacked, reason)
            }
            Inviting::AckOwed { client, invite } => {
                acknowledge(client, &invite, &self.leg, None, ledger, fx);
                self.leg.bye(reason.as_deref(), ledger, fx);
                LeftOver::Nothing
            }
            Inviting::Quiet | Inviting::Asked(_) | Inviting::Asking { .. } => {
                self.leg.bye(reason.as_deref(), ledger, fx);
                LeftOver::Nothing
            }
        };
        Ending::told_later(self.leg, left, end)
    }

    /// Says BYE because the session cannot go on. A 2xx of ours is repeated all the same until its
    /// ACK comes: the peer's INVITE waits for it.
    pub(crate) fn leave(
        mut self,
        reason: EndReason,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        let left = match self.inviting {
            Inviting::Unacked(unacked) => LeftOver::Ack(unacked),
            Inviting::AckOwed { client, invite } => {
                acknowledge(client, &invite, &self.leg, None, ledger, fx);
                LeftOver::Nothing
            }
            Inviting::Quiet | Inviting::Asked(_) | Inviting::Asking { .. } => LeftOver::Nothing,
        };
        self.leg.bye(reason.said(), ledger, fx);
        Ending::done(Some(self.leg), left, reason, ledger, fx)
    }
}

/// Says BYE because the session cannot go on, and tells the user at once.
pub(crate) fn leave(
    mut leg: Leg,
    reason: EndReason,
    ledger: &mut Ledger,
    fx: &mut Fx<'_>,
) -> Stage {
    leg.bye(reason.said(), ledger, fx);
    Ending::done(Some(leg), LeftOver::Nothing, reason, ledger, fx)
}
