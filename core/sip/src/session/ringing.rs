//! What we say before we answer an INVITE: 1xx, once or reliably (RFC 3261 §13.3.1.1, RFC 3262 §3).

use super::called::{Called, KEEP_RINGING_EVERY, Peer};
use super::end::{Detail, EndReason};
use super::fx::Fx;
use super::ledger::Ledger;
use super::offer::{Gate, Ours, Theirs};
use super::order::{Delivery, Progress};
use super::reliable::{self, Carries};
use super::write::Fields;
use super::{Stage, Timer};
use sip_message::{HeaderName, ResponseBuilder, Status};

/// Most 1xx that wait for the PRACK of the one before. Bound: the oldest is dropped.
const MAX_WAITING: usize = 4;

impl Called {
    /// Sends a 1xx, or queues it behind a reliable one that is not acknowledged (RFC 3262 §3).
    pub(crate) fn progress(&mut self, progress: Progress, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let reliable = match (self.peer, progress.delivery) {
            (Peer::Insisting, Delivery::Once | Delivery::Reliable)
            | (Peer::Able, Delivery::Reliable) => Delivery::Reliable,
            (Peer::Unable, Delivery::Once | Delivery::Reliable) | (Peer::Able, Delivery::Once) => {
                Delivery::Once
            }
        };
        let mut builder = ResponseBuilder::to(&self.invite.request, progress.status)
            .to_tag(&self.tag.to_string())
            .capabilities(&ledger.contact, fx.config)
            .copy(&self.invite.request, HeaderName::RecordRoute);
        match reliable {
            Delivery::Once => {}
            Delivery::Reliable => {
                let carries = match &progress.description {
                    Some(_) => Carries::Description,
                    None => Carries::Nothing,
                };
                let Some((given, rseq)) = self.leg.given.send(carries, fx.now) else {
                    if self.waiting.len() == MAX_WAITING {
                        self.waiting.remove(0);
                    }
                    self.waiting.push(progress);
                    return;
                };
                self.leg.given = given;
                self.watch(ledger);
                builder = builder
                    .field(HeaderName::Require, "100rel")
                    .field(HeaderName::RSeq, rseq);
            }
        }
        if let Some(description) = &progress.description {
            self.leg.local = Some(description.clone());
            match (self.leg.gate, reliable) {
                (Gate::Theirs(Theirs::Invite), Delivery::Reliable) => {
                    self.leg.gate = self.leg.gate.close();
                }
                (Gate::Fresh, Delivery::Reliable) => {
                    self.leg.gate = Gate::Ours(Ours::Provisional);
                }
                (Gate::Fresh | Gate::Stable | Gate::Ours(_) | Gate::Theirs(_), _) => {}
            }
        }
        let response = builder.description(progress.description.as_ref()).build();
        ledger
            .timers
            .set(Timer::KeepRinging, fx.now + KEEP_RINGING_EVERY);
        self.last = Some(response.clone());
        fx.respond(self.invite.id, response);
    }

    fn watch(&self, ledger: &mut Ledger) {
        match self.leg.given.deadline() {
            Some(at) => ledger.timers.set(Timer::Reliable, at),
            None => ledger.timers.clear(Timer::Reliable),
        }
    }

    /// A reliable 1xx is due for a repeat or the end.
    pub(crate) fn reliable_due(mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let (given, due) = self.leg.given.expire(fx.now);
        self.leg.given = given;
        self.watch(ledger);
        match due {
            reliable::Due::Nothing => {}
            reliable::Due::Resend => {
                if let Some(last) = &self.last {
                    fx.respond(self.invite.id, last.clone());
                }
            }
            reliable::Due::GiveUp => {
                let reason = EndReason::failed(Detail::NoPrack);
                return self.refuse(Status::SERVER_TIMEOUT, reason, ledger, fx);
            }
        }
        Stage::Called(Box::new(self))
    }
}
