//! Table of all transactions: one message in, one delivery out.
//!
//! The driver owns sockets and names them by [`FlowId`]; it feeds what it heard and carries out what
//! comes back. The endpoint absorbs repeats, answers by itself what needs no transaction user, and
//! hands everything else up exactly once.
//!
//! | who does it | what |
//! | --- | --- |
//! | endpoint | resends of requests, of provisional and of 3xx-6xx responses; ACK for 3xx-6xx; 100 Trying; 200 to a matched and 481 to a stray CANCEL; refusals of `sip_message::check_request`; 482 to a merged request; 503 at a bound; dropping stray responses and ACKs |
//! | its user | every copy of a 2xx to an INVITE until the ACK comes ([`Input::Respond`] again, RFC 6026 §7.1); the ACK for a 2xx ([`Input::SendAck`]), again for every copy of the 2xx it is given; 487 after [`Output::Cancelled`] |
//! | driver | where a request goes (`crate::resolve`); opening connections; telling [`Input::Broken`] |
//!
//! | file | holds |
//! | --- | --- |
//! | `sending`, `client` | requests out, responses in; one such transaction |
//! | `receiving`, `server` | requests in, responses out; one such transaction |
//! | `resting` | requests in that only wait for repeats of what was answered |
//! | `stateless` | answers that leave no trace |
//! | `route` | Via of what we send, way back of what we answer |
//! | `saved` | the state as plain data |

mod client;
mod receiving;
mod resting;
mod route;
mod saved;
mod sending;
mod server;
mod stateless;
#[cfg(test)]
mod tests;

pub use saved::Saved;

use crate::flow::{FlowId, Origin, Target, Transport};
use crate::ids::{ClientId, ServerId};
use crate::transaction::key::Secret;
use crate::transaction::{Cut, Failure, Link, ServerKey};
use base::{Instant, Machine, Redacted, Rng, Timers};
use bytes::Bytes;
use client::Client;
use core::net::{IpAddr, SocketAddr};
use resting::Resting;
use serde::{Deserialize, Serialize};
use server::Server;
use sip_message::{Capabilities, Message, Method, Request, Response};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// How much the endpoint takes on before it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Transactions at once, both directions. Past it requests in get 503, requests out fail.
    pub transactions: usize,
    /// INVITEs of one address that have no final response yet. Past it they get 503.
    pub early_per_source: Option<u32>,
}

impl Limits {
    /// A phone on a desk.
    pub const DESKTOP: Self = Self {
        transactions: 2_000,
        early_per_source: Some(8),
    };
    /// Bench and monitoring mode.
    pub const MONITOR: Self = Self {
        transactions: 500_000,
        early_per_source: None,
    };
}

/// What the endpoint is told once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How much it takes on.
    pub limits: Limits,
    /// What requests may ask of this user agent.
    pub capabilities: Capabilities,
    /// Who we are: User-Agent of requests and Server of responses that name nobody (RFC 3261 §20.35,
    /// §20.41); empty: neither is sent.
    pub name: String,
    /// Size from which a request leaves UDP for TCP; `None` never. Unit: bytes.
    ///
    /// Source: RFC 3261 §18.1.1.
    pub largest_datagram: Option<usize>,
}

impl Settings {
    /// What RFC 3261 §18.1.1 says where the path's MTU is unknown. Unit: bytes.
    pub const LARGEST_DATAGRAM: usize = 1300;

    /// `limits` with everything else as usual.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            capabilities: Capabilities::default(),
            name: String::new(),
            largest_datagram: Some(Self::LARGEST_DATAGRAM),
        }
    }
}

/// What a transport lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broken {
    /// This socket or connection is gone. Requests on it that nobody has answered yet fail.
    Flow(FlowId),
    /// Nothing can be sent there: refused, unreachable, no connection. Requests to it fail, or move
    /// back to UDP if they left it for their size.
    Target(Target),
}

