//! Connections: bytes arrive whole and in order, late where the link loses, and break where it is
//! cut for too long.

use crate::net::{Net, NodeId, Refusal};
use base::{Duration, Instant, Rng};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// Why an end is no more, or never came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The peer closed it.
    ByPeer,
    /// Nobody listens there.
    Refused,
    /// No answer for [`CONNECT`].
    NoAnswer,
    /// The peer forgot it: it closed before, or the node restarted.
    Reset,
    /// What was written was not acknowledged for [`DEAD_AFTER`].
    Dead,
}

/// What happens to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// A peer connected to a listener of this node.
    Accepted {
        /// Ours.
        local: SocketAddr,
        /// The peer's.
        source: SocketAddr,
    },
    /// The target answered.
    Connected {
        /// Ours.
        local: SocketAddr,
    },
    /// Bytes arrived.
    Bytes(Bytes),
    /// Nothing more will happen.
    Ended(Ended),
}

/// How long a connection is tried.
pub const CONNECT: Duration = Duration::from_secs(5);

/// How long written bytes may wait for a cut link.
pub const DEAD_AFTER: Duration = Duration::from_secs(20);

/// How often a cut link is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What every piece carries besides its bytes. Unit: bytes.
const HEADERS: usize = 40;

/// What travels between two ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Open,
    Answer,
    Refuse,
    Bytes(Bytes),
    Close,
    Reset,
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Open | Self::Answer | Self::Refuse | Self::Close | Self::Reset => 0,
        }
    }
}

/// Something that is due at an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// A piece arrives.
    Arrive {
        from: StreamId,
        to: StreamId,
        piece: Piece,
    },
    /// An end with waiting pieces tries again.
    TryAgain(StreamId),
    /// An end that was not answered gives up.
    GiveUp(StreamId),
    /// Something between the ends broke the connection: this end hears so.
    Break(StreamId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Open,
    Closed,
}

#[derive(Debug)]
struct End {
    node: NodeId,
    local: SocketAddr,
    peer: SocketAddr,
    other: StreamId,
    state: State,
    /// Pieces that wait for the answer or for a cut link.
    waiting: VecDeque<Piece>,
    waiting_since: Option<Instant>,
    /// When the newest piece arrives: nothing overtakes it.
    newest: Instant,
}

