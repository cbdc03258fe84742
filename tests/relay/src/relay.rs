//! Sockets and a thread that carry out what links decide.
//!
//! A path joins two peers, A and B. A sends to the socket that faces A; the packet leaves for B
//! from the socket that faces B, so that each peer sees one address and answers to it.

use crate::link::{Link, LinkSettings};
use base::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The thread looks for changes at least this often, also when no packet comes.
const LOOK_AROUND: Duration = Duration::from_millis(5);

/// Unit: bytes.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Sent by A.
    AToB,
    /// Sent by B.
    BToA,
}

impl Direction {
    /// The other one.
    pub fn back(self) -> Self {
        match self {
            Self::AToB => Self::BToA,
            Self::BToA => Self::AToB,
        }
    }
}

/// What was done with the packets of one path and direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Received from the sender.
    pub heard: u64,
    /// Passed to the receiver, repeats included.
    pub passed: u64,
    /// Lost on purpose.
    pub lost: u64,
    /// Repeated on purpose.
    pub repeated: u64,
    /// Not passed because the receiver's address is not known yet, or the system refused.
    pub homeless: u64,
}

/// Names a path. Range: from 0, in order of adding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathId(pub usize);

/// Where a path's peers have to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The path.
    pub path: PathId,
    /// A sends here, and hears B from here.
    pub facing_a: SocketAddr,
    /// B sends here, and hears A from here.
    pub facing_b: SocketAddr,
}

/// Looks at a packet on its way and may change it. Answers with what to pass on.
pub type Inspect = Box<dyn FnMut(&mut Paths, Direction, &[u8]) -> Option<Vec<u8>> + Send>;

/// A running relay. Stops when dropped.
pub struct Relay {
    shared: Arc<Mutex<Paths>>,
    thread: Option<JoinHandle<()>>,
}

