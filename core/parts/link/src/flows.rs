//! Listening sockets, and the connections that bring bytes to be cut into messages.

use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use sip::{FlowId, Origin, PeerId, Target, Transport};
use sip_message::{End, Frame, Limits, Malformed, Stream};
use std::collections::BTreeMap;

/// A socket that takes datagrams, or that peers connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// Its name.
    pub flow: FlowId,
    /// What it speaks.
    pub transport: Transport,
    /// Where it is bound; the address may be unspecified.
    pub local: SocketAddr,
}

struct Connection {
    origin: Origin,
    /// Who was asked for there, and which name was proved.
    peer: PeerId,
    proved: Option<String>,
    stream: Stream,
}

/// All flows that are open. Bound: the sockets' own limits (rulings, Limits).
#[derive(Default)]
pub struct Flows {
    listeners: Vec<Listener>,
    connections: BTreeMap<FlowId, Connection>,
}

impl Flows {
    /// A socket listens.
    pub fn listening(&mut self, listener: Listener) {
        self.listeners.retain(|l| l.flow != listener.flow);
        self.listeners.push(listener);
    }

    /// Whether any socket speaks `transport`.
    pub fn speaks(&self, transport: Transport) -> bool {
        self.listeners.iter().any(|l| l.transport == transport)
    }

    /// Whether any socket is of this address family.
    pub fn has(&self, v4: bool) -> bool {
        self.listeners.iter().any(|l| l.local.is_ipv4() == v4)
    }

    /// The socket that is reached under `ip` by `transport`: its port belongs into Contact.
    pub fn listener(&self, transport: Transport, ip: IpAddr) -> Option<Listener> {
        let rank = |l: &&Listener| match l.local.ip() {
            bound if bound == ip => 0,
            bound if bound.is_unspecified() => 1,
            _ => 2,
        };
        let fits = |l: &&Listener| l.transport == transport && l.local.is_ipv4() == ip.is_ipv4();
        self.listeners.iter().filter(fits).min_by_key(rank).copied()
    }

    /// A connection is open, ours or a peer's. One that is known keeps what it has read so far: the
    /// sockets tell of all again after link was made anew, and the first telling may still be on its way.
    pub fn opened(
        &mut self,
        origin: Origin,
        (peer, proved): (PeerId, Option<String>),
        end: End,
        limits: Limits,
    ) {
        self.connections
            .entry(origin.flow)
            .or_insert_with(|| Connection {
                origin,
                peer,
                proved,
                stream: Stream::new(limits, end),
            });
    }

    /// Who was asked for at the other end of a connection, and which name was proved there.
    pub fn proved(&self, flow: FlowId) -> Option<(PeerId, &str)> {
        let connection = self.connections.get(&flow)?;
        Some((connection.peer, connection.proved.as_deref()?))
    }

    /// Bytes came on a connection. `false`: it is not known.
    pub fn push(&mut self, flow: FlowId, bytes: &Bytes) -> bool {
        let connection = self.connections.get_mut(&flow);
        let known = connection.map(|connection| connection.stream.push(bytes));
        known.is_some()
    }

    /// The next whole message of a connection.
    pub fn next(&mut self, flow: FlowId) -> Option<(Result<Frame, Malformed>, Origin)> {
        let connection = self.connections.get_mut(&flow)?;
        let frame = connection.stream.next().transpose()?;
        Some((frame, connection.origin))
    }

    /// A connection or socket is gone; tells where it led.
    pub fn closed(&mut self, flow: FlowId) -> Option<Target> {
        self.listeners.retain(|l| l.flow != flow);
        let Connection { origin, peer, .. } = self.connections.remove(&flow)?;
        Some(origin.target().for_peer(peer))
    }
}