/// All connections of a world.
#[derive(Debug)]
pub(crate) struct Streams {
    ends: BTreeMap<StreamId, End>,
    listeners: BTreeMap<SocketAddr, NodeId>,
    next: u64,
    /// Cuts what is written at random places, as a network may.
    cuts: Option<Rng>,
    /// What the last call made due, in order.
    pub(crate) due: Vec<(Instant, Due)>,
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self {
            ends: BTreeMap::new(),
            listeners: BTreeMap::new(),
            next: 0,
            cuts: None,
            due: Vec::new(),
        }
    }

    pub(crate) fn cut(&mut self, rng: Rng) {
        self.cuts = Some(rng);
    }

    /// Breaks every connection of a node; both ends hear of it.
    pub(crate) fn break_at(&mut self, node: NodeId, now: Instant) {
        let of_node = |end: &&End| end.node == node;
        let ends = self.ends.values().filter(of_node).map(|end| end.other);
        let others: Vec<_> = ends.collect();
        let own = self.ends.iter().filter(|(_, end)| end.node == node);
        let own: Vec<_> = own.map(|(id, _)| *id).collect();
        for stream in own.into_iter().chain(others) {
            self.due.push((now, Due::Break(stream)));
        }
    }

    /// From which node to which a stream leads.
    pub(crate) fn nodes(&self, net: &Net, stream: StreamId) -> Option<(NodeId, NodeId)> {
        let end = self.ends.get(&stream)?;
        Some((end.node, net.owner(end.peer.ip())?))
    }

    pub(crate) fn listen(
        &mut self,
        net: &Net,
        node: NodeId,
        address: SocketAddr,
    ) -> Result<(), Refusal> {
        let ips = net.meant(node, address)?;
        let all = ips.iter().map(|&ip| SocketAddr::new(ip, address.port()));
        if all.clone().any(|one| self.listeners.contains_key(&one)) {
            return Err(Refusal::PortInUse);
        }
        self.listeners.extend(all.map(|one| (one, node)));
        Ok(())
    }

    pub(crate) fn connect(
        &mut self,
        net: &mut Net,
        node: NodeId,
        target: SocketAddr,
        now: Instant,
    ) -> Result<StreamId, Refusal> {
        let local = SocketAddr::new(net.address_towards(node, target.ip())?, net.next_port(node));
        let near = self.add(node, local, target, State::Connecting);
        // The far end exists from now on, so that pieces find it; it answers when it hears.
        if let Some(owner) = net.owner(target.ip()) {
            let far = self.add(owner, target, local, State::Connecting);
            self.join(near, far);
            self.transmit(net, near, Piece::Open, now);
        }
        self.due.push((now + CONNECT, Due::GiveUp(near)));
        Ok(near)
    }

    pub(crate) fn write(
        &mut self,
        net: &mut Net,
        stream: StreamId,
        bytes: &Bytes,
        now: Instant,
    ) -> Result<(), Refusal> {
        let end = self.ends.get(&stream).ok_or(Refusal::Gone)?;
        if end.state == State::Closed {
            return Err(Refusal::Gone);
        }
        for piece in self.pieces(bytes) {
            self.transmit(net, stream, piece, now);
        }
        Ok(())
    }

    /// Closes after what was written, or at once and rudely with `reset`.
    pub(crate) fn close(&mut self, net: &mut Net, stream: StreamId, reset: bool, now: Instant) {
        let is_live = |end: &End| end.state != State::Closed;
        if !self.ends.get(&stream).is_some_and(is_live) {
            return;
        }
        let piece = if reset { Piece::Reset } else { Piece::Close };
        self.transmit(net, stream, piece, now);
        self.shut(stream);
    }

    /// The node forgets all its ends without a word, as after a power cut.
    pub(crate) fn forget_node(&mut self, node: NodeId) {
        self.listeners.retain(|_, owner| *owner != node);
        for end in self.ends.values_mut().filter(|end| end.node == node) {
            end.state = State::Closed;
            end.waiting.clear();
        }
    }

    /// Carries out what is due; says what an end is told.
    pub(crate) fn handle(
        &mut self,
        net: &mut Net,
        due: Due,
        now: Instant,
    ) -> Option<(NodeId, StreamId, StreamEvent)> {
        match due {
            Due::Arrive { from, to, piece } => self.arrive(net, from, to, piece, now),
            Due::TryAgain(stream) => self.try_again(net, stream, now),
            Due::Break(stream) => {
                let end = self.ends.get(&stream)?;
                (end.state != State::Closed).then_some(())?;
                self.end(stream, Ended::Reset)
            }
            Due::GiveUp(stream) => {
                let end = self.ends.get(&stream)?;
                (end.state == State::Connecting).then_some(())?;
                self.end(stream, Ended::NoAnswer)
            }
        }
    }

    fn arrive(
        &mut self,
        net: &mut Net,
        from: StreamId,
        to: StreamId,
        piece: Piece,
        now: Instant,
    ) -> Option<(NodeId, StreamId, StreamEvent)> {
        let end = self.ends.get_mut(&to)?;
        let (node, local, source) = (end.node, end.local, end.peer);
        match (end.state, piece) {
            (State::Connecting, Piece::Open) => {
                if self.listeners.get(&local) != Some(&node) {
                    self.answer(net, to, Piece::Refuse, now);
                    self.shut(to);
                    return None;
                }
                end.state = State::Open;
                self.answer(net, to, Piece::Answer, now);
                Some((node, to, StreamEvent::Accepted { local, source }))
            }
            (State::Connecting, Piece::Answer) => {
                end.state = State::Open;
                self.flush(net, to, now);
                Some((node, to, StreamEvent::Connected { local }))
            }
            (State::Connecting, Piece::Refuse) => self.end(to, Ended::Refused),
            (State::Open, Piece::Bytes(bytes)) => Some((node, to, StreamEvent::Bytes(bytes))),
            (State::Open, Piece::Close) => self.end(to, Ended::ByPeer),
            (State::Connecting | State::Open, Piece::Reset) => self.end(to, Ended::Reset),
            (State::Closed, Piece::Bytes(_)) => {
                debug_assert_eq!(end.other, from);
                self.answer(net, to, Piece::Reset, now);
                None
            }
            // An answer that comes too late, or what a connection that nobody has any more says.
            (State::Connecting, Piece::Bytes(_) | Piece::Close)
            | (State::Open, Piece::Open | Piece::Answer | Piece::Refuse)
            | (
                State::Closed,
                Piece::Open | Piece::Answer | Piece::Refuse | Piece::Close | Piece::Reset,
            ) => None,
        }
    }

    /// Sends past the line of waiting pieces.
    fn answer(&mut self, net: &mut Net, from: StreamId, piece: Piece, now: Instant) {
        let other = self.peer_node(from);
        let (Some(other), Some(end)) = (other, self.ends.get_mut(&from)) else {
            return;
        };
        if let Some(at) = net.links.piece(end.node, other, HEADERS, now) {
            end.newest = end.newest.max(at);
            let (at, to) = (end.newest, end.other);
            self.due.push((at, Due::Arrive { from, to, piece }));
        }
    }

    fn transmit(&mut self, net: &mut Net, stream: StreamId, piece: Piece, now: Instant) {
        let Some(end) = self.ends.get_mut(&stream) else {
            return;
        };
        end.waiting.push_back(piece);
        self.flush(net, stream, now);
    }

    /// Sends what waits, as far as the state and the link allow.
    fn flush(&mut self, net: &mut Net, stream: StreamId, now: Instant) {
        let Some(other) = self.peer_node(stream) else {
            return;
        };
        let Some(end) = self.ends.get_mut(&stream) else {
            return;
        };
        while let Some(piece) = end.waiting.front() {
            if end.state == State::Connecting && *piece != Piece::Open {
                return;
            }
            let size = HEADERS + piece.len();
            let Some(at) = net.links.piece(end.node, other, size, now) else {
                if end.waiting_since.is_none() {
                    end.waiting_since = Some(now);
                    self.due.push((now + TRY_AGAIN, Due::TryAgain(stream)));
                }
                return;
            };
            end.waiting_since = None;
            end.newest = end.newest.max(at);
            if let Some(piece) = end.waiting.pop_front() {
                let to = end.other;
                let arrive = Due::Arrive {
                    from: stream,
                    to,
                    piece,
                };
                self.due.push((end.newest, arrive));
            }
        }
    }

    fn try_again(
        &mut self,
        net: &mut Net,
        stream: StreamId,
        now: Instant,
    ) -> Option<(NodeId, StreamId, StreamEvent)> {
        let since = self.ends.get_mut(&stream)?.waiting_since.take()?;
        if now.since(since) >= DEAD_AFTER {
            return self.end(stream, Ended::Dead);
        }
        self.flush(net, stream, now);
        let end = self.ends.get_mut(&stream)?;
        if end.waiting_since.is_some() {
            end.waiting_since = Some(since);
        }
        None
    }

    fn end(&mut self, stream: StreamId, why: Ended) -> Option<(NodeId, StreamId, StreamEvent)> {
        let node = self.ends.get(&stream)?.node;
        if let Some(end) = self.ends.get_mut(&stream) {
            end.waiting.clear();
        }
        self.shut(stream);
        Some((node, stream, StreamEvent::Ended(why)))
    }

    /// Marks an end closed; two closed ends with nothing left to send are forgotten.
    fn shut(&mut self, stream: StreamId) {
        let Some(end) = self.ends.get_mut(&stream) else {
            return;
        };
        end.state = State::Closed;
        let other = end.other;
        let is_done = |end: &End| end.state == State::Closed && end.waiting.is_empty();
        let done = [stream, other].map(|id| self.ends.get(&id).is_none_or(is_done));
        if done == [true, true] {
            self.ends.remove(&stream);
            self.ends.remove(&other);
        }
    }

    fn peer_node(&self, stream: StreamId) -> Option<NodeId> {
        let end = self.ends.get(&stream)?;
        Some(self.ends.get(&end.other)?.node)
    }

    fn add(&mut self, node: NodeId, local: SocketAddr, peer: SocketAddr, state: State) -> StreamId {
        let id = StreamId(self.next);
        self.next += 1;
        let end = End {
            node,
            local,
            peer,
            other: id,
            state,
            waiting: VecDeque::new(),
            waiting_since: None,
            newest: Instant::ZERO,
        };
        self.ends.insert(id, end);
        id
    }

    fn join(&mut self, near: StreamId, far: StreamId) {
        for (one, other) in [(near, far), (far, near)] {
            if let Some(end) = self.ends.get_mut(&one) {
                end.other = other;
            }
        }
    }

    fn pieces(&mut self, bytes: &Bytes) -> Vec<Piece> {
        let mut rest = bytes.clone();
        let mut all = Vec::new();
        if let Some(rng) = &mut self.cuts {
            while rest.len() > 1 && rng.below(2) == 0 {
                let at = 1 + rng.below(rest.len() as u64 - 1) as usize;
                all.push(Piece::Bytes(rest.split_to(at)));
            }
        }
        all.push(Piece::Bytes(rest));
        all
    }
}
