//! The signalling sockets of a phone, over the simulated net: what `engine::network` is in a host.

use super::mail::Mail;
use crate::names::Names;
use crate::net::NodeId;
use crate::space::Space;
use crate::stream::{StreamEvent, StreamId};
use bytes::Bytes;
use ports::link;
use ports::network::{Do, Report, Why};
use sip::{FlowId, PeerId, Target, Transport};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

struct Connection {
    flow: FlowId,
    remote: SocketAddr,
    inbound: bool,
    /// Our end, once the connection is open.
    local: Option<SocketAddr>,
}

impl Connection {
    /// What link is told of it; again after link was made anew.
    fn opened(&self) -> Option<Report> {
        Some(Report::Opened {
            flow: self.flow,
            transport: Transport::Tcp,
            local: self.local?,
            remote: self.remote,
            inbound: self.inbound,
            peer: PeerId::ANYBODY,
            proved: None,
        })
    }
}

/// Sockets that one phone signals through.
pub(crate) struct Sockets {
    node: NodeId,
    space: Rc<RefCell<Space>>,
    names: Rc<RefCell<Names>>,
    mail: Mail,
    listening: Vec<(FlowId, Transport, SocketAddr)>,
    streams: BTreeMap<StreamId, Connection>,
    last: u64,
}

impl Sockets {
    pub(crate) fn new(
        node: NodeId,
        space: Rc<RefCell<Space>>,
        names: Rc<RefCell<Names>>,
        mail: Mail,
    ) -> Self {
        Self {
            node,
            space,
            names,
            mail,
            listening: Vec::new(),
            streams: BTreeMap::new(),
            last: 0,
        }
    }

