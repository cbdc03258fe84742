//! The link part: owns the transactions and the flows, and hands every message to its owner.
//!
//! What it is not: it opens no socket (it asks `ports::network` for that), reads no clock, and
//! decides nothing about calls or bindings.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Link`] | words in, machine inputs out; endpoint outputs to words |
//! | [`flows`] | listening sockets; streams cut into messages |
//! | [`routes`] | lookups under way (RFC 3263) and what waits for them |
//! | [`peers`] | who has to be at the other end of TLS |
//! | `hearing`, `going` | what comes from the sockets, what goes to them |
//! | [`orphans`] | what a part leaves behind that is made anew |
//! | [`sources`] | who may call over UDP, and who may watch |
//! | [`sending`] | requests that may still move to another target |

pub mod flows;
mod going;
mod hearing;
pub mod orphans;
pub mod peers;
pub mod routes;
pub mod sending;
pub mod sources;

use base::{Instant, Machine, Rng};
use bytes::Bytes;
use flows::{Flows, Listener};
use orphans::Unanswered;
use peers::Peers;
use ports::link::{Heard, NoPath, Word};
use ports::network::Do;
use ports::{Address, Outbox, Part, Post, events};
use routes::{Locals, Purpose, Routes};
use sending::Sending;
use sip::endpoint::{Endpoint, Input, Output, Settings as EndpointSettings};
use sip::owner::{Offers, Owner};
use sip::resolve::NoTarget;
use sip::{Origin, ServerId, Target, Transport};
use sip_message::{HeaderName, Limits, Request, ResponseBuilder, Status};
use sources::Sources;

/// What link is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Caps and capabilities of the transaction table.
    pub endpoint: EndpointSettings,
    /// Caps of one message.
    pub message: Limits,
    /// What this engine has beside dialogs.
    pub offers: Offers,
    /// Tell every message to whoever listens, for ladders and the SIP log.
    pub trace: bool,
}

/// The link part.
pub struct Link {
    settings: Settings,
    endpoint: Endpoint,
    flows: Flows,
    routes: Routes,
    locals: Locals,
    peers: Peers,
    sending: Sending,
    unanswered: Unanswered,
    sources: Sources,
    /// Unspecified listeners wait for a real address here, by the ticket of their question.
    nameless: Vec<(u64, Listener)>,
    next_ticket: u64,
    rng: Rng,
}

/// Tickets of link's own questions, apart from those of [`Locals`].
const OWN_TICKETS: u64 = 1 << 48;

impl Link {
    /// A link without flows. `rng` makes branches, tags and choices among equal servers.
    pub fn new(settings: Settings, mut rng: Rng) -> Self {
        let endpoint = Endpoint::new(settings.endpoint.clone(), rng.split());
        let mut tickets = rng.split();
        Self {
            endpoint,
            locals: Locals::new(tickets.number32()),
            next_ticket: OWN_TICKETS + u64::from(tickets.number32()),
            routes: Routes::new(tickets),
            rng,
            settings,
            flows: Flows::default(),
            peers: Peers::default(),
            sending: Sending::default(),
            unanswered: Unanswered::default(),
            sources: Sources::default(),
            nameless: Vec::new(),
        }
    }

    /// Transactions, lookups and requests that are not over.
    pub fn unfinished(&self) -> usize {
        let waiting = self.routes.len() + self.locals.len() + self.sending.len();
        self.endpoint.len() + waiting + self.unanswered.len()
    }

    fn trace(&self, sent: bool, peer: Target, bytes: &Bytes, now: Instant, out: &mut Outbox) {
        // Where people look for it: --log sip=debug.
        tracing::debug!(
            target: "offhook_sip::message",
            sent,
            what = what(bytes),
            %peer,
            bytes = bytes.len(),
        );
        if self.settings.trace {
            out.post(events::Word::Message {
                at: now,
                sent,
                peer,
                bytes: bytes.clone(),
            });
        }
    }

