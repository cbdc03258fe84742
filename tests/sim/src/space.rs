//! Events in order of time, from one seed.

#[cfg(test)]
mod tests;

use crate::link::LinkSettings;
use crate::log::{Entry, Log};
use crate::net::{Datagram, Net, NodeId, Refusal};
use crate::stream::{Due, StreamEvent, StreamId, Streams};
use crate::trace::Trace;
use base::{Instant, Rng};
use bytes::Bytes;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};

/// Something happened at a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A datagram arrived at a bound socket.
    Datagram {
        /// Where.
        node: NodeId,
        /// Who sent it.
        source: SocketAddr,
        /// To which address of the node.
        local: SocketAddr,
        /// What it says.
        bytes: Bytes,
    },
    /// Something happened to a connection.
    Stream {
        /// Where.
        node: NodeId,
        /// Which end.
        stream: StreamId,
        /// What.
        what: StreamEvent,
    },
    /// A wake-up that the node asked for.
    Wake {
        /// Who asked.
        node: NodeId,
        /// As it asked.
        token: u64,
    },
}

#[derive(Debug)]
enum Next {
    Datagram(Datagram),
    Stream(Due),
    Wake { node: NodeId, token: u64 },
}

/// Ordered so that the greatest, which a heap gives first, is due first.
#[derive(Debug)]
struct Scheduled {
    at: Instant,
    sequence: u64,
    next: Next,
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scheduled {}

/// Nodes, what travels between them, and the time.
#[derive(Debug)]
pub struct Space {
    now: Instant,
    queue: BinaryHeap<Scheduled>,
    sequence: u64,
    /// When each wake-up is due; what the queue says otherwise is out of date.
    wakes: BTreeMap<(NodeId, u64), (Instant, u64)>,
    net: Net,
    streams: Streams,
    rng: Rng,
    trace: Trace,
    log: Log,
    /// Datagrams that are lost next, by way.
    doomed: BTreeMap<(NodeId, NodeId), u32>,
}

impl Space {
    /// An empty world at time zero; everything random in it follows from `seed`.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::from_number(seed);
        Self {
            now: Instant::ZERO,
            queue: BinaryHeap::new(),
            sequence: 0,
            wakes: BTreeMap::new(),
            net: Net::new(rng.number()),
            streams: Streams::new(),
            rng,
            trace: Trace::new(),
            log: Log::default(),
            doomed: BTreeMap::new(),
        }
    }

    /// The time of the last event.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Randomness for one part or node, of its own: what it draws disturbs nobody else.
    pub fn rng(&mut self) -> Rng {
        self.rng.split()
    }

    /// What happened so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// As [`trace`](Self::trace), to let it keep lines.
    pub fn trace_mut(&mut self) -> &mut Trace {
        &mut self.trace
    }

    /// Puts a line of the caller's into the trace: what a person was told, what a machine did.
    pub fn note(&mut self, text: &str) {
        self.trace.record(text, &[], self.now);
    }

    /// Names a node's lane in ladders.
    pub fn name(&mut self, node: NodeId, name: &str) {
        self.log.lanes.push((node, name.to_owned()));
    }

    /// From now on keeps what a ladder shows.
    pub fn keep_log(&mut self) {
        self.log.entries.get_or_insert_default();
    }

    /// What a ladder shows.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Puts something into trace and ladder: done by the test, or told to a person.
    pub fn note_at(&mut self, node: NodeId, text: &str, is_done: bool) {
        self.note(text);
        let (at, text) = (self.now, text.to_owned());
        self.log.push(|| match is_done {
            true => Entry::Done { at, node, text },
            false => Entry::Told { at, node, text },
        });
    }

    fn log_sent(&mut self, from: NodeId, to: NodeId, bytes: &Bytes, arrives: Option<Instant>) {
        let at = self.now;
        // Only SIP: RTP, RTCP and STUN begin with no letter.
        if bytes.first().is_some_and(u8::is_ascii_alphabetic) {
            self.log.push(|| Entry::Sent {
                at,
                from,
                to,
                bytes: bytes.clone(),
                arrives,
            });
        }
    }

    /// Adds a node with its addresses.
    pub fn add_node(&mut self, addresses: &[IpAddr]) -> NodeId {
        self.net.add_node(addresses)
    }

    /// Gives a node one more address.
    pub fn add_address(&mut self, node: NodeId, ip: IpAddr) {
        self.net.add_address(node, ip);
    }

    /// Takes an address away, with every datagram socket on it: the network changed.
    pub fn remove_address(&mut self, ip: IpAddr) {
        self.net.remove_address(ip);
    }