    /// Listens at `address`, which must be free.
    pub(crate) fn listen(&mut self, transport: Transport, address: SocketAddr) {
        let mut space = self.space.borrow_mut();
        let bound = match transport {
            Transport::Udp => space.bind(self.node, address),
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                space.listen(self.node, address).map(|()| address)
            }
        };
        drop(space);
        let bound = bound.unwrap_or_else(|why| panic!("{transport} {address}: {why:?}"));
        let flow = self.next_flow();
        self.listening.push((flow, transport, bound));
    }

    fn next_flow(&mut self) -> FlowId {
        self.last += 1;
        FlowId(self.last)
    }

    /// Tells link of every socket that listens and every connection that is open.
    pub(crate) fn announce(&self) {
        for &(flow, transport, local) in &self.listening {
            self.tell(Report::Listening {
                flow,
                transport,
                local,
            });
        }
        let opened = self.streams.values().filter_map(Connection::opened);
        opened.for_each(|report| self.tell(report));
    }

    /// A datagram came; `false`: to none of these sockets.
    pub(crate) fn datagram(&self, source: SocketAddr, local: SocketAddr, bytes: &Bytes) -> bool {
        let is_it = |bound: SocketAddr| {
            bound.port() == local.port()
                && (bound.ip() == local.ip() || bound.ip().is_unspecified())
        };
        let udp = |l: &&(FlowId, Transport, SocketAddr)| l.1 == Transport::Udp && is_it(l.2);
        let Some(&(flow, ..)) = self.listening.iter().find(udp) else {
            return false;
        };
        self.tell(Report::Datagram {
            flow,
            source,
            local,
            bytes: bytes.clone(),
        });
        true
    }

    /// Something happened to a connection.
    pub(crate) fn stream(&mut self, stream: StreamId, what: StreamEvent) {
        let transport = Transport::Tcp;
        match what {
            StreamEvent::Accepted { local, source } => {
                let connection = Connection {
                    flow: self.next_flow(),
                    remote: source,
                    inbound: true,
                    local: Some(local),
                };
                connection.opened().into_iter().for_each(|r| self.tell(r));
                self.streams.insert(stream, connection);
            }
            StreamEvent::Connected { local } => {
                let Some(connection) = self.streams.get_mut(&stream) else {
                    return;
                };
                connection.local = Some(local);
                let opened = connection.opened();
                opened.into_iter().for_each(|report| self.tell(report));
            }
            StreamEvent::Bytes(bytes) => {
                if let Some(&Connection { flow, .. }) = self.streams.get(&stream) {
                    self.tell(Report::Stream { flow, bytes });
                }
            }
            StreamEvent::Ended(why) => {
                if let Some(Connection { flow, remote, .. }) = self.streams.remove(&stream) {
                    let why = format!("{why:?}");
                    let target = Target::new(transport, remote);
                    self.tell(Report::Closed {
                        flow,
                        why: why.clone(),
                        targets: Vec::new(),
                    });
                    let why = why.into();
                    self.tell(Report::Refused { target, why });
                }
            }
        }
    }

    /// Carries out what link asks.
    pub(crate) fn carry_out(&mut self, order: Do) {
        match order {
            Do::SendDatagram {
                flow, to, bytes, ..
            } => self.send_datagram(flow, to, bytes),
            Do::SendStream {
                flow,
                target,
                bytes,
                ..
            } => self.send_stream(flow, target, &bytes),
            Do::Complete { .. } => {}
            Do::Close { flow } => {
                let found = self.streams.iter().find(|(_, c)| c.flow == flow);
                if let Some(stream) = found.map(|(stream, _)| *stream) {
                    self.streams.remove(&stream);
                    self.space.borrow_mut().close(stream);
                }
            }
            Do::Ask { ticket, kind, name } => {
                let reply = self.names.borrow().ask(kind, &name);
                self.tell(Report::Answer { ticket, reply });
            }
            Do::FindLocal { ticket, to } => {
                let local = self.space.borrow().local_address_for(self.node, to.ip());
                let local = local.ok();
                self.tell(Report::Local { ticket, local });
            }
            Do::Reach { ticket, .. } => {
                let local = Err(no_tls());
                self.tell(Report::Reached { ticket, local });
            }
        }
    }

    fn send_datagram(&self, flow: Option<FlowId>, to: SocketAddr, bytes: Bytes) {
        let udp = self.listening.iter().filter(|l| l.1 == Transport::Udp);
        let named = udp.clone().find(|l| Some(l.0) == flow);
        let socket = named.or_else(|| udp.clone().find(|l| l.2.is_ipv4() == to.is_ipv4()));
        let sent = match socket {
            Some(&(_, _, from)) => self.space.borrow_mut().send(self.node, from, to, bytes),
            None => Err(crate::net::Refusal::NoWay),
        };
        if let Err(why) = sent {
            let target = Target::new(Transport::Udp, to);
            self.tell(Report::Refused {
                target,
                why: format!("{why:?}").into(),
            });
        }
    }

    fn send_stream(&mut self, flow: Option<FlowId>, target: Target, bytes: &Bytes) {
        if target.transport.is_secure() {
            let why = no_tls();
            return self.tell(Report::Refused { target, why });
        }
        let named = self.streams.iter().find(|(_, c)| Some(c.flow) == flow);
        let known = named.or_else(|| self.streams.iter().find(|(_, c)| c.remote == target.addr));
        let known = known.map(|(stream, _)| *stream);
        let stream = match known {
            Some(stream) => Ok(stream),
            None => self.connect(target.addr),
        };
        let sent = stream.and_then(|stream| self.space.borrow_mut().write(stream, bytes));
        if let Err(why) = sent {
            let why = format!("{why:?}").into();
            self.tell(Report::Refused { target, why });
        }
    }

    fn connect(&mut self, remote: SocketAddr) -> Result<StreamId, crate::net::Refusal> {
        let stream = self.space.borrow_mut().connect(self.node, remote)?;
        let connection = Connection {
            flow: self.next_flow(),
            remote,
            inbound: false,
            local: None,
        };
        self.streams.insert(stream, connection);
        Ok(stream)
    }

    fn tell(&self, report: Report) {
        // A full mailbox loses it, as a network would.
        let _ = self.mail.put(link::Word::Network(report).into());
    }
}

/// Handshakes are proved over real sockets (`core/net`) and with Kamailio; nothing is said of them here.
fn no_tls() -> Why {
    Why {
        text: "the simulated net has no TLS".to_owned(),
        code: Some(control::Code::TLS_FAILED),
    }
}
