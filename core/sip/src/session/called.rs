//! The peer's INVITE is in and has no final response: ringing, reliable 1xx, a held 2xx.
//!
//! Source: RFC 3261 §13.3, RFC 3262 §3.

use super::end::{By, Cause, Detail, EndReason};
use super::ending;
use super::fx::{Asked, Fx};
use super::ledger::Ledger;
use super::leg::{Left, Leg, accept, refuse};
use super::offer::{Gate, Ours, Theirs};
use super::order::{ForkId, Order, Progress};
use super::refresh::{Refresh, Role, TooShort, agree};
use super::reliable::{self};
use super::success::Unacked;
use super::up::{Inviting, Up};
use super::write::Fields;
use super::{Input, Stage, Timer, read};
use crate::dialog::{Dialog, LocalTag};
use crate::dialogs::{Invitation, News};
use crate::ids::SessionId;
use base::Duration;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, NameAddr, Request, Response, ResponseBuilder, Status, Text};

/// A 1xx is repeated this often, so that no proxy gives up (RFC 3261 §13.3.1.1).
pub(crate) const KEEP_RINGING_EVERY: Duration = Duration::from_secs(60);

/// What the caller said about reliable 1xx (RFC 3262 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Peer {
    /// It cannot acknowledge them.
    Unable,
    /// It can.
    Able,
    /// It insists.
    Insisting,
}

/// Whether the call was picked up already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pickup {
    /// Not yet.
    Awaited,
    /// Yes, but the 2xx waits for a PRACK (RFC 3262 §3).
    Held(Option<Bytes>),
}

/// The peer's INVITE waits for our final response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Called {
    pub(crate) invite: Asked,
    pub(crate) tag: LocalTag,
    pub(crate) leg: Leg,
    pub(crate) peer: Peer,
    pub(crate) pickup: Pickup,
    /// 1xx that wait for the PRACK of the one before.
    pub(crate) waiting: Vec<Progress>,
    /// The last 1xx, to repeat.
    pub(crate) last: Option<Response>,
}

