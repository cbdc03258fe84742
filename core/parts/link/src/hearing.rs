//! What the signalling sockets report: bytes to messages, flows that come and go.

use crate::flows::Listener;
use crate::routes::{Asker, Waiting};
use crate::{Link, tell};
use base::{Instant, Machine};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use ports::Outbox;
use ports::link::{Heard, NoPath, Path};
use ports::network::{Do, Report, Why};
use sip::endpoint::{Broken, Input};
use sip::{FlowId, Origin, PeerId, Target, Transport};
use sip_message::{End, Frame, Message, parse_datagram};

impl Link {
    pub(crate) fn network(&mut self, report: Report, now: Instant, out: &mut Outbox) {
        match report {
            Report::Listening {
                flow,
                transport,
                local,
            } => self.listening((flow, transport, local), now, out),
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
                remote: source,
                inbound,
                peer,
                proved,
            } => {
                let end = if inbound { End::Accepted } else { End::Opened };
                let origin = Origin {
                    flow,
                    transport,
                    source,
                    local,
                };
                self.opened(origin, (peer, proved), end, now);
            }
            Report::Stream { flow, bytes } => self.read_stream(flow, &bytes, now, out),
            Report::Closed { flow, why, targets } => {
                self.closed((flow, &why), &targets, now, out);
            }
            Report::Refused { target, why } => {
                self.sending.refused(target, why);
                self.broken(Broken::Target(target), now);
            }
            Report::Answer { ticket, reply } => {
                if let Some(found) = self.routes.answer(ticket, reply, now, out) {
                    self.found(found, now, out);
                }
            }
            Report::Local { ticket, local } => self.local(ticket, local, now, out),
            Report::Reached { ticket, local } => self.reached(ticket, local, now, out),
        }
    }

    /// A flow is gone: its transactions fail, and bindings that used it are renewed over another one.
    fn closed(
        &mut self,
        (flow, why): (FlowId, &str),
        targets: &[Target],
        now: Instant,
        out: &mut Outbox,
    ) {
        tracing::debug!(?flow, %why, "flow closed");
        let known = self.flows.closed(flow);
        let others = targets
            .iter()
            .copied()
            .filter(|other| Some(*other) != known);
        for target in known.into_iter().chain(others) {
            out.post(ports::registrar::Word::FlowLost { target });
        }
        self.broken(Broken::Flow(flow), now);
    }

    fn broken(&mut self, what: Broken, now: Instant) {
        self.endpoint.handle(Input::Broken(what), now);
    }

    fn opened(&mut self, origin: Origin, proved: (PeerId, Option<String>), end: End, now: Instant) {
        let limits = self.settings.message;
        self.flows.opened(origin, proved, end, limits);
        let Origin {
            flow,
            transport,
            local: addr,
            ..
        } = origin;
        self.endpoint.handle(
            Input::Listening {
                flow,
                transport,
                addr,
            },
            now,
        );
    }

    fn listening(
        &mut self,
        (flow, transport, local): (FlowId, Transport, SocketAddr),
        now: Instant,
        out: &mut Outbox,
    ) {
        let listener = Listener {
            flow,
            transport,
            local,
        };
        self.flows.listening(listener);
        if listener.local.ip().is_unspecified() {
            // Only the system knows which address others see; it is asked about a far target.
            let far = match listener.local.is_ipv4() {
                true => SocketAddr::from(([192, 0, 2, 1], 5060)),
                false => SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 5060)),
            };
            self.next_ticket += 1;
            self.nameless.push((self.next_ticket, listener));
            out.post(Do::FindLocal {
                ticket: self.next_ticket,
                to: far,
            });
        }
        self.endpoint.handle(
            Input::Listening {
                flow,
                transport,
                addr: local,
            },
            now,
        );
    }

    pub(crate) fn local(
        &mut self,
        ticket: u64,
        local: Option<IpAddr>,
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
                let addr = SocketAddr::new(ip, bound.port());
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
        let Some(Waiting { asker, target, .. }) = self.locals.answered(ticket) else {
            return;
        };
        let path = local.map(|ip| self.path(target, ip));
        let path = path.ok_or_else(|| NoPath::Unreachable(target.addr.ip().to_string()));
        let ticket = asker.ticket;
        tell(asker.from, Heard::Routed { ticket, path }, out);
    }

    /// Asks how the first of `targets` is reached. Over TLS the connection is opened for that: peers know us by its
    /// end, since nobody listens for more of them, and who is not whom we want is found before anything is said.
    pub(crate) fn ask_local(&mut self, asker: Asker, targets: Vec<Target>, out: &mut Outbox) {
        let mut rest = targets;
        if rest.is_empty() {
            return;
        }
        let target = rest.remove(0);
        let ticket = self.locals.wait(Waiting {
            asker,
            target,
            rest,
        });
        out.post(match target.transport.is_secure() {
            true => Do::Reach {
                ticket,
                target,
                peer: self.peers.get(target.peer),
            },
            false => Do::FindLocal {
                ticket,
                to: target.addr,
            },
        });
    }

    /// A connection stands, or the next server is tried.
    fn reached(
        &mut self,
        ticket: u64,
        local: Result<SocketAddr, Why>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(waiting) = self.locals.answered(ticket) else {
            return;
        };
        let Waiting {
            asker,
            target,
            rest,
        } = waiting;
        let path = match local {
            Ok(local) => Ok(Path { target, local }),
            Err(why) => {
                self.sending.lost(target, &why, now);
                if !rest.is_empty() {
                    return self.ask_local(asker, rest, out);
                }
                let server = asker.name;
                Err(NoPath::Refused { server, why })
            }
        };
        let ticket = asker.ticket;
        tell(asker.from, Heard::Routed { ticket, path }, out);
    }

    fn path(&self, target: Target, ip: IpAddr) -> Path {
        let listener = self.flows.listener(target.transport, ip);
        let port = listener.map_or(target.transport.default_port(), |l| l.local.port());
        Path {
            target,
            local: SocketAddr::new(ip, port),
        }
    }

    fn datagram(&mut self, bytes: Bytes, origin: Origin, now: Instant, out: &mut Outbox) {
        // Keep-alives and their answers (RFC 5626 §4.4.1; a STUN answer starts with 0 or 1).
        let is_keep_alive = bytes.iter().all(|b| b"\r\n".contains(b)) || bytes[0] < 4;
        if is_keep_alive {
            return;
        }
        match parse_datagram(bytes, &self.settings.message) {
            Ok(message) => self.received(message, origin, now, out),
            Err(why) => tracing::debug!(%why, source = %origin.source, "not SIP"),
        }
    }

    fn read_stream(&mut self, flow: FlowId, bytes: &Bytes, now: Instant, out: &mut Outbox) {
        if !self.flows.push(flow, bytes) {
            // What went before was lost with a link that panicked, so where a message begins is not
            // known any more: the peer opens another connection.
            return out.post(Do::Close { flow });
        }
        while let Some((frame, origin)) = self.flows.next(flow) {
            match frame {
                Ok(Frame::Message(message)) => {
                    out.post(Do::Complete { flow });
                    self.received(message, origin, now, out);
                }
                Ok(Frame::Ping) => {
                    let bytes = Bytes::from_static(b"\r\n");
                    self.transmit(Some(flow), origin.target(), bytes, out);
                }
                Ok(Frame::Pong) => {}
                Err(why) => {
                    tracing::debug!(%why, source = %origin.source, "stream is no SIP");
                    // What came before it was SIP, and is answered before the connection goes.
                    self.settle(now, out);
                    self.closed((flow, "it brought no SIP"), &[], now, out);
                    out.post(Do::Close { flow });
                    return;
                }
            }
        }
    }

    fn received(&mut self, message: Message, origin: Origin, now: Instant, out: &mut Outbox) {
        if self.drops(&message, &origin, now, out) {
            return;
        }
        self.trace(false, origin.target(), message.bytes(), now, out);
        self.endpoint
            .handle(Input::Received { message, origin }, now);
    }
}
