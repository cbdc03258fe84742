//! Listening sockets and open connections, by name and by where they lead.

use base::{Duration, Instant};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use sip::{FlowId, Target, Transport};
use sip_message::stream::Stream;
use std::collections::BTreeMap;

/// How long bytes wait for a connection that is being opened. Unit: time. The system's own
/// time-out is minutes; a transaction gives up after 32 s (RFC 3261 §17.1.1.2, timer B).
pub const OPEN_WAIT: Duration = Duration::from_secs(10);
/// Bytes that may wait for one connection. Unit: messages.
const WAITING: usize = 64;

/// A socket that takes datagrams, or that peers connect to.
#[derive(Debug, Clone, Copy)]
pub struct Listener {
    /// Its name.
    pub flow: FlowId,
    /// What it speaks.
    pub transport: Transport,
    /// Where it is bound.
    pub local: SocketAddr,
}

/// One connection, open or on its way.
pub struct Connection {
    /// The other end; for an inbound one its ephemeral port.
    pub target: Target,
    /// Our end, once it is open.
    pub local: Option<SocketAddr>,
    /// Cuts the bytes into messages.
    pub stream: Stream,
    /// What waits until it is open.
    waiting: Vec<Bytes>,
    /// When the opening is given up.
    give_up: Option<Instant>,
}

/// What to do with bytes for a target.
#[derive(Debug, PartialEq, Eq)]
pub enum Lead {
    /// Send a datagram from this socket.
    Datagram(FlowId),
    /// Write to this open connection.
    Stream(FlowId),
    /// The connection is being opened; the bytes wait.
    Wait,
    /// Open this new connection; the bytes wait.
    Open(FlowId),
    /// Nothing speaks that transport or address family here.
    Nowhere,
}

/// All flows.
#[derive(Default)]
pub struct Flows {
    listeners: Vec<Listener>,
    connections: BTreeMap<FlowId, Connection>,
    /// Only connections that are reused, by where they lead (RFC 3261 §18).
    by_target: BTreeMap<Target, FlowId>,
    next: u64,
}

/// Names that link gives start here; the network's own stay below.
const OWN_NAMES: u64 = 1 << 32;

impl Flows {
    /// A socket listens.
    pub fn listening(&mut self, listener: Listener) {
        self.listeners.retain(|l| l.flow != listener.flow);
        self.listeners.push(listener);
    }

    /// The socket that datagrams to `to` leave from.
    pub fn datagram_socket(&self, to: IpAddr) -> Option<Listener> {
        let fits = |l: &&Listener| {
            l.transport == Transport::Udp
                && l.local.is_ipv4() == to.is_ipv4()
                // A loopback socket reaches loopback only.
                && (!l.local.ip().is_loopback() || to.is_loopback())
        };
        self.listeners.iter().find(fits).copied()
    }

    /// The port peers can open a `transport` connection to, for Contact.
    pub fn listening_port(&self, transport: Transport, ip: IpAddr) -> Option<u16> {
        let fits = |l: &&Listener| l.transport == transport && l.local.is_ipv4() == ip.is_ipv4();
        self.listeners.iter().find(fits).map(|l| l.local.port())
    }

    /// How `bytes` get to `target`; keeps them where a connection must be opened first.
    pub fn lead(&mut self, target: Target, flow: Option<FlowId>, bytes: &Bytes, now: Instant) -> Lead {
        if let Some(flow) = flow
            && self.connections.get(&flow).is_some_and(|c| c.local.is_some())
        {
            return Lead::Stream(flow);
        }
        match target.transport {
            Transport::Udp => {
                let socket = flow
                    .and_then(|f| self.listeners.iter().find(|l| l.flow == f).copied())
                    .or_else(|| self.datagram_socket(target.addr.ip()));
                socket.map_or(Lead::Nowhere, |l| Lead::Datagram(l.flow))
            }
            Transport::Tcp => self.lead_stream(target, bytes, now),
            Transport::Tls | Transport::Ws | Transport::Wss => Lead::Nowhere,
        }
    }

    fn lead_stream(&mut self, target: Target, bytes: &Bytes, now: Instant) -> Lead {
        if let Some(&flow) = self.by_target.get(&target)
            && let Some(connection) = self.connections.get_mut(&flow)
        {
            if connection.local.is_some() {
                return Lead::Stream(flow);
            }
            if connection.waiting.len() < WAITING {
                connection.waiting.push(bytes.clone());
            }
            return Lead::Wait;
        }
        self.next += 1;
        let flow = FlowId(OWN_NAMES + self.next);
        let connection = Connection {
            target,
            local: None,
            stream: Stream::default(),
            waiting: vec![bytes.clone()],
            give_up: Some(now + OPEN_WAIT),
        };
        self.connections.insert(flow, connection);
        self.by_target.insert(target, flow);
        Lead::Open(flow)
    }

    /// A connection is open, ours or a peer's. Gives back what waited for it.
    pub fn opened(
        &mut self,
        flow: FlowId,
        transport: Transport,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Vec<Bytes> {
        let target = Target::new(transport, remote);
        let connection = self.connections.entry(flow).or_insert_with(|| Connection {
            target,
            local: None,
            stream: Stream::default(),
            waiting: Vec::new(),
            give_up: None,
        });
        connection.local = Some(local);
        connection.give_up = None;
        // An inbound connection is reused for requests to that very port (RFC 5923 spirit).
        self.by_target.entry(target).or_insert(flow);
        std::mem::take(&mut connection.waiting)
    }

    /// The connection named `flow`.
    pub fn connection(&mut self, flow: FlowId) -> Option<&mut Connection> {
        self.connections.get_mut(&flow)
    }

    /// Our end of the open connection towards `target`, if there is one.
    pub fn local_towards(&self, target: &Target) -> Option<SocketAddr> {
        let flow = self.by_target.get(target)?;
        self.connections.get(flow)?.local
    }

    /// A connection or socket is gone. Tells where it led.
    pub fn closed(&mut self, flow: FlowId) -> Option<Target> {
        self.listeners.retain(|l| l.flow != flow);
        let connection = self.connections.remove(&flow)?;
        if self.by_target.get(&connection.target) == Some(&flow) {
            self.by_target.remove(&connection.target);
        }
        Some(connection.target)
    }

    /// Connections whose opening is given up at `now`.
    pub fn overdue(&self, now: Instant) -> Vec<FlowId> {
        let late = |c: &Connection| c.give_up.is_some_and(|at| at <= now);
        self.connections.iter().filter(|(_, c)| late(c)).map(|(f, _)| *f).collect()
    }

    /// When the next opening is given up.
    pub fn deadline(&self) -> Option<Instant> {
        self.connections.values().filter_map(|c| c.give_up).min()
    }
}
