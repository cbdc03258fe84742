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
//! | [`sending`] | requests that may still move to another target |

pub mod flows;
pub mod routes;
pub mod sending;

use base::{Instant, Machine, Rng};
use bytes::Bytes;
use flows::{Flows, Listener};
use ports::link::{Heard, KeepAlive, NoPath, Path, Word};
use ports::network::{Do, Report};
use ports::{Address, Outbox, Part, Post, events};
use routes::{Found, Locals, Purpose, Routes};
use sending::Sending;
use sip::endpoint::{Broken, Endpoint, Input, Output, Settings as EndpointSettings};

use sip::resolve::{Family, Means, NoTarget};
use sip::{Origin, Target, Transport};
use sip_message::{End, Frame, Limits, Message, ResponseBuilder, Status, Uri};

/// What link is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Caps and capabilities of the transaction table.
    pub endpoint: EndpointSettings,
    /// Caps of one message.
    pub message: Limits,
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
    sending: Sending,
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
        Self {
            endpoint: Endpoint::new(settings.endpoint.clone(), rng.split()),
            routes: Routes::new(rng.split()),
            rng,
            settings,
            flows: Flows::default(),
            locals: Locals::default(),
            sending: Sending::default(),
            nameless: Vec::new(),
            next_ticket: OWN_TICKETS,
        }
    }

    fn network(&mut self, report: Report, now: Instant, out: &mut Outbox) {
        match report {
            Report::Listening {
                flow,
                transport,
                local,
            } => {
                self.listening(
                    Listener {
                        flow,
                        transport,
                        local,
                    },
                    now,
                    out,
                );
            }
            Report::Datagram {
                flow,
                source,
                local,
                bytes,
            } => {
                let origin = Origin {
                    flow,
                    transport: Transport::Udp,
                    source,
                    local,
                };
                self.datagram(bytes, origin, now, out);
            }
            Report::Opened {
                flow,
                transport,
                local,
                remote,
                inbound,
            } => {
                let origin = Origin {
                    flow,
                    transport,
                    source: remote,
                    local,
                };
                let end = if inbound { End::Accepted } else { End::Opened };
                self.flows.opened(origin, end, self.settings.message);
                let addr = local;
                self.endpoint.handle(
                    Input::Listening {
                        flow,
                        transport,
                        addr,
                    },
                    now,
                );
            }
            Report::Stream { flow, bytes } => {
                self.flows.push(flow, &bytes);
                self.read_stream(flow, now, out);
            }
            Report::Closed { flow, why } => {
                tracing::debug!(?flow, %why, "flow closed");
                self.flows.closed(flow);
                self.endpoint.handle(Input::Broken(Broken::Flow(flow)), now);
            }
            Report::Refused { target, why } => {
                self.sending.refused(target, why);
                self.endpoint
                    .handle(Input::Broken(Broken::Target(target)), now);
            }
            Report::Answer { ticket, reply } => {
                if let Some(found) = self.routes.answer(ticket, reply, now, out) {
                    self.found(found, now, out);
                }
            }
            Report::Local { ticket, local } => self.local(ticket, local, now, out),
        }
    }

    fn listening(&mut self, listener: Listener, now: Instant, out: &mut Outbox) {
        self.flows.listening(listener);
        if listener.local.ip().is_unspecified() {
            // Only the system knows which address others see; it is asked about a far target.
            let far = match listener.local.is_ipv4() {
                true => core::net::SocketAddr::from(([192, 0, 2, 1], 5060)),
                false => core::net::SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 5060)),
            };
            self.next_ticket += 1;
            self.nameless.push((self.next_ticket, listener));
            out.post(Do::FindLocal {
                ticket: self.next_ticket,
                to: far,
            });
        }
        let Listener {
            flow,
            transport,
            local: addr,
        } = listener;
        self.endpoint.handle(
            Input::Listening {
                flow,
                transport,
                addr,
            },
            now,
        );
    }

    fn local(
        &mut self,
        ticket: u64,
        local: Option<core::net::IpAddr>,
        now: Instant,
        out: &mut Outbox,
    ) {
        if let Some(at) = self.nameless.iter().position(|(t, _)| *t == ticket) {
            let (
                _,
                Listener {
                    flow,
                    transport,
                    local: bound,
                },
            ) = self.nameless.remove(at);
            if let Some(ip) = local {
                let addr = core::net::SocketAddr::new(ip, bound.port());
                self.endpoint.handle(
                    Input::Listening {
                        flow,
                        transport,
                        addr,
                    },
                    now,
                );
            }
            return;
        }
        let Some((from, ticket, target)) = self.locals.answered(ticket) else {
            return;
        };
        let path = local.map(|ip| self.path(target, ip));
        let path = path.ok_or_else(|| NoPath::Unreachable(target.addr.ip().to_string()));
        tell(from, Heard::Routed { ticket, path }, out);
    }

    fn path(&self, target: Target, ip: core::net::IpAddr) -> Path {
        let listener = self.flows.listener(target.transport, ip);
        let port = listener.map_or(target.transport.default_port(), |l| l.local.port());
        Path {
            target,
            local: core::net::SocketAddr::new(ip, port),
        }
    }

    fn datagram(&mut self, bytes: Bytes, origin: Origin, now: Instant, out: &mut Outbox) {
        // Keep-alives and their answers (RFC 5626 §4.4.1; a STUN answer starts with 0 or 1).
        let is_keep_alive = bytes.iter().all(|b| b"\r\n".contains(b)) || bytes[0] < 4;
        if is_keep_alive {
            return;
        }
        match sip_message::parse_datagram(bytes, &self.settings.message) {
            Ok(message) => self.received(message, origin, now, out),
            Err(why) => tracing::debug!(%why, source = %origin.source, "not SIP"),
        }
    }

    fn read_stream(&mut self, flow: sip::FlowId, now: Instant, out: &mut Outbox) {
        while let Some((frame, origin)) = self.flows.next(flow) {
            match frame {
                Ok(Frame::Message(message)) => {
                    out.post(Do::Complete { flow });
                    self.received(message, origin, now, out);
                }
                Ok(Frame::Ping) => {
                    let bytes = Bytes::from_static(b"\r\n");
                    out.post(Do::SendStream {
                        flow: Some(flow),
                        target: origin.target(),
                        bytes,
                    });
                }
                Ok(Frame::Pong) => {}
                Err(why) => {
                    tracing::debug!(%why, source = %origin.source, "stream is no SIP");
                    self.flows.closed(flow);
                    out.post(Do::Close { flow });
                    return;
                }
            }
        }
    }

    fn received(&mut self, message: Message, origin: Origin, now: Instant, out: &mut Outbox) {
        self.trace(false, origin.target(), message.bytes(), now, out);
        self.endpoint
            .handle(Input::Received { message, origin }, now);
    }

    fn trace(&self, sent: bool, peer: Target, bytes: &Bytes, now: Instant, out: &mut Outbox) {
        if self.settings.trace {
            out.post(events::Word::Message {
                at: now,
                sent,
                peer,
                bytes: bytes.clone(),
            });
        }
    }

    fn resolve(&mut self, purpose: Purpose, uri: &Uri, now: Instant, out: &mut Outbox) {
        let found = match routes::destination(uri) {
            Some(destination) => {
                let name = uri.to_string();
                let means = self.means();
                self.routes
                    .start(purpose, (destination, name), &means, now, out)
            }
            None => Some(Found {
                purpose,
                name: uri.to_string(),
                targets: Err(NoTarget::NoMeans),
            }),
        };
        if let Some(found) = found {
            self.found(found, now, out);
        }
    }

    /// What can be reached: connections can always be opened, datagrams need a socket.
    fn means(&self) -> Means {
        let listens = |family| self.flows.has(matches!(family, Family::V4));
        let transports = match self.flows.speaks(Transport::Udp) {
            true => vec![Transport::Udp, Transport::Tcp],
            false => vec![Transport::Tcp],
        };
        let families = [Family::V4, Family::V6]
            .into_iter()
            .filter(|f| listens(*f))
            .collect();
        Means {
            transports,
            families,
        }
    }

    fn found(&mut self, found: Found, now: Instant, out: &mut Outbox) {
        let Found {
            purpose,
            name,
            targets,
        } = found;
        let first = targets.as_ref().ok().and_then(|t| t.first().copied());
        match (purpose, targets, first) {
            (Purpose::Send { id, request }, Ok(targets), _) => {
                let target = self.sending.start(id, request.clone(), targets, now);
                let flow = None;
                if let Some(target) = target {
                    self.endpoint.handle(
                        Input::Send {
                            id,
                            request,
                            target,
                            flow,
                        },
                        now,
                    );
                }
            }
            (Purpose::Send { id, .. }, Err(why), _) => {
                let detail = no_path(why, name).to_string();
                let why = sip::transaction::Failure::Transport;
                tell_client(id, Heard::Failed { id, why, detail }, out);
            }
            (Purpose::Ack { request }, _, Some(target)) => {
                self.endpoint.handle(
                    Input::SendAck {
                        request,
                        target,
                        flow: None,
                    },
                    now,
                );
            }
            (Purpose::Route { from, ticket }, Ok(_), Some(target)) => {
                self.locals.ask(from, ticket, target, out);
            }
            (Purpose::Route { from, ticket }, Err(why), _) => {
                let path = Err(no_path(why, name));
                tell(from, Heard::Routed { ticket, path }, out);
            }
            (Purpose::KeepAlive { kind }, _, Some(target)) => self.keep_alive(kind, target, out),
            (Purpose::Ack { .. } | Purpose::KeepAlive { .. } | Purpose::Route { .. }, _, None) => {}
        }
    }

    fn keep_alive(&mut self, kind: KeepAlive, target: Target, out: &mut Outbox) {
        let bytes = match kind {
            KeepAlive::Crlf => Bytes::from_static(b"\r\n\r\n"),
            KeepAlive::Stun => binding_request(&mut self.rng),
        };
        transmit(None, target, bytes, out);
    }

    fn settle(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit {
                    target,
                    flow,
                    bytes,
                } => {
                    self.trace(true, target, &bytes, now, out);
                    transmit(flow, target, bytes, out);
                }
                Output::Request {
                    id,
                    request,
                    origin,
                } => {
                    let to = owner(&request);
                    tell(
                        to,
                        Heard::Request {
                            id,
                            request,
                            origin,
                        },
                        out,
                    );
                }
                Output::Ack { request, origin } => {
                    tell(Address::Dialogs, Heard::Ack { request, origin }, out);
                }
                Output::Cancelled { id } => tell(Address::Dialogs, Heard::Cancelled { id }, out),
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
                    tell(Address::Dialogs, Heard::ServerEnded { id }, out);
                }
            }
        }
    }

    /// Sends the request to its next target, if it has one (RFC 3263 §4.3).
    fn next_target(&mut self, id: sip::ClientId, now: Instant) -> bool {
        let Some((request, target)) = self.sending.next(id, now) else {
            return false;
        };
        self.endpoint.handle(
            Input::Send {
                id,
                request,
                target,
                flow: None,
            },
            now,
        );
        true
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
            } => {
                self.resolve(Purpose::Send { id, request }, &next_hop, now, out);
            }
            Word::SendAck { request, next_hop } => {
                self.resolve(Purpose::Ack { request }, &next_hop, now, out);
            }
            Word::Cancel { id } => self.endpoint.handle(Input::Cancel { id }, now),
            Word::Abandon { id } => {
                self.sending.give_up(id);
                self.endpoint.handle(Input::Abandon { id }, now);
            }
            Word::Respond { id, response } => {
                self.endpoint.handle(Input::Respond { id, response }, now);
            }
            Word::Route { from, ticket, uri } => {
                self.resolve(Purpose::Route { from, ticket }, &uri, now, out);
            }
            Word::KeepAlive { next_hop, kind } => {
                self.resolve(Purpose::KeepAlive { kind }, &next_hop, now, out);
            }
            // Transactions of a part that is gone run out by themselves; it hears of them and
            // knows no such id.
            Word::Restarted(_) => {}
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
            Post::Link(_) | Post::Dialogs(_) | Post::Registrar(_) | Post::Media(_) => return,
            Post::Network(_) | Post::Voice(_) | Post::Event(_) => return,
        };
        if let Heard::Request { id, request, .. } = heard {
            let tag = self.rng.token(8);
            let response = ResponseBuilder::to(&request, Status::SERVICE_UNAVAILABLE);
            let response = response.to_tag(&tag).build();
            self.endpoint.handle(Input::Respond { id, response }, now);
            self.settle(now, out);
        }
    }
}

fn transmit(flow: Option<sip::FlowId>, target: Target, bytes: Bytes, out: &mut Outbox) {
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
                bytes,
            });
        }
    }
}

fn tell(to: Address, heard: Heard, out: &mut Outbox) {
    if let Some(post) = Post::heard(to, heard) {
        out.post(post);
    }
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

/// A STUN Binding request without attributes. Source: RFC 5389 §6.
fn binding_request(rng: &mut Rng) -> Bytes {
    let mut request = [0; 20];
    request[1] = 1;
    request[4..8].copy_from_slice(&0x2112_a442_u32.to_be_bytes());
    rng.fill(&mut request[8..]);
    Bytes::copy_from_slice(&request)
}

/// REGISTER is for a registrar, where there is one; everything else is about sessions.
fn owner(request: &sip_message::Request) -> Address {
    if *request.method() == sip_message::Method::Register {
        return Address::Registrar;
    }
    Address::Dialogs
}
