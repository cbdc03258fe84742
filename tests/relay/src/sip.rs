//! A relay for SIP over UDP that takes the media of every call through itself as well.
//!
//! To A it looks like B, and to B like A: addresses in heads are exchanged, and each session
//! description names ports of the relay, which pass RTP and RTCP on over links of their own.

use crate::link::LinkSettings;
use crate::relay::{Counts, Direction, Ends, PathId, Paths, Relay};
use crate::rewrite::{self, Media};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

/// Tries for an even port with a free odd neighbour, at most.
const PAIR_TRIES: usize = 64;

/// How a relay for SIP treats packets.
#[derive(Debug, Clone, Default)]
pub struct SipRelaySettings {
    /// SIP, both ways.
    pub signalling: LinkSettings,
    /// RTP and RTCP, both ways.
    pub media: LinkSettings,
    /// Requests with these methods never get through, either way.
    pub swallows: Vec<&'static str>,
}

/// The two media paths of one media section of one call.
#[derive(Debug, Clone, Copy)]
struct MediaPaths {
    rtp: Ends,
    rtcp: Ends,
}

/// Media paths by Call-ID and index of the section.
type Calls = BTreeMap<(String, usize), MediaPaths>;

/// A running relay between two SIP peers. Stops when dropped.
pub struct SipAwareRelay {
    relay: Relay,
    signalling: Ends,
    calls: Arc<Mutex<Calls>>,
    media: Arc<Mutex<LinkSettings>>,
}

impl SipAwareRelay {
    /// Between `a` (`None`: whoever sends first) and `b`, on `127.0.0.1`.
    pub fn start(
        seed: u64,
        a: Option<SocketAddr>,
        b: SocketAddr,
        settings: SipRelaySettings,
    ) -> io::Result<Self> {
        let relay = Relay::start(seed);
        let signalling = relay.add_path(a, Some(b), &settings.signalling)?;
        let calls = Arc::new(Mutex::new(Calls::new()));
        let media = Arc::new(Mutex::new(settings.media));
        let (known, links) = (Arc::clone(&calls), Arc::clone(&media));
        let swallows = settings.swallows;
        let inspect = move |paths: &mut Paths, direction: Direction, bytes: &[u8]| {
            let method = bytes.split(|byte| *byte == b' ').next();
            let swallowed = |name: &&str| method == Some(name.as_bytes());
            if swallows.iter().any(swallowed) {
                return None;
            }
            let mut calls = known.lock().unwrap_or_else(PoisonError::into_inner);
            let links = links.lock().unwrap_or_else(PoisonError::into_inner);
            let mut pass = Pass {
                paths,
                calls: &mut calls,
                links: &links,
                signalling,
                direction,
            };
            Some(pass.message(bytes).unwrap_or_else(|| bytes.to_vec()))
        };
        relay.inspect(signalling.path, Box::new(inspect));
        Ok(Self {
            relay,
            signalling,
            calls,
            media,
        })
    }

    /// Where A has to send its SIP: B's address as far as A knows.
    pub fn facing_a(&self) -> SocketAddr {
        self.signalling.facing_a
    }

    /// Where B has to send its SIP: A's address as far as B knows.
    pub fn facing_b(&self) -> SocketAddr {
        self.signalling.facing_b
    }

    /// Changes what happens to media packets of calls there are and calls to come.
    pub fn set_media(&self, settings: &LinkSettings) {
        *self.media.lock().unwrap_or_else(PoisonError::into_inner) = settings.clone();
        for ends in self.paths() {
            for direction in [Direction::AToB, Direction::BToA] {
                self.relay.set_link(ends.path, direction, settings.clone());
            }
        }
    }

    /// Changes what happens to SIP packets.
    pub fn set_signalling(&self, settings: &LinkSettings) {
        for direction in [Direction::AToB, Direction::BToA] {
            let path = self.signalling.path;
            self.relay.set_link(path, direction, settings.clone());
        }
    }

    /// What was done with SIP packets.
    pub fn signalling_counts(&self, direction: Direction) -> Counts {
        self.relay.counts(self.signalling.path, direction)
    }