impl Called {
    /// Takes the INVITE, or refuses it.
    pub(crate) fn start(
        invite: Asked,
        tag: LocalTag,
        replaces: Option<SessionId>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Option<Self> {
        let headers = invite.request.headers();
        let Ok(dialog) = Dialog::of_request(&invite.request, tag) else {
            refuse(&invite, Status::BAD_REQUEST, fx);
            return None;
        };
        if let Err(TooShort(min_se)) = agree(read::said(headers), fx.config.timer) {
            super::leg::too_short(&invite, min_se, fx);
            return None;
        }
        let offer = read::description(headers, invite.request.body());
        let gate = match &offer {
            Some(_) => Gate::Theirs(Theirs::Invite),
            None => Gate::Fresh,
        };
        let cseq = headers.cseq().map_or(0, |cseq| cseq.number);
        let mut leg = Leg::new(ForkId::FIRST, dialog, gate, cseq);
        leg.learn(headers);
        leg.given = reliable::Server::Idle {
            next: 1 + fx.rng.number32() % (reliable::FIRST_RSEQ_BOUND - 1),
        };
        let peer = if headers.lists(HeaderName::Require, "100rel") {
            Peer::Insisting
        } else if headers.lists(HeaderName::Supported, "100rel") {
            Peer::Able
        } else {
            Peer::Unable
        };
        fx.owners.servers.insert(invite.id, fx.session);
        let rings = rings_for(&invite.request, fx.config.ring_at_most);
        ledger.timers.set(Timer::NoAnswer, fx.now + rings);
        fx.tell(News::Incoming(Box::new(Invitation {
            request: invite.request.clone(),
            origin: invite.origin,
            replaces,
            offer,
        })));
        Some(Self {
            invite,
            tag,
            leg,
            peer,
            pickup: Pickup::Awaited,
            waiting: Vec::new(),
            last: None,
        })
    }

    pub(crate) fn step(mut self, input: Input, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match input {
            Input::Order(order) => self.order(order, ledger, fx),
            Input::Cancelled { id, reason } if id == self.invite.id => {
                let reason = EndReason::cancelled_by_peer(reason);
                self.refuse(Status::REQUEST_TERMINATED, reason, ledger, fx)
            }
            Input::Request { asked, tag } => self.request(asked, tag.as_deref(), ledger, fx),
            Input::Response { id, response } => {
                self.responded(id, &response, ledger, fx);
                Stage::Called(Box::new(self))
            }
            Input::Failed { id, why: _ } => {
                ledger.close(id, fx);
                self.leg.update_answered(None, fx);
                Stage::Called(Box::new(self))
            }
            Input::ServerEnded(id) if id == self.invite.id => {
                fx.owners.servers.remove(&id);
                ending::over(EndReason::failed(Detail::Transport), ledger, fx)
            }
            Input::ServerEnded(id) => {
                self.leg.lapse(id, ledger, fx);
                self.try_success(ledger, fx)
            }
            Input::Timer(Timer::Reliable) => self.reliable_due(ledger, fx),
            Input::Timer(Timer::KeepRinging) => {
                if let Some(last) = &self.last {
                    fx.respond(self.invite.id, last.clone());
                    ledger
                        .timers
                        .set(Timer::KeepRinging, fx.now + KEEP_RINGING_EVERY);
                }
                Stage::Called(Box::new(self))
            }
            Input::Timer(Timer::NoAnswer) => {
                let reason = EndReason::local(Cause::NoAnswer);
                let at_most = fx.config.ring_at_most;
                let status = match rings_for(&self.invite.request, at_most) < at_most {
                    true => Status::REQUEST_TERMINATED,
                    false => Status::TEMPORARILY_UNAVAILABLE,
                };
                self.refuse(status, reason, ledger, fx)
            }
            Input::Timer(
                Timer::Success
                | Timer::Retry
                | Timer::Refresh
                | Timer::Tell
                | Timer::Cancelled
                | Timer::Forget,
            )
            | Input::Cancelled { .. }
            | Input::Ack(_) => Stage::Called(Box::new(self)),
        }
    }

    fn order(mut self, order: Order, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match order {
            Order::Progress(progress) => self.progress(progress, ledger, fx),
            Order::Accept(description) => return self.pick_up(description, ledger, fx),
            Order::Decline(status) => {
                let reason = EndReason::new(By::Local, Cause::of_refusal(status), Detail::Plain);
                return self.refuse(status, reason, ledger, fx);
            }
            Order::Redirect(contacts) => {
                let reason = EndReason::local(Cause::Redirected);
                let status = Status::MOVED_TEMPORARILY;
                return self.refuse_with(status, &contacts, reason, ledger, fx);
            }
            Order::HangUp(_) => {
                let reason = EndReason::local(Cause::Declined);
                return self.refuse(Status::DECLINE, reason, ledger, fx);
            }
            Order::Offer(offer) => {
                if let Err(status) = self.leg.offer_by_update(&offer, ledger, fx) {
                    let status = Some(status);
                    fx.tell(News::OfferRefused { status });
                }
            }
            Order::Answer(_, answer) => {
                self.leg.answer(&answer, ledger, fx);
                return self.try_success(ledger, fx);
            }
            Order::RefuseOffer(_, status) => {
                self.leg.refuse(status, ledger, fx);
                return self.try_success(ledger, fx);
            }
            Order::Contact(contact) => ledger.contact = Text::from(contact.to_string()),
            Order::Account(account) => ledger.account = Some(account),
            Order::Request(number, _) => fx.tell(News::Outcome {
                number,
                status: None,
            }),
            Order::Respond(id, status) => super::leg::respond(id, status, ledger, fx),
        }
        Stage::Called(Box::new(self))
    }

    fn pick_up(
        mut self,
        description: Option<Bytes>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        self.pickup = Pickup::Held(description);
        self.try_success(ledger, fx)
    }

    /// Sends the 2xx if the call was picked up and no PRACK, and no answer of ours, is missing.
    fn try_success(mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let description = match &self.pickup {
            Pickup::Awaited => return Stage::Called(Box::new(self)),
            Pickup::Held(description) => description.clone(),
        };
        if self.leg.given.holds_success() {
            return Stage::Called(Box::new(self));
        }
        // An answer that went out in an unreliable 1xx has to be said again (RFC 3261 §13.2.1).
        let description = description.or_else(|| self.leg.local.clone());
        let (gate, description) = match (self.leg.gate, description) {
            (Gate::Theirs(Theirs::Invite), Some(answer)) => (Gate::Stable, Some(answer)),
            (Gate::Fresh, Some(offer)) => (Gate::Ours(Ours::Success), Some(offer)),
            // Nothing to put into the 2xx: the user has to say it first.
            (Gate::Theirs(_) | Gate::Fresh, None) | (Gate::Theirs(_), Some(_)) => {
                return Stage::Called(Box::new(self));
            }
            (gate @ (Gate::Stable | Gate::Ours(_)), _) => (gate, None),
        };
        self.leg.gate = gate;
        if description.is_some() {
            self.leg.local.clone_from(&description);
        }
        self.succeed(description.as_ref(), ledger, fx)
    }

    fn succeed(
        mut self,
        description: Option<&Bytes>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        let said = read::said(self.invite.request.headers());
        let agreed = agree(said, fx.config.timer).ok().flatten();
        let response = ResponseBuilder::to(&self.invite.request, Status::OK)
            .to_tag(&self.tag.to_string())
            .capabilities(&ledger.contact)
            .copy(&self.invite.request, HeaderName::RecordRoute)
            .timer(agreed)
            .description(description)
            .build();
        fx.respond(self.invite.id, response.clone());
        ledger.timers.clear(Timer::NoAnswer);
        ledger.timers.clear(Timer::KeepRinging);
        ledger.timers.clear(Timer::Reliable);
        fx.owners.servers.remove(&self.invite.id);
        self.leg.dialog.confirm();
        if let Some(agreed) = agreed {
            let refresh = Refresh::start(Role::Uas, agreed.interval, agreed.refresher, fx.now);
            self.leg.set_refresh(refresh, ledger);
        }
        let unacked = Unacked::new(self.invite.id, response, self.leg.invite_cseq, fx.now);
        ledger.timers.set(Timer::Success, unacked.deadline());
        Stage::Up(Box::new(Up::new(self.leg, Inviting::Unacked(unacked))))
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
            return Stage::Called(Box::new(self));
        }
        match self.leg.request(asked, ledger, fx) {
            Left::Nothing => Stage::Called(Box::new(self)),
            Left::Acknowledged => {
                if !self.waiting.is_empty() {
                    let next = self.waiting.remove(0);
                    self.progress(next, ledger, fx);
                }
                self.try_success(ledger, fx)
            }
            // Its first INVITE is open (RFC 3261 §14.2).
            Left::Invite(asked) => {
                refuse(&asked, Status::SERVER_INTERNAL_ERROR, fx);
                Stage::Called(Box::new(self))
            }
            Left::Bye(asked) => {
                accept(&asked, fx);
                let reason = read::reason(asked.request.headers());
                let reason = EndReason::cancelled_by_peer(reason);
                self.refuse(Status::REQUEST_TERMINATED, reason, ledger, fx)
            }
        }
    }

