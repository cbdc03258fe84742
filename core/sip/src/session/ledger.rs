//! What a session has open besides its stage: requests, ACKs for repeats, timers.

use super::fx::{Asked, Fx};
use super::leg::Leg;
use super::order::{AccountId, ForkId};
use super::refresh::Role;
use super::{GIVE_UP, Timer};
use crate::auth::Used;
use crate::ids::{ClientId, ServerId};
use base::{Deadlines, Instant};
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Request, Response, Text};

/// What a request of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// The INVITE that made the session.
    Invite,
    /// An INVITE inside the dialog.
    Reinvite,
    /// Acknowledges a reliable 1xx.
    Prack(ForkId),
    /// UPDATE with an offer.
    Offer(ForkId),
    /// UPDATE that refreshes the session timer.
    Refresh,
    /// Goodbye.
    Bye,
    /// A request of the user's, under the user's number.
    User(u64),
}

/// A request of ours that waits for its final response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) id: ClientId,
    pub(crate) purpose: Purpose,
    /// Kept for another try with credentials.
    pub(crate) request: Request,
    pub(crate) next_hop: Text,
    /// The nonces it was proved with.
    pub(crate) used: Vec<Used>,
}

impl Sent {
    fn is_invite(&self) -> bool {
        matches!(self.purpose, Purpose::Invite | Purpose::Reinvite)
    }
}

/// An ACK that goes out again for each repeat of its 2xx (RFC 3261 §13.2.2.4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Acked {
    client: ClientId,
    tag: Option<Text>,
    ack: Request,
    next_hop: Text,
    until: Instant,
}

/// What all stages of a session share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Whose credentials answer challenges.
    pub(crate) account: Option<AccountId>,
    /// Our Contact.
    pub(crate) contact: Text,
    /// Who chose the Call-ID: it waits longer after a glare (RFC 3261 §14.1).
    pub(crate) role: Role,
    /// Requests of ours without a final response.
    pub(crate) sent: Vec<Sent>,
    /// Requests of the peer's that wait for our user: re-INVITE, UPDATE, PRACK.
    pub(crate) asked: Vec<Asked>,
    /// ACKs to repeat.
    pub(crate) acks: Vec<Acked>,
    /// The answered INVITE that made the session, while other forks may still answer it
    /// (RFC 6026 §8.4, timer M).
    pub(crate) forking: Option<Sent>,
    /// Timers of the session.
    pub(crate) timers: Deadlines<Timer>,
}

impl Ledger {
    /// Nothing open yet.
    pub(crate) fn new(contact: Text, role: Role) -> Self {
        Self {
            account: None,
            contact,
            role,
            sent: Vec::new(),
            asked: Vec::new(),
            acks: Vec::new(),
            forking: None,
            timers: Deadlines::new(),
        }
    }

    /// Sends a request, proved where the account knows how, and keeps it until its final response.
    pub(crate) fn send(
        &mut self,
        purpose: Purpose,
        request: Request,
        next_hop: Text,
        fx: &mut Fx<'_>,
    ) -> ClientId {
        let (request, used) = fx.authorize(self.account, request, &next_hop);
        let id = fx.send(request.clone(), &next_hop);
        self.sent.push(Sent {
            id,
            purpose,
            request,
            next_hop,
            used,
        });
        id
    }

    /// A 401 or 407 came to `sent`: sends it again with `cseq` and the proof that was asked for.
    pub(crate) fn prove(
        &mut self,
        sent: Sent,
        response: &Response,
        cseq: u32,
        fx: &mut Fx<'_>,
    ) -> Result<ClientId, Sent> {
        if !fx.may_prove(self.account, &sent, response) {
            return Err(sent);
        }
        let number = format!("{cseq} {}", sent.request.method());
        let request = sent
            .request
            .edit()
            .replace(HeaderName::CSeq, number)
            .remove(HeaderName::Authorization)
            .remove(HeaderName::ProxyAuthorization)
            .build();
        Ok(self.send(sent.purpose, request, sent.next_hop, fx))
    }

    /// What `id` was sent for.
    pub(crate) fn purpose(&self, id: ClientId) -> Option<Purpose> {
        self.sent
            .iter()
            .find(|sent| sent.id == id)
            .map(|sent| sent.purpose)
    }

