//! INVITE inside a confirmed dialog, both directions (RFC 3261 §14).

use super::fx::{Asked, Fx};
use super::invite::acknowledge;
use super::ledger::{Ledger, Purpose};
use super::leg::{self, refuse};
use super::offer::{Collision, Gate, Ours, Theirs};
use super::refresh::{Refresh, Role, TooShort, agree};
use super::success::Unacked;
use super::up::{Inviting, Up};
use super::write::Fields;
use super::{Stage, Timer, read, reliable};
use crate::dialog::Effect;
use crate::dialogs::{Final, News};
use crate::ids::{ClientId, ServerId};
use base::{Duration, Rng};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{Method, Response, ResponseBuilder, Status};

/// How often a re-INVITE tries again after 491 or 500 before the offer counts as refused.
const MAX_TRIES: u8 = 8;

/// Longest pause that a peer may impose by Retry-After before we call it a refusal.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(32);

/// How long the peer's user may take to answer our re-INVITE. Unit: time.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Pause before looking again whether the dialog is quiet.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Why we re-INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Why {
    /// The user offers.
    Offer,
    /// The session timer asks for it.
    Refresh,
}

/// A re-INVITE to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wants {
    pub(crate) description: Bytes,
    pub(crate) why: Why,
    tries: u8,
}

impl Wants {
    pub(crate) fn new(description: Bytes, why: Why) -> Self {
        Self {
            description,
            why,
            tries: 0,
        }
    }
}

impl Up {
    /// Re-INVITEs now, or as soon as the dialog is quiet. What waited before is replaced: only the
    /// newest offer matters.
    pub(crate) fn want(&mut self, wants: Wants, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match (&self.later, wants.why) {
            (Some(_), Why::Refresh) => {}
            (Some(_), Why::Offer) | (None, Why::Offer | Why::Refresh) => self.later = Some(wants),
        }
        if ledger.timers.at(Timer::Retry).is_none() {
            self.retry(ledger, fx);
        }
    }

    /// Sends what waits, if the dialog is quiet.
    pub(crate) fn retry(&mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        if self.later.is_none() {
            return;
        }
        let gate = self.leg.gate.offer(Ours::Invite);
        let (Inviting::Quiet, Ok(gate)) = (&self.inviting, gate) else {
            ledger.timers.set(Timer::Retry, fx.now + LOOK_AGAIN_AFTER);
            return;
        };
        let Some(wants) = self.later.take() else {
            return;
        };
        ledger.timers.clear(Timer::Retry);
        self.leg.gate = gate;
        let (builder, next_hop) = self.leg.dialog.request(Method::Invite);
        let builder = builder.capabilities(&ledger.contact, fx.config);
        let request = self
            .leg
            .ask_timer(builder)
            .description(Some(&wants.description))
            .build();
        if let Ok(cseq) = request.headers().cseq() {
            self.leg.invite_cseq = cseq.number;
        }
        self.leg.heard = reliable::Client::Fresh;
        let client = ledger.send(Purpose::Reinvite, request, next_hop, fx);
        self.inviting = Inviting::Asking { client, wants };
        ledger.timers.set(Timer::NoAnswer, fx.now + ANSWER_WITHIN);
    }

    /// The peer lets our re-INVITE hang: it is cancelled, and its 487 refuses the offer.
    pub(crate) fn unanswered(&self, fx: &mut Fx<'_>) {
        match &self.inviting {
            Inviting::Asking { client, .. } => fx.cancel(*client, None),
            Inviting::Quiet
            | Inviting::Unacked(_)
            | Inviting::AckOwed { .. }
            | Inviting::Asked(_) => {}
        }
    }

