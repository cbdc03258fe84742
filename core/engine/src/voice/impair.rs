//! Sockets that lose and delay packets, where a leg asks for it: a bad network to show and to test.
//!
//! It stands around the real sockets, so that everything below and above it is what always runs. What
//! is held back waits in room that was made on control: nothing here allocates while ticking.

use base::{Duration, Instant, Rng};
use core::net::SocketAddr;
use media_thread::{Flow, MediaNet, Taker};
use ports::media::Impairment;

/// Packets of one way that can wait. At the bound a packet is passed on at once.
const HELD: usize = 32;
/// Longest packet that can wait; a longer one is passed on at once. Unit: bytes.
const LONGEST: usize = 1_500;

/// A socket, and what happens to its packets.
#[derive(Debug)]
pub(super) struct Line<S> {
    socket: S,
    rough: Option<Box<Rough>>,
}

impl<S> Line<S> {
    /// Packets pass as they come.
    pub(super) const fn clean(socket: S) -> Self {
        Self {
            socket,
            rough: None,
        }
    }

    /// Packets meet a bad network.
    pub(super) fn through(self, rough: Box<Rough>) -> Self {
        Self {
            rough: Some(rough),
            ..self
        }
    }
}

/// A bad network between one socket and its peers.
#[derive(Debug)]
pub(super) struct Rough {
    rule: Impairment,
    /// When its first packet came by.
    began: Option<Instant>,
    inward: Way,
    outward: Way,
}

impl Rough {
    /// The network of `rule`; `leg` sets apart what the same rule does to different legs.
    pub(super) fn new(rule: &Impairment, leg: u64) -> Box<Self> {
        let mut rng = Rng::from_number(rule.seed ^ leg.rotate_left(32));
        Box::new(Self {
            rule: *rule,
            began: None,
            inward: Way::new(rng.split()),
            outward: Way::new(rng.split()),
        })
    }

    /// Packets lost at `now`. Unit: per mille.
    fn loss(&mut self, now: Instant) -> u16 {
        let began = *self.began.get_or_insert(now);
        let Some(bursts) = self.rule.bursts else {
            return self.rule.loss_permille;
        };
        let every = u128::from(bursts.every_ms.max(1));
        let phase = now.since(began).as_millis() % every;
        if phase + u128::from(bursts.for_ms) >= every {
            bursts.loss_permille
        } else {
            self.rule.loss_permille
        }
    }

    /// Whether a packet that comes in is passed on now.
    fn comes(&mut self, peer: SocketAddr, bytes: &[u8], now: Instant) -> bool {
        let loss = self.loss(now);
        self.inward
            .passes(peer, bytes, (loss, self.rule.jitter_ms), now)
    }

    /// Whether a packet that goes out is passed on now.
    fn goes(&mut self, peer: SocketAddr, bytes: &[u8], now: Instant) -> bool {
        let loss = self.loss(now);
        self.outward
            .passes(peer, bytes, (loss, self.rule.jitter_ms), now)
    }
}

/// One way of a bad network, and what is under way there.
#[derive(Debug)]
struct Way {
    rng: Rng,
    held: Box<[Held]>,
}

/// A packet under way, or room for one.
#[derive(Debug, Clone)]
struct Held {
    /// When it arrives; `None`: there is room.
    due: Option<Instant>,
    peer: SocketAddr,
    length: usize,
    bytes: [u8; LONGEST],
}

impl Way {
    fn new(rng: Rng) -> Self {
        let room = Held {
            due: None,
            peer: SocketAddr::from(([0; 4], 0)),
            length: 0,
            bytes: [0; LONGEST],
        };
        Self {
            rng,
            held: vec![room; HELD].into(),
        }
    }

    /// Decides about one packet: passed on now, or lost, or kept for later.
    fn passes(
        &mut self,
        peer: SocketAddr,
        bytes: &[u8],
        (loss_permille, jitter_ms): (u16, u16),
        now: Instant,
    ) -> bool {
        // Two numbers for each packet, whatever becomes of it: so the next one's fate is its own.
        let (fate, late) = (self.rng.number32(), self.rng.number32());
        if share(fate, 1_000) < u64::from(loss_permille) {
            return false;
        }
        let wait = Duration::from_micros(share(late, 1_000 * u64::from(jitter_ms)));
        if wait.is_zero() {
            return true;
        }
        let Some(room) = self.held.iter_mut().find(|held| held.due.is_none()) else {
            return true;
        };
        let Some(into) = room.bytes.get_mut(..bytes.len()) else {
            return true;
        };
        into.copy_from_slice(bytes);
        (room.peer, room.length, room.due) = (peer, bytes.len(), Some(now + wait));
        false
    }