    /// Takes out a request whose final response came or will not come.
    pub(crate) fn close(&mut self, id: ClientId, fx: &mut Fx<'_>) -> Option<Sent> {
        let index = self.sent.iter().position(|sent| sent.id == id)?;
        fx.forget(id);
        Some(self.sent.swap_remove(index))
    }

    /// Takes out an INVITE that got its first 2xx: repeats of it are still awaited.
    pub(crate) fn succeed(&mut self, id: ClientId) -> Option<Sent> {
        let index = self.sent.iter().position(|sent| sent.id == id)?;
        Some(self.sent.swap_remove(index))
    }

    /// Keeps a request of the peer's until our user answers it, or it is taken back.
    pub(crate) fn wait(&mut self, asked: Asked, fx: &mut Fx<'_>) {
        fx.owners.servers.insert(asked.id, fx.session);
        self.asked.push(asked);
    }

    /// Takes out a request of the peer's that waited.
    pub(crate) fn take_asked(&mut self, id: ServerId, fx: &mut Fx<'_>) -> Option<Asked> {
        let index = self.asked.iter().position(|asked| asked.id == id)?;
        fx.owners.servers.remove(&id);
        Some(self.asked.swap_remove(index))
    }

    /// Acknowledges a 2xx to `client` in the dialog of `leg`, now and at each repeat.
    pub(crate) fn acknowledge(
        &mut self,
        client: ClientId,
        leg: &Leg,
        ack: Request,
        next_hop: Text,
        fx: &mut Fx<'_>,
    ) {
        fx.send_ack(ack.clone(), &next_hop);
        let until = fx.now + GIVE_UP;
        self.acks.push(Acked {
            client,
            tag: leg.dialog.remote_tag().cloned(),
            ack,
            next_hop,
            until,
        });
        self.timers.set(Timer::Forget, until);
    }

    /// A 2xx to `client` came from the dialog with `tag`: repeats our ACK if we sent one.
    pub(crate) fn repeat_ack(&self, client: ClientId, tag: Option<&str>, fx: &mut Fx<'_>) -> Known {
        let found = self
            .acks
            .iter()
            .find(|acked| acked.client == client && acked.tag.as_deref() == tag);
        match found {
            Some(acked) => {
                fx.send_ack(acked.ack.clone(), &acked.next_hop);
                Known::Repeat
            }
            None => Known::No,
        }
    }

    /// Forgets ACKs whose 2xx is repeated no more.
    pub(crate) fn forget_acks(&mut self, fx: &mut Fx<'_>) {
        let now = fx.now;
        let (gone, kept): (Vec<Acked>, Vec<Acked>) =
            self.acks.drain(..).partition(|acked| acked.until <= now);
        self.acks = kept;
        for acked in gone {
            if !self.acks.iter().any(|other| other.client == acked.client) {
                fx.forget(acked.client);
            }
        }
        if self.acks.is_empty() {
            self.forking = None;
        }
        self.watch_acks();
    }

    /// The session is over: of all timers only those for late messages stay, and a re-INVITE that is
    /// out gets 64·T1 more for its final response.
    pub(crate) fn wind_down(&mut self, fx: &Fx<'_>) {
        self.timers.clear_all();
        self.watch_acks();
        if self.sent.iter().any(Sent::is_invite) {
            self.timers.set(Timer::Cancelled, fx.now + GIVE_UP);
        }
    }

    /// Gives up on INVITEs that have no final response.
    pub(crate) fn abandon_invites(&mut self, fx: &mut Fx<'_>) {
        for sent in self.sent.extract_if(.., |sent| sent.is_invite()) {
            fx.abandon(sent.id);
        }
    }

    /// Sets the timer that forgets ACKs, as after all timers were cleared.
    pub(crate) fn watch_acks(&mut self) {
        if let Some(until) = self.acks.iter().map(|acked| acked.until).max() {
            self.timers.set(Timer::Forget, until);
        }
    }

    /// Whether nothing is open any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.acks.is_empty()
    }
}

/// Whether a 2xx was acknowledged before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Yes, and now again.
    Repeat,
    /// No.
    No,
}