    /// The address from which `node` reaches `target`.
    pub fn local_address_for(&self, node: NodeId, target: IpAddr) -> Result<IpAddr, Refusal> {
        self.net.address_towards(node, target)
    }

    /// What every link does that was given nothing of its own. At first: nothing bad.
    pub fn set_links(&mut self, settings: &LinkSettings) {
        self.net.links.set_usual(settings);
    }

    /// What the link from one node to another does; the way back is another link.
    pub fn set_link(&mut self, from: NodeId, to: NodeId, settings: &LinkSettings) {
        self.net.links.set(from, to, settings);
    }

    /// Cuts two nodes off from each other; what is under way arrives.
    pub fn cut(&mut self, a: NodeId, b: NodeId) {
        self.net.links.set_cut(a, b, true);
        self.net.links.set_cut(b, a, true);
    }

    /// Ends a [`cut`](Self::cut).
    pub fn heal(&mut self, a: NodeId, b: NodeId) {
        self.net.links.set_cut(a, b, false);
        self.net.links.set_cut(b, a, false);
    }

    /// Cuts only the way from one node to another.
    pub fn cut_one_way(&mut self, from: NodeId, to: NodeId) {
        self.net.links.set_cut(from, to, true);
    }

    /// From now on bytes written to streams arrive in pieces cut at random places.
    pub fn cut_streams(&mut self) {
        let rng = self.rng.split();
        self.streams.cut(rng);
    }

    /// Loses the next `count` datagrams on the way from one node to another, whatever the link does.
    pub fn lose_next(&mut self, from: NodeId, to: NodeId, count: u32) {
        self.doomed.insert((from, to), count);
    }

    fn is_doomed(&mut self, from: NodeId, to: NodeId) -> bool {
        let left = self.doomed.get_mut(&(from, to)).filter(|left| **left > 0);
        left.is_some_and(|left| {
            *left -= 1;
            true
        })
    }

    /// Opens a datagram socket; port 0 chooses one, an unspecified address takes all of the node's.
    pub fn bind(&mut self, node: NodeId, address: SocketAddr) -> Result<SocketAddr, Refusal> {
        self.net.bind(node, address)
    }

    /// Closes a datagram socket; what is under way to it is lost.
    pub fn unbind(&mut self, node: NodeId, address: SocketAddr) {
        self.net.unbind(node, address);
    }

    /// Sends a datagram from a bound socket. That it got lost is never told.
    pub fn send(
        &mut self,
        node: NodeId,
        from: SocketAddr,
        to: SocketAddr,
        bytes: Bytes,
    ) -> Result<(), Refusal> {
        let source = self.net.source(node, from, to)?;
        let Some(peer) = self.net.owner(to.ip()) else {
            return Ok(());
        };
        let mut arrivals = self.net.links.datagram(node, peer, bytes.len(), self.now);
        // Only SIP is lost on purpose: voice would use the count up.
        if bytes.first().is_some_and(u8::is_ascii_alphabetic) && self.is_doomed(node, peer) {
            arrivals = [None, None];
        }
        self.log_sent(node, peer, &bytes, arrivals[0]);
        for at in arrivals.into_iter().flatten() {
            let bytes = bytes.clone();
            let datagram = Datagram { source, to, bytes };
            self.schedule(at, Next::Datagram(datagram));
        }
        Ok(())
    }

    /// Lets `node` accept connections at `address`.
    pub fn listen(&mut self, node: NodeId, address: SocketAddr) -> Result<(), Refusal> {
        self.streams.listen(&self.net, node, address)
    }

    /// Connects to `target`. Bytes may be written at once; they leave when it answers.
    pub fn connect(&mut self, node: NodeId, target: SocketAddr) -> Result<StreamId, Refusal> {
        let stream = self.streams.connect(&mut self.net, node, target, self.now);
        self.take_due();
        stream
    }

    /// Writes to a stream.
    pub fn write(&mut self, stream: StreamId, bytes: &Bytes) -> Result<(), Refusal> {
        let written = self.streams.write(&mut self.net, stream, bytes, self.now);
        if let (Ok(()), Some((from, to))) = (written, self.streams.nodes(&self.net, stream)) {
            // A stream loses nothing: what matters is that it was written.
            let at = self.now;
            self.log_sent(from, to, bytes, Some(at));
        }
        self.take_due();
        written
    }

    /// Closes a stream after what was written; this end hears nothing more of it.
    pub fn close(&mut self, stream: StreamId) {
        self.streams.close(&mut self.net, stream, false, self.now);
        self.take_due();
    }