/// All paths of a relay, and the packets between.
pub struct Paths {
    seed: u64,
    paths: Vec<Path>,
    /// Packets on their way, the next one due on top; equal times in order of arrival.
    under_way: BinaryHeap<Reverse<(Instant, u64, Parcel)>>,
    sequence: u64,
    started: std::time::Instant,
    trace: u64,
    stop: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Parcel {
    path: usize,
    direction: Direction,
    bytes: Vec<u8>,
}

struct Path {
    facing_a: Arc<UdpSocket>,
    facing_b: Arc<UdpSocket>,
    a: Option<SocketAddr>,
    b: Option<SocketAddr>,
    links: BTreeMap<Direction, Link>,
    counts: BTreeMap<Direction, Counts>,
    inspect: Option<Inspect>,
}

impl Relay {
    /// A relay without a path. All its links' seeds follow from `seed`.
    pub fn start(seed: u64) -> Self {
        let shared = Arc::new(Mutex::new(Paths {
            seed,
            paths: Vec::new(),
            under_way: BinaryHeap::new(),
            sequence: 0,
            started: std::time::Instant::now(),
            trace: FNV_START,
            stop: false,
        }));
        let paths = Arc::clone(&shared);
        let thread = std::thread::spawn(move || run(&paths));
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Adds a path between two peers; a peer that is `None` is whoever sends first from that side.
    /// The sockets are opened on `127.0.0.1`, ports chosen by the system.
    pub fn add_path(
        &self,
        a: Option<SocketAddr>,
        b: Option<SocketAddr>,
        settings: &LinkSettings,
    ) -> io::Result<Ends> {
        let bind = || UdpSocket::bind("127.0.0.1:0");
        self.lock().add(bind()?, bind()?, a, b, settings)
    }

    /// As [`add_path`](Self::add_path), over sockets that the caller opened.
    pub fn add_path_on(
        &self,
        (facing_a, facing_b): (UdpSocket, UdpSocket),
        (a, b): (Option<SocketAddr>, Option<SocketAddr>),
        settings: &LinkSettings,
    ) -> io::Result<Ends> {
        self.lock().add(facing_a, facing_b, a, b, settings)
    }

    /// Changes what happens to packets of one path and direction from now on.
    pub fn set_link(&self, path: PathId, direction: Direction, settings: LinkSettings) {
        if let Some(link) = self.lock().link(path, direction) {
            link.set(settings);
        }
    }

    /// Changes what happens to all packets from now on.
    pub fn set_all(&self, settings: &LinkSettings) {
        for path in &mut self.lock().paths {
            for link in path.links.values_mut() {
                link.set(settings.clone());
            }
        }
    }

    /// What was done so far.
    pub fn counts(&self, path: PathId, direction: Direction) -> Counts {
        let paths = self.lock();
        let path = paths.paths.get(path.0);
        let counts = path.and_then(|path| path.counts.get(&direction));
        counts.copied().unwrap_or_default()
    }

    /// A number over all decisions so far, each path's and direction's by packet number: the same
    /// for the same seed and the same numbers of packets, however they interleaved.
    pub fn trace(&self) -> u64 {
        self.lock().trace
    }

    /// Lets `inspect` see and change the packets of `path`.
    pub(crate) fn inspect(&self, path: PathId, inspect: Inspect) {
        if let Some(path) = self.lock().paths.get_mut(path.0) {
            path.inspect = Some(inspect);
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Paths> {
        lock(&self.shared)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.lock().stop = true;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed already.
            let _ = thread.join();
        }
    }
}

fn lock(paths: &Mutex<Paths>) -> MutexGuard<'_, Paths> {
    paths.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Paths {
    /// Adds a path; see [`Relay::add_path`].
    pub fn add(
        &mut self,
        facing_a: UdpSocket,
        facing_b: UdpSocket,
        a: Option<SocketAddr>,
        b: Option<SocketAddr>,
        settings: &LinkSettings,
    ) -> io::Result<Ends> {
        for socket in [&facing_a, &facing_b] {
            socket.set_nonblocking(true)?;
            // What the system gives; packets lost here would not be lost on purpose.
            let _ = rustix::net::sockopt::set_socket_recv_buffer_size(socket, RECEIVE_BUFFER);
        }
        let path = self.paths.len();
        let ends = Ends {
            path: PathId(path),
            facing_a: facing_a.local_addr()?,
            facing_b: facing_b.local_addr()?,
        };
        let seed = |direction| fnv(fnv(self.seed, path as u64), direction as u64);
        let link = |direction| (direction, Link::new(seed(direction), settings.clone()));
        let both = [Direction::AToB, Direction::BToA];
        self.paths.push(Path {
            facing_a: Arc::new(facing_a),
            facing_b: Arc::new(facing_b),
            a,
            b,
            links: both.map(link).into(),
            counts: both.map(|direction| (direction, Counts::default())).into(),
            inspect: None,
        });
        Ok(ends)
    }

    /// Where the sender of `direction` wants to hear; told, no longer learned.
    pub fn set_peer(&mut self, path: PathId, sender_of: Direction, address: SocketAddr) {
        let Some(path) = self.paths.get_mut(path.0) else {
            return;
        };
        match sender_of {
            Direction::AToB => path.a = Some(address),
            Direction::BToA => path.b = Some(address),
        }
    }

    /// The address of the sender of `direction`, as told or learned.
    pub fn peer(&self, path: PathId, sender_of: Direction) -> Option<SocketAddr> {
        let path = self.paths.get(path.0)?;
        match sender_of {
            Direction::AToB => path.a,
            Direction::BToA => path.b,
        }
    }

    fn link(&mut self, path: PathId, direction: Direction) -> Option<&mut Link> {
        self.paths.get_mut(path.0)?.links.get_mut(&direction)
    }

    fn now(&self) -> Instant {
        Instant::ZERO + self.started.elapsed()
    }

    fn heard(&mut self, path: usize, direction: Direction, from: SocketAddr, bytes: &[u8]) {
        let Some(one) = self.paths.get_mut(path) else {
            return;
        };
        let peer = match direction {
            Direction::AToB => &mut one.a,
            Direction::BToA => &mut one.b,
        };
        peer.get_or_insert(from);
        let mut inspect = one.inspect.take();
        let passed = match &mut inspect {
            Some(inspect) => inspect(self, direction, bytes),
            None => Some(bytes.to_vec()),
        };
        let now = self.now();
        let Some(one) = self.paths.get_mut(path) else {
            return;
        };
        one.inspect = inspect;
        let (Some(counts), Some(link)) = (
            one.counts.get_mut(&direction),
            one.links.get_mut(&direction),
        ) else {
            return;
        };
        counts.heard += 1;
        let passage = link.pass(bytes.len(), now);
        counts.lost += u64::from(passage.at.is_none());
        counts.repeated += u64::from(passage.again_at.is_some());
        let fate = u64::from(passage.at.is_some()) + u64::from(passage.again_at.is_some());
        let decision = [path as u64, direction as u64, passage.index, fate];
        // A sum, so that the order in which directions interleave does not matter.
        let one_more = decision.into_iter().fold(FNV_START, fnv);
        self.trace = self.trace.wrapping_add(one_more);
        let Some(bytes) = passed else {
            return;
        };
        for at in [passage.at, passage.again_at].into_iter().flatten() {
            let parcel = Parcel {
                path,
                direction,
                bytes: bytes.clone(),
            };
            self.under_way.push(Reverse((at, self.sequence, parcel)));
            self.sequence += 1;
        }
    }

    /// Sends what is due; says how long until the next one is.
    fn deliver(&mut self) -> Duration {
        let now = self.now();
        while let Some(Reverse((at, _, _))) = self.under_way.peek() {
            if *at > now {
                return at.since(now).min(LOOK_AROUND);
            }
            if let Some(Reverse((_, _, parcel))) = self.under_way.pop() {
                self.send(&parcel);
            }
        }
        LOOK_AROUND
    }

    fn send(&mut self, parcel: &Parcel) {
        let Some(path) = self.paths.get_mut(parcel.path) else {
            return;
        };
        let (socket, to) = match parcel.direction {
            Direction::AToB => (&path.facing_b, path.b),
            Direction::BToA => (&path.facing_a, path.a),
        };
        let sent = to.is_some_and(|to| socket.send_to(&parcel.bytes, to).is_ok());
        if let Some(counts) = path.counts.get_mut(&parcel.direction) {
            counts.passed += u64::from(sent);
            counts.homeless += u64::from(!sent);
        }
    }

    fn sockets(&self) -> Vec<(usize, Direction, Arc<UdpSocket>)> {
        let both = |(index, path): (usize, &Path)| {
            [
                (index, Direction::AToB, Arc::clone(&path.facing_a)),
                (index, Direction::BToA, Arc::clone(&path.facing_b)),
            ]
        };
        self.paths.iter().enumerate().flat_map(both).collect()
    }
}

fn run(shared: &Mutex<Paths>) {
    let mut buffer = vec![0; 65_536];
    let mut sockets = Vec::new();
    loop {
        let wait = {
            let mut paths = lock(shared);
            if paths.stop {
                return;
            }
            if sockets.len() != 2 * paths.paths.len() {
                sockets = paths.sockets();
            }
            paths.deliver()
        };
        let mut ready: Vec<_> = sockets
            .iter()
            .map(|(_, _, socket)| PollFd::new(socket, PollFlags::IN))
            .collect();
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: wait.as_nanos() as _,
        };
        if poll(&mut ready, Some(&wait)).is_err() {
            continue;
        }
        let ready: Vec<_> = ready.iter().map(|one| !one.revents().is_empty()).collect();
        for ((path, direction, socket), _) in sockets.iter().zip(ready).filter(|(_, is)| *is) {
            while let Ok((len, from)) = socket.recv_from(&mut buffer) {
                let bytes = buffer.get(..len).unwrap_or_default();
                lock(shared).heard(*path, *direction, from, bytes);
            }
        }
    }
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(hash: u64, number: u64) -> u64 {
    number.to_le_bytes().into_iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
