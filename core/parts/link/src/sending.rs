//! Requests of ours that may still move to another target (RFC 3263 §4.3).

use base::{Instant, Timers};
use ports::Address;
use ports::network::Why;
use sip::resolve::{Attempts, Outages};
use sip::{ClientId, Target};
use sip_message::{Method, Request, Response};
use std::collections::BTreeMap;

/// Reasons kept per target that refused lately.
const REASONS: usize = 32;

struct Outgoing {
    request: Request,
    attempts: Attempts,
    target: Target,
    once: bool,
    /// A response came from `target`; silence no longer moves the request.
    heard: bool,
}

/// All requests that have no final response yet.
#[derive(Default)]
pub struct Sending {
    table: BTreeMap<ClientId, Outgoing>,
    patience: Timers<ClientId>,
    outages: Outages,
    /// Why a target refused, oldest first.
    reasons: Vec<(Target, Why)>,
}

impl Sending {
    /// Requests without a final response.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether every request has its final response.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Takes a request with its targets and gives the first one.
    pub fn start(
        &mut self,
        id: ClientId,
        (request, once): (Request, bool),
        targets: Vec<Target>,
        now: Instant,
    ) -> Option<Target> {
        let mut attempts = Attempts::new(targets, &self.outages, now);
        let target = attempts.take()?;
        self.patience
            .set(id, attempts.patience().map(|wait| now + wait));
        self.table.insert(
            id,
            Outgoing {
                request,
                attempts,
                target,
                once,
                heard: false,
            },
        );
        Some(target)
    }

    /// The next target of a request that failed at its last one.
    pub fn next(&mut self, id: ClientId, now: Instant) -> Option<(Request, Target, bool)> {
        let outgoing = self.table.get_mut(&id)?;
        self.outages.failed(outgoing.target, None, now);
        let target = outgoing.attempts.take()?;
        outgoing.target = target;
        outgoing.heard = false;
        self.patience
            .set(id, outgoing.attempts.patience().map(|wait| now + wait));
        Some((outgoing.request.clone(), target, outgoing.once))
    }

    /// Whether this response sends the request on, if there is somewhere to go.
    pub fn moves_on(&self, id: ClientId, response: &Response) -> bool {
        self.table.contains_key(&id) && Attempts::moves_on(response.status().code())
    }

    /// A response came: silence no longer moves the request; a final one ends it.
    pub fn answered(&mut self, id: ClientId, response: &Response) {
        self.patience.set(id, None);
        let Some(outgoing) = self.table.get_mut(&id) else {
            return;
        };
        if !outgoing.heard {
            outgoing.heard = true;
            self.outages.answered(outgoing.target);
        }
        if response.status().is_final() {
            self.table.remove(&id);
        }
    }

    /// What the part `who` sent and has no final response to.
    pub fn of(&self, who: Address) -> Vec<(ClientId, Method)> {
        let its = |id: &ClientId| Address::of_client(*id) == Some(who);
        let all = self.table.iter().filter(|(id, _)| its(id));
        all.map(|(id, sent)| (*id, sent.request.method().clone()))
            .collect()
    }

    /// No connection leads to `target`: other requests go elsewhere first for a while, too.
    pub fn lost(&mut self, target: Target, why: &Why, now: Instant) {
        self.outages.failed(target, None, now);
        self.refused(target, why.clone());
    }

    /// The system said that nothing can be sent to `target`.
    pub fn refused(&mut self, target: Target, why: Why) {
        self.reasons.retain(|(t, _)| *t != target);
        if self.reasons.len() >= REASONS {
            self.reasons.remove(0);
        }
        self.reasons.push((target, why));
    }

    /// Forgets a request that has nowhere left to go, and says where it was last and why that failed.
    pub fn give_up(&mut self, id: ClientId) -> Why {
        self.patience.set(id, None);
        let Some(outgoing) = self.table.remove(&id) else {
            return Why::default();
        };
        let target = outgoing.target;
        match self.reasons.iter().find(|(t, _)| *t == target) {
            Some((_, why)) => Why {
                text: format!("{target}: {why}"),
                code: why.code,
            },
            None => format!("{target} does not answer").into(),
        }
    }

    /// A request whose target stayed silent while another one is left.
    pub fn impatient(&mut self, now: Instant) -> Option<ClientId> {
        self.patience.expire(now)
    }

    /// When the next target is found too silent.
    pub fn deadline(&self) -> Option<Instant> {
        self.patience.next()
    }
}