    pub(crate) fn transmit(
        &self,
        flow: Option<sip::FlowId>,
        target: Target,
        bytes: Bytes,
        out: &mut Outbox,
    ) {
        match target.transport {
            Transport::Udp => {
                out.post(Do::SendDatagram {
                    flow,
                    to: target.addr,
                    from: None,
                    bytes,
                });
            }
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                out.post(Do::SendStream {
                    flow,
                    target,
                    peer: self.peers.get(target.peer),
                    bytes,
                });
            }
        }
    }

    fn request(
        &mut self,
        id: ServerId,
        request: Request,
        origin: Origin,
        now: Instant,
        out: &mut Outbox,
    ) {
        if let Some(response) = self.too_early(&request, &origin) {
            return self.endpoint.handle(Input::Respond { id, response }, now);
        }
        match owner(&request, self.settings.offers) {
            Ok(to) => {
                self.unanswered.asked(id, to, &request);
                let proved = self.proved(&origin);
                let heard = Heard::Request {
                    id,
                    trusted: self.sources.trusts(&request, &origin, proved.as_ref()),
                    request,
                    origin,
                };
                tell(to, heard, out);
            }
            Err(status) => {
                let tag = self.rng.token(10);
                let response = ResponseBuilder::to(&request, status)
                    .to_tag(&tag)
                    .header(
                        HeaderName::Allow,
                        self.settings.endpoint.capabilities.allow(),
                    )
                    .build();
                self.endpoint.handle(Input::Respond { id, response }, now);
            }
        }
    }

    pub(crate) fn settle(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit {
                    target,
                    flow,
                    bytes,
                } => {
                    self.trace(true, target, &bytes, now, out);
                    self.transmit(flow, target, bytes, out);
                }
                Output::Request {
                    id,
                    request,
                    origin,
                } => {
                    self.request(id, request, origin, now, out);
                }
                Output::Ack { request, origin } => {
                    tell(Address::Dialogs, Heard::Ack { request, origin }, out);
                }
                Output::Cancelled { id, reason } => {
                    tell(Address::Dialogs, Heard::Cancelled { id, reason }, out);
                }
                Output::Response {
                    id,
                    response,
                    origin,
                } => {
                    if self.sending.moves_on(id, &response) && self.next_target(id, now) {
                        continue;
                    }
                    self.sending.answered(id, &response);
                    tell_client(
                        id,
                        Heard::Response {
                            id,
                            response,
                            origin,
                        },
                        out,
                    );
                }
                Output::Failed { id, why } => {
                    if self.next_target(id, now) {
                        continue;
                    }
                    let detail = self.sending.give_up(id);
                    tell_client(id, Heard::Failed { id, why, detail }, out);
                }
                Output::ServerEnded { id, .. } => {
                    self.unanswered.ended(id);
                    tell(Address::Dialogs, Heard::ServerEnded { id }, out);
                }
            }
        }
    }
}