    fn responded(
        &mut self,
        id: crate::ids::ClientId,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        if response.status().is_provisional() {
            return;
        }
        let Some(sent) = ledger.close(id, fx) else {
            return;
        };
        // Nothing but UPDATE is sent before the answer.
        if self.leg.settle(sent, response, ledger, fx).is_some() {
            self.leg.update_answered(Some(response), fx);
        }
    }

    /// Answers the INVITE with a refusal; the rest is the transaction's.
    pub(crate) fn refuse(
        self,
        status: Status,
        reason: EndReason,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        self.refuse_with(status, &[], reason, ledger, fx)
    }

    /// The same with where else to try.
    fn refuse_with(
        self,
        status: Status,
        contacts: &[NameAddr],
        reason: EndReason,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        let mut response =
            ResponseBuilder::to(&self.invite.request, status).to_tag(&self.tag.to_string());
        if status == Status::SERVICE_UNAVAILABLE {
            // Without it a proxy takes the whole phone for broken (RFC 3261 §21.5.4).
            response = response.field(HeaderName::RetryAfter, fx.rng.below(11));
        }
        for contact in contacts {
            response = response.field(HeaderName::Contact, contact);
        }
        fx.respond(self.invite.id, response.build());
        fx.owners.servers.remove(&self.invite.id);
        let reason = match reason.status {
            Some(_) => reason,
            None => reason.with_status(status),
        };
        ending::over(reason, ledger, fx)
    }
}

/// How long an INVITE may ring: what its Expires says (RFC 3261 §13.3.1), `at_most` at most. Nobody calls
/// for no time: 0 says nothing.
fn rings_for(invite: &Request, at_most: Duration) -> Duration {
    let expires = invite.headers().expires().ok().flatten();
    let expires = expires.filter(|seconds| *seconds > 0);
    expires.map_or(at_most, |s| Duration::from_secs(u64::from(s)).min(at_most))
}