/// Everything that can happen to the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A socket or listener is open and reachable at `addr`, which our Via will say.
    Listening {
        /// Its name.
        flow: FlowId,
        /// Its transport.
        transport: Transport,
        /// Its address as peers see it.
        addr: SocketAddr,
    },
    /// A message came.
    Received {
        /// The message, parsed; with its defect, if it has one.
        message: Message,
        /// Where it came from.
        origin: Origin,
    },
    /// Start a client transaction.
    Send {
        /// Comes back with every response. Must not be in use.
        id: ClientId,
        /// The request without our Via.
        request: Request,
        /// Next hop.
        target: Target,
        /// The connection or socket to use; `None` leaves it to endpoint and driver.
        flow: Option<FlowId>,
    },
    /// As [`Input::Send`], but sent once and never again: for probes, whose silence is an answer.
    /// Not for INVITE.
    SendOnce {
        /// Comes back with every response. Must not be in use.
        id: ClientId,
        /// The request without our Via.
        request: Request,
        /// Next hop.
        target: Target,
        /// As in [`Input::Send`].
        flow: Option<FlowId>,
    },
    /// Send the ACK for a 2xx: no transaction, so the user sends it again when the 2xx repeats.
    SendAck {
        /// The ACK without our Via.
        request: Request,
        /// Next hop.
        target: Target,
        /// As in [`Input::Send`].
        flow: Option<FlowId>,
    },
    /// Cancel the INVITE sent under this id. CANCEL waits for a provisional response.
    Cancel {
        /// The INVITE.
        id: ClientId,
        /// Reason header field of the CANCEL (RFC 3326).
        reason: Option<String>,
    },
    /// Stop caring about a request: nothing is resent, nothing more is told.
    Abandon {
        /// The request.
        id: ClientId,
    },
    /// Answer a request.
    Respond {
        /// The request.
        id: ServerId,
        /// The response, with a To tag unless it is a 100.
        response: Response,
    },
    /// A transport failed.
    Broken(Broken),
}

/// Everything the endpoint can ask of its driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Put bytes on the wire: on `flow` while it lives, else to `target`.
    Transmit {
        /// Where to, when there is no flow or it is gone.
        target: Target,
        /// The connection or socket to use.
        flow: Option<FlowId>,
        /// The whole message.
        bytes: Bytes,
    },
    /// A request for the user: new, valid, not a repeat.
    Request {
        /// To answer it by.
        id: ServerId,
        /// The request, its top Via completed with where it really came from.
        request: Request,
        /// Where it came from.
        origin: Origin,
    },
    /// An ACK for a 2xx. Some may be strays: whoever knows no such dialog drops it.
    Ack {
        /// The ACK.
        request: Request,
        /// Where it came from.
        origin: Origin,
    },
    /// The peer cancelled this INVITE, and was told 200. The user answers the INVITE with 487.
    Cancelled {
        /// The INVITE.
        id: ServerId,
        /// Reason header field of the CANCEL (RFC 3326).
        reason: Option<String>,
    },
    /// A response to a request of the user's.
    Response {
        /// The request.
        id: ClientId,
        /// The response.
        response: Response,
        /// Where it came from.
        origin: Origin,
    },
    /// A request of the user's will get no final response.
    Failed {
        /// The request.
        id: ClientId,
        /// Why.
        why: Failure,
    },
    /// A request that the user answered, or was about to, ended badly.
    ServerEnded {
        /// The request.
        id: ServerId,
        /// Why.
        why: Cut,
    },
}

/// What a request that came belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// A dialog.
    Dialog,
    /// Nothing yet: it is an INVITE.
    NewCall,
    /// Nothing: OPTIONS and all else outside of dialogs.
    Stranger,
}

/// One transaction of either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Client(u64),
    Server(u64),
}

/// Table of all transactions of an engine.
///
/// Each message costs a few look-ups in ordered or hashed tables; the hashed ones are never iterated.
pub struct Endpoint {
    settings: Settings,
    rng: Rng,
    /// Makes tags of stateless answers unpredictable, and keys of transactions.
    secret: Redacted<Secret>,
    outputs: VecDeque<Output>,
    listening: BTreeMap<FlowId, (Transport, SocketAddr)>,
    clients: BTreeMap<u64, Box<Client>>,
    servers: BTreeMap<u64, Box<Server>>,
    resting: Resting,
    next_client: u64,
    next_server: u64,
    timers: Timers<Which>,
    // Indexes, made anew from the tables when a saved state is taken up.
    client_of: HashMap<ClientId, u64>,
    server_of: HashMap<ServerKey, u64>,
    /// Requests outside dialogs, by what all copies of one have in common (RFC 3261 §8.2.2.2).
    merged: HashMap<ServerKey, ()>,
    /// Client transactions that a broken target would end.
    waiting: BTreeSet<(Target, u64)>,
    /// INVITEs without final response, by address.
    early: BTreeMap<IpAddr, u32>,
}