impl Part for Link {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Network(report) => self.network(report, now, out),
            Word::Send {
                id,
                request,
                next_hop,
                once,
                account,
            } => {
                let request = self.with_headers(account.as_deref(), request);
                let purpose = Purpose::Send { id, request, once };
                self.resolve(purpose, &next_hop, account.as_deref(), now, out);
            }
            Word::SendAck {
                request,
                next_hop,
                account,
            } => {
                let request = self.with_headers(account.as_deref(), request);
                let purpose = Purpose::Ack { request };
                self.resolve(purpose, &next_hop, account.as_deref(), now, out);
            }
            Word::Cancel { id, reason } => {
                self.endpoint.handle(Input::Cancel { id, reason }, now);
            }
            Word::Abandon { id } => {
                self.sending.give_up(id);
                self.endpoint.handle(Input::Abandon { id }, now);
            }
            Word::Respond { id, response } => {
                self.unanswered.answered(id, &response);
                self.endpoint.handle(Input::Respond { id, response }, now);
            }
            Word::Route {
                from,
                ticket,
                uri,
                account,
            } => {
                let purpose = Purpose::Route { from, ticket };
                self.resolve(purpose, &uri, Some(&account), now, out);
            }
            Word::KeepAlive {
                next_hop,
                kind,
                account,
            } => {
                let purpose = Purpose::KeepAlive { kind };
                self.resolve(purpose, &next_hop, Some(&account), now, out);
            }
            Word::Account(account) => self.account(*account, now, out),
            Word::AccountGone { account } => self.account_gone(&account, now),
            Word::Restarted(who) => self.orphaned(who, now),
        }
        self.settle(now, out);
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.endpoint.handle_time(now);
        for found in self.routes.handle_time(now, out) {
            self.found(found, now, out);
        }
        while let Some(id) = self.sending.impatient(now) {
            self.endpoint.handle(Input::Abandon { id }, now);
            self.next_target(id, now);
        }
        self.settle(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let all = [
            self.endpoint.deadline(),
            self.routes.deadline(),
            self.sending.deadline(),
        ];
        all.into_iter().flatten().min()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        // A request that nobody can take is refused; everything else the peer repeats.
        let heard = match post {
            Post::Dialogs(ports::dialogs::Word::Heard(heard)) => heard,
            Post::Registrar(ports::registrar::Word::Heard(heard)) => heard,
            Post::Blf(ports::blf::Word::Heard(heard)) => heard,
            Post::Messages(ports::messages::Word::Heard(heard)) => heard,
            Post::Presence(ports::presence::Word::Heard(heard)) => heard,
            Post::Link(_) | Post::Dialogs(_) | Post::Registrar(_) | Post::Media(_) => return,
            Post::Recorder(_) | Post::History(_) | Post::Store(_) => return,
            Post::Transfer(_) | Post::Blf(_) | Post::Messages(_) => return,
            Post::Presence(_) => return,
            Post::Network(_) | Post::Voice(_) | Post::Event(_) => return,
        };
        if let Heard::Request { id, request, .. } = heard {
            let tag = self.rng.token(8);
            let response = ResponseBuilder::to(&request, Status::SERVICE_UNAVAILABLE);
            let response = response.to_tag(&tag).build();
            self.unanswered.ended(id);
            self.endpoint.handle(Input::Respond { id, response }, now);
            self.settle(now, out);
        }
    }
}

fn tell(to: Address, heard: Heard, out: &mut Outbox) {
    if let Some(post) = Post::heard(to, heard) {
        out.post(post);
    }
}

/// Method or status of a message for the log: nothing of an address, and nothing that anybody can make long.
fn what(message: &[u8]) -> &str {
    let mut words = message
        .split(|byte| byte.is_ascii_whitespace())
        .map(|word| word.get(..32).unwrap_or(word));
    let first = words.next().unwrap_or_default();
    let word = match first.starts_with(b"SIP/") {
        true => words.next().unwrap_or_default(),
        false => first,
    };
    core::str::from_utf8(word).unwrap_or("?")
}

/// Tells the part that chose `id`.
fn tell_client(id: sip::ClientId, heard: Heard, out: &mut Outbox) {
    if let Some(to) = Address::of_client(id) {
        tell(to, heard, out);
    }
}

fn no_path(why: NoTarget, name: String) -> NoPath {
    match why {
        NoTarget::UnknownHost => NoPath::UnknownName(name),
        NoTarget::NameServer => NoPath::Unreachable(format!("{name}: no name server answers")),
        NoTarget::NoMeans => NoPath::Unsupported(name),
    }
}

/// Whom an inbound request is for: a part, or nobody but with this status.
fn owner(request: &Request, offers: Offers) -> Result<Address, Status> {
    match sip::owner::owner(request, offers) {
        // Dialogs answers OPTIONS outside of dialogs too: it knows what sessions can.
        Owner::Dialogs | Owner::Registrar => Ok(Address::Dialogs),
        Owner::Subscriptions => Ok(Address::Blf),
        Owner::Messages => Ok(Address::Messages),
        Owner::Watched => Ok(Address::Presence),
        Owner::Bindings => Ok(Address::Registrar),
        Owner::Nobody(status) => Err(status),
    }
}

#[cfg(test)]
mod tests;