    /// A response to our re-INVITE.
    pub(crate) fn invite_answered(
        mut self,
        id: ClientId,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        let status = response.status();
        if status.is_provisional() {
            if status.code() > 100 {
                self.leg.provisional(response, ledger, fx);
            }
            return Stage::Up(Box::new(self));
        }
        if status.is_success() {
            self.invite_accepted(id, response, ledger, fx);
            return Stage::Up(Box::new(self));
        }
        let sent = ledger.close(id, fx);
        let Inviting::Asking { wants, .. } =
            core::mem::replace(&mut self.inviting, Inviting::Quiet)
        else {
            return Stage::Up(Box::new(self));
        };
        let Some(sent) = sent else {
            return Stage::Up(Box::new(self));
        };
        let purpose = sent.purpose;
        if self.leg.settle(sent, response, ledger, fx).is_none() {
            // Goes on with credentials, under a new id and CSeq.
            if let Some(again) = ledger.sent.iter().rfind(|sent| sent.purpose == purpose) {
                let client = again.id;
                self.leg.invite_cseq = again.request.headers().cseq().map_or(0, |c| c.number);
                self.inviting = Inviting::Asking { client, wants };
            }
            return Stage::Up(Box::new(self));
        }
        self.leg.gate = self.leg.gate.close();
        match Effect::of(status, &Method::Invite) {
            Effect::Transaction => {
                self.invite_refused(wants, response, ledger, fx);
                Stage::Up(Box::new(self))
            }
            effect @ (Effect::Usage | Effect::Dialog) => self.suffer(effect, status, ledger, fx),
        }
    }

    fn invite_accepted(
        &mut self,
        id: ClientId,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let Some(sent) = ledger.succeed(id) else {
            return;
        };
        fx.proved(ledger.account, &sent, response);
        let headers = response.headers();
        self.leg.dialog.refresh_target(headers);
        self.leg.learn(headers);
        let timer = Refresh::from_success(read::said(headers), fx.now);
        self.leg.set_refresh(timer, ledger);
        acknowledge(id, &sent.request, &self.leg, None, ledger, fx);
        let wants = match core::mem::replace(&mut self.inviting, Inviting::Quiet) {
            Inviting::Asking { wants, .. } => Some(wants),
            Inviting::Quiet
            | Inviting::Unacked(_)
            | Inviting::AckOwed { .. }
            | Inviting::Asked(_) => None,
        };
        if let Some(wants) = wants {
            self.leg.local = Some(wants.description);
        }
        let description = read::description(headers, response.body());
        if self.leg.gate.awaits(Ours::Invite) {
            self.leg.gate = self.leg.gate.close();
            match description {
                Some(description) => fx.tell(News::Answer {
                    fork: self.leg.fork,
                    description,
                    finality: Final::Yes,
                }),
                None => fx.tell(News::OfferRefused { status: None }),
            }
        }
        self.retry(ledger, fx);
    }

    /// Our re-INVITE was refused; the session goes on as before (RFC 3261 §14.1).
    fn invite_refused(
        &mut self,
        mut wants: Wants,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let status = response.status();
        let said = read::said(response.headers());
        let pause = match status.code() {
            491 => Some(glare_pause(ledger.role, fx.rng)),
            422 if said.min_se.is_some() => {
                let longer = self.leg.refresh.lengthened(said.min_se, fx.now);
                self.leg.set_refresh(longer, ledger);
                Some(Duration::ZERO)
            }
            500 | 503 => {
                read::retry_after(response.headers()).filter(|pause| *pause <= LONGEST_RETRY_AFTER)
            }
            _ => None,
        };
        wants.tries += 1;
        match pause {
            Some(pause) if wants.tries < MAX_TRIES => {
                if self.later.is_none() {
                    self.later = Some(wants);
                }
                ledger.timers.set(Timer::Retry, fx.now + pause);
            }
            Some(_) | None => {
                match wants.why {
                    Why::Offer => fx.tell(News::OfferRefused {
                        status: Some(status),
                    }),
                    Why::Refresh => {}
                }
                self.retry(ledger, fx);
            }
        }
    }

    /// A re-INVITE of the peer's, in order.
    pub(crate) fn hear_invite(&mut self, asked: Asked, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match &self.inviting {
            Inviting::Quiet => {}
            // Our 2xx had the answer, so the peer has it: its ACK was lost (RFC 5407 §3.1.4). Where
            // the ACK is to bring the answer, it must come first (§3.1.5).
            Inviting::Unacked(_) => {
                if self.leg.gate.awaits(Ours::Success) {
                    refuse(&asked, Status::REQUEST_PENDING, fx);
                    return;
                }
                self.inviting = Inviting::Quiet;
                ledger.timers.clear(Timer::Success);
                fx.tell(News::Confirmed {
                    fork: self.leg.fork,
                });
            }
            Inviting::AckOwed { .. } | Inviting::Asking { .. } => {
                refuse(&asked, Collision::Glare.status(), fx);
                return;
            }
            Inviting::Asked(_) => {
                refuse(&asked, Collision::TooSoon.status(), fx);
                return;
            }
        }
        let headers = asked.request.headers();
        if let Err(TooShort(min_se)) = agree(read::said(headers), fx.config.timer) {
            leg::too_short(&asked, min_se, fx);
            return;
        }
        let description = read::description(headers, asked.request.body());
        // Without an offer it wants ours in the 2xx, which is an exchange all the same.
        match self.leg.gate.hear_offer(Theirs::Invite) {
            Ok(gate) => self.leg.gate = gate,
            Err(collision) => {
                refuse(&asked, collision.status(), fx);
                return;
            }
        }
        self.leg.dialog.refresh_target(headers);
        self.leg.learn(headers);
        if let Ok(cseq) = headers.cseq() {
            self.leg.invite_cseq = cseq.number;
        }
        if description.is_none() {
            self.leg.gate = Gate::Fresh;
        }
        self.inviting = Inviting::Asked(asked.id);
        ledger.wait(asked, fx);
        fx.tell(News::Offer {
            fork: self.leg.fork,
            description,
        });
    }

