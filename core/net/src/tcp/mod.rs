//! Signalling connections: bytes up, bytes down, keyed by [`FlowId`].
//!
//! A connection is reused for every request to the same target by the same [`Client`], or by none; closed when an inbound one brings
//! no complete message for too long, and counted against two caps. Framing is the caller's: it
//! feeds [`TcpEvent::Bytes`] to its stream parser, counts CRLF keep-alives there (RFC 5626 §4.4.1
//! makes them part of the stream), and tells [`TcpFlows::message_complete`] when a message ended.
//!
//! Each connection has a task that reads, writes and watches the clock; what it hears comes
//! together in [`TcpFlows::poll_next`], which alone changes the tables.

mod connection;
mod open;
#[cfg(test)]
mod tests;

use crate::error::Protocol;
use crate::tls::{Client, ClientId, Refusal};
use crate::{Dscp, Error, FlowId, FlowIds, Marking, dscp, os};
use bytes::Bytes;
use connection::{Stream, Told};
use socket2::SockRef;
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Pieces that wait for one connection to take them, at most; past it `send` refuses.
pub const QUEUE: usize = 256;

/// Things heard and not yet polled, at most; past it connections are not read.
const HEARD: usize = 256;

/// Limits and waits of all connections.
#[derive(Debug, Clone)]
pub struct TcpSettings {
    /// Connections, in and out together. Source: ours (rulings, Limits).
    pub max: usize,
    /// Inbound connections from one address.
    pub max_per_source: usize,
    /// How long an inbound connection may go without a complete message.
    pub idle: Duration,
    /// How long to wait for a target to answer.
    pub connect: Duration,
    /// How long sent bytes may stay unacknowledged, or probes of a silent connection unanswered,
    /// before it counts as dead. Half-open connections are found by this.
    pub dead_after: Duration,
    /// Marking of everything sent.
    pub dscp: Dscp,
}

impl Default for TcpSettings {
    fn default() -> Self {
        Self {
            max: 64,
            max_per_source: 8,
            idle: Duration::from_secs(32),
            connect: Duration::from_secs(5),
            dead_after: Duration::from_secs(20),
            dscp: Dscp::AF31,
        }
    }
}

/// Why a connection is no more, or never came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The peer closed it.
    ByPeer,
    /// We did, by [`TcpFlows::close`].
    ByUs,
    /// Inbound, and no complete message for [`TcpSettings::idle`].
    Idle,
    /// The target did not answer within [`TcpSettings::connect`].
    NoAnswer,
    /// The target refused, or there is no way to it.
    NotConnected(io::ErrorKind),
    /// It broke: reset, or dead for [`TcpSettings::dead_after`].
    Broken(io::ErrorKind),
    /// TLS failed: the other end is not whom we want to reach, or does not want us.
    Refused(Refusal),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer => f.write_str("the other end closed the connection"),
            Self::ByUs => f.write_str("we closed the connection"),
            Self::Idle => f.write_str("nothing came over the connection for too long"),
            Self::NoAnswer => f.write_str("nobody answers there"),
            Self::NotConnected(kind) => write!(f, "there is no connection: {kind}"),
            Self::Broken(kind) => write!(f, "the connection broke: {kind}"),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

/// What happened to connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpEvent {
    /// A peer connected to a listener.
    Accepted {
        /// Its name from now on.
        flow: FlowId,
        /// The peer.
        source: SocketAddr,
        /// Our end.
        local: SocketAddr,
    },
    /// A target answered; what was sent meanwhile is on its way.
    Connected {
        /// As [`TcpFlows::connect`] named it.
        flow: FlowId,
        /// The peer.
        target: SocketAddr,
        /// Our end.
        local: SocketAddr,
        /// Over TLS: which name of its client the other end proved.
        proved: Option<String>,
    },
    /// Bytes arrived, in order, cut anywhere.
    Bytes {
        /// On which connection.
        flow: FlowId,
        /// What came.
        bytes: Bytes,
    },
    /// The connection is gone; its name means nothing any more.
    Closed {
        /// Which.
        flow: FlowId,
        /// The peer.
        peer: SocketAddr,
        /// Why.
        why: Closed,
    },
}

/// All connections and listeners of one engine. Used within a tokio runtime.
pub struct TcpFlows {
    ids: FlowIds,
    settings: TcpSettings,
    connections: BTreeMap<FlowId, Connection>,
    targets: BTreeMap<Way, FlowId>,
    listeners: Vec<AbortHandle>,
    tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
    started: Instant,
    refused: u64,
    marking: Marking,
}