    /// Breaks a stream off; what was written and is not under way is lost.
    pub fn reset(&mut self, stream: StreamId) {
        self.streams.close(&mut self.net, stream, true, self.now);
        self.take_due();
    }

    /// Breaks every connection of a node; both ends hear a reset.
    pub fn break_streams(&mut self, node: NodeId) {
        self.streams.break_at(node, self.now);
        self.take_due();
    }

    /// Datagram sockets that a node has open.
    pub fn bound(&self, node: NodeId) -> usize {
        self.net.bound_by(node)
    }

    /// The node loses all sockets, streams and wake-ups without a word: a crash or a power cut.
    pub fn crash(&mut self, node: NodeId) {
        self.net.unbind_all(node);
        self.streams.forget_node(node);
        self.wakes.retain(|(owner, _), _| *owner != node);
    }

    /// Wakes `node` at `at` with `token`, in place of an earlier wish with the same token; `None`
    /// takes the wish back. A time that has passed means now.
    pub fn wake_at(&mut self, node: NodeId, token: u64, at: Option<Instant>) {
        let Some(at) = at else {
            self.wakes.remove(&(node, token));
            return;
        };
        let at = at.max(self.now);
        if self
            .wakes
            .get(&(node, token))
            .is_some_and(|wish| wish.0 == at)
        {
            return;
        }
        self.wakes.insert((node, token), (at, self.sequence));
        self.schedule(at, Next::Wake { node, token });
    }

    /// The next event, at which the time then stands; `None` when nothing will ever happen.
    pub fn step(&mut self) -> Option<Event> {
        self.step_until(Instant::FAR_FUTURE)
    }

    /// The next event not after `limit`. When there is none, the time stands at `limit` (or, for
    /// [`Instant::FAR_FUTURE`], where it stood).
    pub fn step_until(&mut self, limit: Instant) -> Option<Event> {
        while self.next_at().is_some_and(|at| at <= limit) {
            let scheduled = self.queue.pop()?;
            self.now = scheduled.at;
            if let Some(event) = self.happen(scheduled) {
                self.record(&event);
                return Some(event);
            }
        }
        if limit != Instant::FAR_FUTURE {
            self.now = self.now.max(limit);
        }
        None
    }

    /// When something may happen next.
    pub fn next_at(&mut self) -> Option<Instant> {
        // A wish that was replaced or taken back must not move the time.
        while self.queue.peek().is_some_and(|next| self.is_stale(next)) {
            self.queue.pop();
        }
        Some(self.queue.peek()?.at)
    }

    fn is_stale(&self, scheduled: &Scheduled) -> bool {
        let Next::Wake { node, token } = scheduled.next else {
            return false;
        };
        self.wakes.get(&(node, token)) != Some(&(scheduled.at, scheduled.sequence))
    }

    fn happen(&mut self, scheduled: Scheduled) -> Option<Event> {
        match scheduled.next {
            Next::Datagram(Datagram { source, to, bytes }) => Some(Event::Datagram {
                node: self.net.bound_to(to)?,
                source,
                local: to,
                bytes,
            }),
            Next::Stream(due) => {
                let told = self.streams.handle(&mut self.net, due, self.now);
                self.take_due();
                let (node, stream, what) = told?;
                Some(Event::Stream { node, stream, what })
            }
            Next::Wake { node, token } => {
                self.wakes.remove(&(node, token));
                Some(Event::Wake { node, token })
            }
        }
    }

    fn schedule(&mut self, at: Instant, next: Next) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.queue.push(Scheduled { at, sequence, next });
    }

    fn take_due(&mut self) {
        for (at, due) in core::mem::take(&mut self.streams.due) {
            self.schedule(at, Next::Stream(due));
        }
    }

    fn record(&mut self, event: &Event) {
        let (text, bytes): (String, &[u8]) = match event {
            Event::Datagram {
                node,
                source,
                local,
                bytes,
            } => (format!("{} datagram {source} > {local}", node.0), bytes),
            Event::Stream { node, stream, what } => match what {
                StreamEvent::Bytes(bytes) => (format!("{} bytes on {}", node.0, stream.0), bytes),
                StreamEvent::Accepted { .. }
                | StreamEvent::Connected { .. }
                | StreamEvent::Ended(_) => {
                    (format!("{} stream {} {what:?}", node.0, stream.0), &[])
                }
            },
            Event::Wake { node, token } => (format!("{} wake {token}", node.0), &[]),
        };
        self.trace.record(&text, bytes, self.now);
    }
}