    /// The user answers the peer's re-INVITE, or gives the offer it asked for.
    pub(crate) fn answer_invite(&mut self, answer: &Bytes, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let Inviting::Asked(id) = self.inviting else {
            return;
        };
        let Some(asked) = ledger.take_asked(id, fx) else {
            return;
        };
        let agreed = agree(read::said(asked.request.headers()), fx.config.timer)
            .ok()
            .flatten();
        let response = ResponseBuilder::to(&asked.request, Status::OK)
            .capabilities(&ledger.contact, fx.config)
            .timer(agreed)
            .description(Some(answer))
            .build();
        fx.respond(id, response.clone());
        if let Some(agreed) = agreed {
            let timer = Refresh::start(Role::Uas, agreed.interval, agreed.refresher, fx.now);
            self.leg.set_refresh(timer, ledger);
        }
        self.leg.gate = match self.leg.gate {
            Gate::Fresh => Gate::Ours(Ours::Success),
            gate @ (Gate::Stable | Gate::Ours(_) | Gate::Theirs(_)) => gate.close(),
        };
        self.leg.local = Some(answer.clone());
        let unacked = Unacked::new(id, response, self.leg.invite_cseq, fx.now);
        ledger.timers.set(Timer::Success, unacked.deadline());
        self.inviting = Inviting::Unacked(unacked);
    }

    /// The user refuses the peer's re-INVITE; the session goes on as before.
    pub(crate) fn refuse_invite(&mut self, status: Status, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let Inviting::Asked(id) = self.inviting else {
            return;
        };
        if let Some(asked) = ledger.take_asked(id, fx) {
            refuse(&asked, status, fx);
        }
        self.inviting = Inviting::Quiet;
        self.leg.gate = self.leg.gate.close();
        self.retry(ledger, fx);
    }

    /// The peer cancelled its re-INVITE.
    pub(crate) fn invite_withdrawn(&mut self, id: ServerId, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match self.inviting {
            Inviting::Asked(asked) if asked == id => {}
            Inviting::Asked(_)
            | Inviting::Quiet
            | Inviting::Unacked(_)
            | Inviting::AckOwed { .. }
            | Inviting::Asking { .. } => return,
        }
        self.refuse_invite(Status::REQUEST_TERMINATED, ledger, fx);
        fx.tell(News::OfferWithdrawn {
            fork: self.leg.fork,
        });
    }
}

/// How long to wait after 491, in steps of 10 ms (RFC 3261 §14.1).
pub(crate) fn glare_pause(role: Role, rng: &mut Rng) -> Duration {
    const STEP_MS: u64 = 10;
    let steps = match role {
        // The owner of the Call-ID: 2.1 s to 4 s.
        Role::Uac => 210 + rng.below(191),
        // The other one: 0 s to 2 s.
        Role::Uas => rng.below(201),
    };
    Duration::from_millis(STEP_MS * steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 §14.1: the two sides never draw the same pause.
    #[test]
    fn the_owner_of_the_call_id_waits_longer() {
        let mut rng = Rng::from_number(2);
        for _ in 0..1000 {
            let owner = glare_pause(Role::Uac, &mut rng).as_millis();
            let other = glare_pause(Role::Uas, &mut rng).as_millis();
            assert!(
                (2100..=4000).contains(&owner) && owner.is_multiple_of(10),
                "{owner}"
            );
            assert!(other <= 2000 && other.is_multiple_of(10), "{other}");
        }
    }
}