impl Endpoint {
    /// An endpoint without transactions.
    pub fn new(settings: Settings, mut rng: Rng) -> Self {
        let mut key = [0; 16];
        rng.fill(&mut key);
        // An endpoint that is started anew must not give a number its forerunner gave.
        let next_server = u64::from(rng.number32()) << 24;
        Self {
            settings,
            rng,
            secret: Redacted::new(key),
            outputs: VecDeque::new(),
            listening: BTreeMap::new(),
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            resting: Resting::default(),
            next_client: 0,
            next_server,
            timers: Timers::new(),
            client_of: HashMap::new(),
            server_of: HashMap::new(),
            merged: HashMap::new(),
            waiting: BTreeSet::new(),
            early: BTreeMap::new(),
        }
    }

    /// Transactions alive, both directions.
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len() + self.resting.len()
    }

    /// Whether no transaction is alive.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether peers have taken what they may for requests of this kind. A quarter of all is kept for
    /// what we send ourselves, so that a flood does not silence us. Of the rest, calls that are up may
    /// use all, new calls three quarters, and whatever else comes from outside of dialogs a half: a
    /// flood of OPTIONS keeps no call away, and a flood of calls hurts none that is up.
    fn is_taken(&self, whose: Whose) -> bool {
        let all = self.settings.limits.transactions;
        let peers = all - all / 4;
        let share = match whose {
            Whose::Dialog => peers,
            Whose::NewCall => peers - peers / 4,
            Whose::Stranger => peers / 2,
        };
        self.servers.len() + self.resting.len() >= share
    }

    fn is_full(&self) -> bool {
        self.len() >= self.settings.limits.transactions
    }

    fn emit(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}

impl Machine for Endpoint {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Listening {
                flow,
                transport,
                addr,
            } => {
                self.listening.insert(flow, (transport, addr));
            }
            Input::Received { message, origin } => match message {
                Message::Request(request) => self.received_request(request, origin, now),
                Message::Response(response) => self.received_response(response, origin, now),
            },
            Input::Send {
                id,
                request,
                target,
                flow,
            } => self.send(id, &request, target, flow, now),
            Input::SendOnce {
                id,
                request,
                target,
                flow,
            } => {
                debug_assert!(*request.method() != Method::Invite, "nobody would end it");
                self.send_on(id, &request, target, flow, Link::Reliable, now);
            }
            Input::SendAck {
                request,
                target,
                flow,
            } => self.send_ack(&request, target, flow),
            Input::Cancel { id, reason } => self.cancel(id, reason, now),
            Input::Abandon { id } => self.abandon(id),
            Input::Respond { id, response } => self.respond(id, &response, now),
            Input::Broken(Broken::Flow(flow)) => {
                self.listening.remove(&flow);
                self.flow_broke(flow, now);
            }
            Input::Broken(Broken::Target(target)) => self.target_broke(target, now),
        }
    }

    fn handle_time(&mut self, now: Instant) {
        while let Some(which) = self.timers.expire(now) {
            match which {
                Which::Client(number) => self.client_time(number, now),
                Which::Server(number) => self.server_time(number, now),
            }
        }
        while let Some(rest) = self.resting.expire(now) {
            self.close(rest.key, rest.merged);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        [self.timers.next(), self.resting.deadline()]
            .into_iter()
            .flatten()
            .min()
    }
}

/// Gives memory of a hashed index back after a peak.
fn shrink<K: Eq + core::hash::Hash, V>(index: &mut HashMap<K, V>) {
    const WORTH_IT: usize = 512;
    if index.capacity() > WORTH_IT && index.len() < index.capacity() / 8 {
        index.shrink_to(index.len() * 2);
    }
}