    /// Hands on what has arrived by `now`, in the order of arrival, with how long ago that was.
    fn release(&mut self, now: Instant, mut each: impl FnMut(SocketAddr, Duration, &mut [u8])) {
        loop {
            let arrived = |held: &&mut Held| held.due.is_some_and(|due| due <= now);
            let Some(next) = self.held.iter_mut().filter(arrived).min_by_key(|h| h.due) else {
                return;
            };
            let waited = next.due.take().map_or(Duration::ZERO, |due| now.since(due));
            if let Some(bytes) = next.bytes.get_mut(..next.length) {
                each(next.peer, waited, bytes);
            }
        }
    }
}

/// `number` as a share of `of`: 0 up to but without `of`.
fn share(number: u32, of: u64) -> u64 {
    (u64::from(number) * of) >> 32
}

/// Sockets of which some have a bad network before them.
#[derive(Debug)]
pub(super) struct RoughNet<N> {
    net: N,
    /// By the number of the flow.
    roughs: Vec<Option<Box<Rough>>>,
    /// How many of them there are: with none of them nothing is looked at.
    count: usize,
    clock: fn() -> Instant,
}

impl<N> RoughNet<N> {
    /// Around `net`, which has room for `flows` sockets.
    pub(super) fn new(net: N, flows: usize, clock: fn() -> Instant) -> Self {
        Self {
            net,
            roughs: (0..flows).map(|_| None).collect(),
            count: 0,
            clock,
        }
    }
}

fn at(roughs: &mut [Option<Box<Rough>>], flow: Flow) -> Option<&mut Rough> {
    roughs.get_mut(flow.0 as usize)?.as_deref_mut()
}

impl<N: MediaNet> MediaNet for RoughNet<N> {
    type Socket = Line<N::Socket>;

    fn add(&mut self, line: Self::Socket) -> Option<Flow> {
        let flow = self.net.add(line.socket)?;
        if let Some(place) = self.roughs.get_mut(flow.0 as usize) {
            self.count += usize::from(line.rough.is_some());
            *place = line.rough;
        }
        Some(flow)
    }

    fn remove(&mut self, flow: Flow) -> Option<Self::Socket> {
        let socket = self.net.remove(flow)?;
        let place = self.roughs.get_mut(flow.0 as usize);
        let rough = place.and_then(Option::take);
        self.count -= usize::from(rough.is_some());
        Some(Line { socket, rough })
    }

    fn sweep(&mut self, each: &mut Taker<'_>) {
        if self.count == 0 {
            return self.net.sweep(each);
        }
        let now = (self.clock)();
        let Self { net, roughs, .. } = self;
        net.sweep(&mut |flow, from, waited, bytes| {
            let came = now - waited;
            let passes = at(roughs, flow).is_none_or(|rough| rough.comes(from, bytes, came));
            if passes {
                each(flow, from, waited, bytes);
            }
        });
        let mut sent = false;
        for (number, rough) in roughs.iter_mut().enumerate() {
            let Some(rough) = rough else { continue };
            let flow = Flow(u32::try_from(number).unwrap_or(u32::MAX));
            rough
                .inward
                .release(now, |from, waited, bytes| each(flow, from, waited, bytes));
            rough.outward.release(now, |to, _, bytes| {
                net.send(flow, to, bytes);
                sent = true;
            });
        }
        if sent {
            net.flush();
        }
    }

    fn send(&mut self, flow: Flow, to: SocketAddr, datagram: &[u8]) {
        let clock = self.clock;
        let passes =
            at(&mut self.roughs, flow).is_none_or(|rough| rough.goes(to, datagram, clock()));
        if passes {
            self.net.send(flow, to, datagram);
        }
    }

    fn flush(&mut self) {
        self.net.flush();
    }
}

#[cfg(test)]
mod tests;