/// What connections are reused by: an address, and over TLS whom it has to be.
type Way = (SocketAddr, Option<ClientId>);

struct Connection {
    peer: SocketAddr,
    client: Option<ClientId>,
    inbound: bool,
    /// Dropped to close: the task writes what is left and ends.
    bytes: Option<mpsc::Sender<Bytes>>,
    /// When the last message was complete. Unit: ms since [`TcpFlows::started`].
    last_message_ms: Arc<AtomicU64>,
    task: AbortHandle,
}

impl TcpFlows {
    /// No connection and no listener yet. `ids` is shared with the datagram sockets.
    pub fn new(ids: FlowIds, settings: TcpSettings) -> Self {
        let (tell, told) = mpsc::channel(HEARD);
        Self {
            marking: Marking::Set(settings.dscp),
            ids,
            settings,
            connections: BTreeMap::new(),
            targets: BTreeMap::new(),
            listeners: Vec::new(),
            tell,
            told,
            started: Instant::now(),
            refused: 0,
        }
    }

    /// Accepts connections at `address`; port 0 lets the system choose. Returns where it listens.
    pub fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, Error> {
        let opening = |source| Error::opening(Protocol::Tcp, address, source);
        let listener = open::listener(address).map_err(opening)?;
        let local = listener.local_addr().map_err(opening)?;
        self.marking = dscp::mark(&listener, local, self.settings.dscp);
        let listener = TcpListener::from_std(listener).map_err(opening)?;
        let task = tokio::spawn(connection::accept(listener, self.tell.clone()));
        self.listeners.push(task.abort_handle());
        Ok(local)
    }

    /// The connection to `target`: the one that stands or is being made, or a new one.
    ///
    /// Bytes may be sent on it at once. [`TcpEvent::Connected`] or [`TcpEvent::Closed`] follows
    /// for a new one.
    pub fn connect(&mut self, target: SocketAddr) -> Result<FlowId, Error> {
        self.reach(target, None)
    }

    /// As [`connect`](Self::connect), over TLS and only to whom `client` meets. What is sent before leaves when the
    /// other end has proved who it is.
    pub fn connect_by(
        &mut self,
        client: &Arc<Client>,
        target: SocketAddr,
    ) -> Result<FlowId, Error> {
        self.reach(target, Some(client))
    }

    fn reach(&mut self, target: SocketAddr, client: Option<&Arc<Client>>) -> Result<FlowId, Error> {
        let way = (target, client.map(|client| client.id()));
        if let Some(&flow) = self.targets.get(&way)
            && self
                .connections
                .get(&flow)
                .is_some_and(Connection::is_usable)
        {
            return Ok(flow);
        }
        if self.connections.len() >= self.settings.max {
            return Err(self.full());
        }
        let opening = |source| Error::opening(Protocol::Tcp, target, source);
        let (socket, marking) = open::outgoing(target, &self.settings).map_err(opening)?;
        self.marking = marking;
        let client = client.cloned();
        let connecting = connection::connect(socket, target, client, self.settings.connect);
        let flow = self.ids.next_id();
        self.start(flow, way, false, connecting);
        self.targets.insert(way, flow);
        Ok(flow)
    }

    /// Sends `bytes` on `flow`, after everything sent before.
    ///
    /// [`Error::Full`] when the peer does not read: the caller fails its transaction, or closes.
    pub fn send(&mut self, flow: FlowId, bytes: Bytes) -> Result<(), Error> {
        let connection = self.connections.get(&flow).ok_or(Error::Gone(flow))?;
        let sender = connection.bytes.as_ref().ok_or(Error::Gone(flow))?;
        sender.try_send(bytes).map_err(|refusal| match refusal {
            mpsc::error::TrySendError::Full(_) => Error::Full {
                what: "connection's queue",
                max: QUEUE,
            },
            mpsc::error::TrySendError::Closed(_) => Error::Gone(flow),
        })
    }

    /// Closes `flow` once everything sent is written. [`TcpEvent::Closed`] follows.
    pub fn close(&mut self, flow: FlowId) -> Result<(), Error> {
        let connection = self.connections.get_mut(&flow).ok_or(Error::Gone(flow))?;
        connection.bytes = None;
        Ok(())
    }