    /// What was done with the RTP packets of all calls.
    pub fn rtp_counts(&self, direction: Direction) -> Counts {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<PathId> = calls.values().map(|one| one.rtp.path).collect();
        drop(calls);
        all.into_iter().fold(Counts::default(), |sum, path| {
            let one = self.relay.counts(path, direction);
            Counts {
                heard: sum.heard + one.heard,
                passed: sum.passed + one.passed,
                lost: sum.lost + one.lost,
                repeated: sum.repeated + one.repeated,
                homeless: sum.homeless + one.homeless,
            }
        })
    }

    /// A number over all decisions; see [`Relay::trace`].
    pub fn trace(&self) -> u64 {
        self.relay.trace()
    }

    fn paths(&self) -> Vec<Ends> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.values().flat_map(|one| [one.rtp, one.rtcp]).collect()
    }
}

/// One message on its way.
struct Pass<'p> {
    paths: &'p mut Paths,
    calls: &'p mut Calls,
    links: &'p LinkSettings,
    signalling: Ends,
    direction: Direction,
}

impl Pass<'_> {
    /// The message as the other side shall see it; `None` when it is no SIP (a keep-alive).
    fn message(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (head, body) = rewrite::split(bytes)?;
        let changed = rewrite::exchange(head, &self.exchanges());
        let is_sdp = rewrite::header(head, "content-type", "c")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/sdp"));
        let call = rewrite::header(head, "call-id", "i");
        let (true, Some(call), Ok(sdp)) = (is_sdp, call, core::str::from_utf8(body)) else {
            return Some(rewrite::join(&changed, body));
        };
        let sdp = rewrite::media(sdp, |index, media| self.place(call, index, media));
        Some(rewrite::join(&changed, sdp.as_bytes()))
    }

    /// The sender's address becomes the relay's, and the relay's the receiver's.
    fn exchanges(&self) -> Vec<(SocketAddr, SocketAddr)> {
        let path = self.signalling.path;
        let sender = self.paths.peer(path, self.direction);
        let receiver = self.paths.peer(path, self.direction.back());
        let (near, far) = match self.direction {
            Direction::AToB => (self.signalling.facing_a, self.signalling.facing_b),
            Direction::BToA => (self.signalling.facing_b, self.signalling.facing_a),
        };
        let theirs = sender.map(|sender| (sender, far));
        let ours = receiver.map(|receiver| (near, receiver));
        theirs.into_iter().chain(ours).collect()
    }

    /// Notes where the sender wants its media, and says where the receiver shall send it instead.
    fn place(&mut self, call: &str, index: usize, wanted: Media) -> Option<Media> {
        let key = (call.to_owned(), index);
        let paths = match self.calls.get(&key) {
            Some(paths) => *paths,
            None => {
                let opened = self.open().ok()?;
                self.calls.insert(key, opened);
                opened
            }
        };
        let direction = self.direction;
        self.paths.set_peer(paths.rtp.path, direction, wanted.rtp);
        self.paths.set_peer(paths.rtcp.path, direction, wanted.rtcp);
        let (rtp, rtcp) = match direction {
            Direction::AToB => (paths.rtp.facing_b, paths.rtcp.facing_b),
            Direction::BToA => (paths.rtp.facing_a, paths.rtcp.facing_a),
        };
        Some(Media { rtp, rtcp })
    }

    fn open(&mut self) -> io::Result<MediaPaths> {
        let ip = self.signalling.facing_a.ip();
        let (rtp_a, rtcp_a) = pair(ip)?;
        let (rtp_b, rtcp_b) = pair(ip)?;
        Ok(MediaPaths {
            rtp: self.paths.add(rtp_a, rtp_b, None, None, self.links)?,
            rtcp: self.paths.add(rtcp_a, rtcp_b, None, None, self.links)?,
        })
    }
}

/// An even port and the next one.
fn pair(ip: IpAddr) -> io::Result<(UdpSocket, UdpSocket)> {
    for _ in 0..PAIR_TRIES {
        let first = UdpSocket::bind((ip, 0))?;
        let port = first.local_addr()?.port();
        if port % 2 == 0
            && let Ok(second) = UdpSocket::bind((ip, port + 1))
        {
            return Ok((first, second));
        }
    }
    Err(io::Error::from(io::ErrorKind::AddrInUse))
}
