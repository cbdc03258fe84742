//! What a session may do to the world while it takes a step.

use super::ledger::Sent;
use super::order::AccountId;
use crate::auth::{Authenticator, Used};
use crate::dialogs::{Config, News, Output};
use crate::flow::Origin;
use crate::ids::{ClientId, ServerId, SessionId};
use base::{Instant, Rng};
use serde::{Deserialize, Serialize};
use sip_message::{Request, Response, Text, Uri};
use std::collections::{BTreeMap, VecDeque};

/// Which session each open transaction belongs to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Owners {
    /// Requests of ours, ever: the next one's number.
    pub(crate) next_client: u64,
    /// Our transactions whose responses are awaited.
    pub(crate) clients: BTreeMap<ClientId, SessionId>,
    /// The peers' INVITEs that may still be cancelled.
    pub(crate) servers: BTreeMap<ServerId, SessionId>,
}

impl Owners {
    /// Nothing sent yet. Numbers begin anywhere, so that a table made anew never takes a response to a
    /// request of the one before for its own; from a copy, so that nothing else is drawn from it.
    pub(crate) fn starting_at(rng: &Rng) -> Self {
        Self {
            next_client: u64::from(rng.clone().number32()) << 20,
            ..Self::default()
        }
    }
}

/// What a session may do to the world while it takes a step.
pub(crate) struct Fx<'a> {
    pub(crate) session: SessionId,
    pub(crate) now: Instant,
    pub(crate) config: &'a Config,
    pub(crate) rng: &'a mut Rng,
    pub(crate) owners: &'a mut Owners,
    pub(crate) accounts: &'a mut BTreeMap<AccountId, Authenticator>,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl Fx<'_> {
    /// Tells the user of the session.
    pub(crate) fn tell(&mut self, news: News) {
        let session = self.session;
        self.outputs.push_back(Output::News { session, news });
    }

    /// Answers a request.
    pub(crate) fn respond(&mut self, id: ServerId, response: Response) {
        self.outputs.push_back(Output::Respond { id, response });
    }

    /// Sends a request whose responses come back to this session.
    pub(crate) fn send(&mut self, request: Request, next_hop: &Text) -> ClientId {
        let id = ClientId::new(self.config.part, self.owners.next_client);
        self.owners.next_client += 1;
        self.owners.clients.insert(id, self.session);
        let session = self.session;
        let route_to = uri(next_hop);
        self.outputs.push_back(Output::Send {
            id,
            session,
            request,
            route_to,
        });
        id
    }

    /// Proves `request` for `account`, as far as the servers have asked before.
    pub(crate) fn authorize(
        &mut self,
        account: Option<AccountId>,
        request: Request,
        next_hop: &Text,
    ) -> (Request, Vec<Used>) {
        let account = account.and_then(|id| self.accounts.get_mut(&id));
        let (Some(account), Ok(next_hop)) = (account, next_hop.parse::<Uri>()) else {
            return (request, Vec::new());
        };
        let proof = account.authorize(&request, &next_hop, self.rng);
        if proof.headers.is_empty() {
            return (request, proof.used);
        }
        let mut builder = request.edit();
        for (name, value) in &proof.headers {
            builder = builder.header(*name, value);
        }
        (builder.build(), proof.used)
    }

    /// Whether the challenge in `response` to `sent` can be answered.
    pub(crate) fn may_prove(
        &mut self,
        account: Option<AccountId>,
        sent: &Sent,
        response: &Response,
    ) -> bool {
        let account = account.and_then(|id| self.accounts.get_mut(&id));
        let (Some(account), Ok(next_hop)) = (account, sent.next_hop.parse::<Uri>()) else {
            return false;
        };
        account
            .challenged(response, &sent.used, &next_hop, self.now)
            .is_ok()
    }

    /// The proof in `sent` was good.
    pub(crate) fn proved(&mut self, account: Option<AccountId>, sent: &Sent, response: &Response) {
        if sent.used.is_empty() {
            return;
        }
        if let Some(account) = account.and_then(|id| self.accounts.get_mut(&id)) {
            account.accepted(response, &sent.used);
        }
    }

    /// Sends the ACK to a 2xx.
    pub(crate) fn send_ack(&mut self, request: Request, next_hop: &Text) {
        let session = self.session;
        let route_to = uri(next_hop);
        self.outputs.push_back(Output::SendAck {
            session,
            request,
            route_to,
        });
    }

    /// Takes back an INVITE of ours.
    pub(crate) fn cancel(&mut self, id: ClientId, reason: Option<String>) {
        self.outputs.push_back(Output::Cancel { id, reason });
    }

    /// Gives up on an INVITE that may never get a final response.
    pub(crate) fn abandon(&mut self, id: ClientId) {
        self.forget(id);
        self.outputs.push_back(Output::Abandon { id });
    }

    /// No more responses of `id` are awaited.
    pub(crate) fn forget(&mut self, id: ClientId) {
        self.owners.clients.remove(&id);
    }
}

/// Next hops are written from URIs, so they can be read as such; else it is the driver who complains.
fn uri(text: &Text) -> Uri {
    text.parse().unwrap_or_else(|_| Uri::Other(text.clone()))
}

/// A request that came and waits for our response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Its transaction.
    pub(crate) id: ServerId,
    /// The request.
    pub(crate) request: Request,
    /// Where it came from.
    pub(crate) origin: Origin,
}