    /// A whole message came on `flow`: its idle time starts anew.
    ///
    /// Keep-alives do not count, or a peer could hold its place for nothing.
    pub fn message_complete(&mut self, flow: FlowId) {
        if let Some(connection) = self.connections.get(&flow) {
            let now_ms = self.now_ms();
            connection.last_message_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// Whether something can be sent on `flow`, now or once it is connected.
    pub fn takes(&self, flow: FlowId) -> bool {
        let connection = self.connections.get(&flow);
        connection.is_some_and(Connection::is_usable)
    }

    /// The peer of `flow`.
    pub fn peer(&self, flow: FlowId) -> Option<SocketAddr> {
        Some(self.connections.get(&flow)?.peer)
    }

    /// How many connections there are, those being made among them.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there is no connection.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Inbound connections closed at once because of a cap, since the start.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// What the system did with the marking of the newest socket.
    pub fn marking(&self) -> Marking {
        self.marking
    }

    /// What happened next. Never ends.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<TcpEvent> {
        loop {
            let told = match self.told.poll_recv(cx) {
                Poll::Ready(Some(told)) => told,
                // `self.tell` keeps the channel open.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            };
            if let Some(event) = self.take(told) {
                return Poll::Ready(event);
            }
        }
    }

    /// [`poll_next`](Self::poll_next) as a future. Dropping it loses nothing.
    pub async fn next(&mut self) -> TcpEvent {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn take(&mut self, told: Told) -> Option<TcpEvent> {
        match told {
            Told::Accepted { stream, source } => self.accepted(stream, os::plain(source)),
            Told::Connected {
                flow,
                local,
                proved,
            } => Some(TcpEvent::Connected {
                flow,
                target: self.connections.get(&flow)?.peer,
                local,
                proved,
            }),
            Told::Bytes { flow, bytes } => Some(TcpEvent::Bytes { flow, bytes }),
            Told::Closed { flow, why } => {
                let Connection { peer, client, .. } = self.connections.remove(&flow)?;
                if self.targets.get(&(peer, client)) == Some(&flow) {
                    self.targets.remove(&(peer, client));
                }
                Some(TcpEvent::Closed { flow, peer, why })
            }
        }
    }

    fn accepted(&mut self, stream: TcpStream, source: SocketAddr) -> Option<TcpEvent> {
        let from_source = self.inbound_from(source.ip());
        if self.connections.len() >= self.settings.max
            || from_source >= self.settings.max_per_source
        {
            self.refused += 1;
            return None;
        }
        let local = os::plain(stream.local_addr().ok()?);
        self.marking = open::prepare(&SockRef::from(&stream), local, &self.settings);
        let flow = self.ids.next_id();
        let accepted = async move { Ok(Stream::Plain(stream)) };
        self.start(flow, (source, None), true, accepted);
        Some(TcpEvent::Accepted {
            flow,
            source,
            local,
        })
    }

    fn start(
        &mut self,
        flow: FlowId,
        (peer, client): Way,
        inbound: bool,
        stream: impl Future<Output = Result<Stream, Closed>> + Send + 'static,
    ) {
        let (bytes, queue) = mpsc::channel(QUEUE);
        let last_message_ms = Arc::new(AtomicU64::new(self.now_ms()));
        let clock = connection::IdleClock {
            started: self.started,
            last_message_ms: Arc::clone(&last_message_ms),
            idle: inbound.then_some(self.settings.idle),
        };
        let task = connection::run(flow, stream, queue, clock, self.tell.clone());
        let connection = Connection {
            peer,
            client,
            inbound,
            bytes: Some(bytes),
            last_message_ms,
            task: tokio::spawn(task).abort_handle(),
        };
        self.connections.insert(flow, connection);
    }

    fn inbound_from(&self, ip: IpAddr) -> usize {
        let all = self.connections.values();
        all.filter(|one| one.inbound && one.peer.ip() == ip).count()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn full(&self) -> Error {
        Error::Full {
            what: "table of connections",
            max: self.settings.max,
        }
    }
}

impl Connection {
    fn is_usable(&self) -> bool {
        self.bytes
            .as_ref()
            .is_some_and(|sender| !sender.is_closed())
    }
}

impl Drop for TcpFlows {
    fn drop(&mut self) {
        for task in &self.listeners {
            task.abort();
        }
        for connection in self.connections.values() {
            connection.task.abort();
        }
    }
}
