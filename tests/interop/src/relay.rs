//! A path between two phones that loses and delays RTP as a seed says.
//!
//! The caller dials the relay's address. INVITE and its answer pass through it and leave with the
//! relay's own media ports; later requests go straight to the other phone's Contact. Both phones have to
//! speak UDP and answer to where a request came from (RFC 3581 §4).

use crate::ports;
use anyhow::{Context, Result};
use base::Rng;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What happens to RTP on the way. RTCP and SIP pass as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// Unit: packets of a thousand.
    pub lost_permille: u64,
    /// Every packet waits a random time up to this, so packets may overtake each other. Unit: ms.
    pub jitter_ms: u64,
}

/// What went through.
#[derive(Debug, Default)]
struct Counts {
    passed: AtomicU64,
    lost: AtomicU64,
}

/// A running relay; it ends when it goes out of scope.
#[derive(Debug)]
pub struct Relay {
    /// Whom to dial.
    pub address: SocketAddr,
    counts: Arc<Counts>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// A path to the phone at `callee`.
    pub fn start(callee: SocketAddr, weather: Weather, rng: &mut Rng) -> Result<Self> {
        let sip = bind(ports::take(1))?;
        let address = sip.local_addr()?;
        let (counts, over) = (
            Arc::new(Counts::default()),
            Arc::new(AtomicBool::new(false)),
        );
        let mut path = Path {
            sip,
            callee,
            caller: None,
            lanes: [Lane::new(rng.split())?, Lane::new(rng.split())?],
            weather,
            waiting: BinaryHeap::new(),
            order: 0,
            counts: Arc::clone(&counts),
        };
        let end = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                if !path.turn() {
                    std::thread::sleep(Duration::from_micros(500));
                }
            }
        });
        Ok(Self {
            address,
            counts,
            over,
            thread: Some(thread),
        })
    }

    /// RTP packets that passed and that were lost on purpose.
    pub fn counts(&self) -> (u64, u64) {
        (
            self.counts.passed.load(Ordering::Relaxed),
            self.counts.lost.load(Ordering::Relaxed),
        )
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its panic has been printed, and the test fails by what did not arrive.
            let _ = thread.join();
        }
    }
}

/// The sockets that one phone sees as the other's media.
#[derive(Debug)]
struct Lane {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// Where this phone wants its media, once it said so.
    phone: Option<SocketAddr>,
    /// Decides, packet by packet, what happens to what this phone sends.
    rng: Rng,
}

impl Lane {
    fn new(rng: Rng) -> Result<Self> {
        let port = ports::take(2);
        Ok(Self {
            rtp: bind(port)?,
            rtcp: bind(port + 1)?,
            phone: None,
            rng,
        })
    }
}

/// A packet on its way: when it is due, its place among those due at once, to which phone, what.
type Waiting = Reverse<(Instant, u64, usize, Vec<u8>)>;

#[derive(Debug)]
struct Path {
    sip: UdpSocket,
    callee: SocketAddr,
    caller: Option<SocketAddr>,
    /// Of the caller, of the callee.
    lanes: [Lane; 2],
    weather: Weather,
    waiting: BinaryHeap<Waiting>,
    order: u64,
    counts: Arc<Counts>,
}

impl Path {
    /// Moves what is there and what is due; whether there was anything.
    fn turn(&mut self) -> bool {
        let mut buffer = [0; 65_536];
        let mut busy = false;
        if let Some((len, from)) = receive(&self.sip, &mut buffer) {
            self.signal(&buffer[..len], from);
            busy = true;
        }
        for side in 0..2 {
            if let Some((len, _)) = receive(&self.lanes[side].rtp, &mut buffer) {
                self.media(side, &buffer[..len]);
                busy = true;
            }
            if let Some((len, _)) = receive(&self.lanes[side].rtcp, &mut buffer) {
                let other = &self.lanes[1 - side];
                if let Some(phone) = other.phone {
                    let to = SocketAddr::new(phone.ip(), phone.port() + 1);
                    send(&other.rtcp, &buffer[..len], to);
                }
                busy = true;
            }
        }
        self.deliver(Instant::now()) || busy
    }

    fn signal(&mut self, message: &[u8], from: SocketAddr) {
        let from_callee = from == self.callee;
        if !from_callee {
            self.caller = Some(from);
        }
        let Some(to) = (if from_callee {
            self.caller
        } else {
            Some(self.callee)
        }) else {
            return;
        };
        let side = usize::from(from_callee);
        let own = self.lanes[1 - side]
            .rtp
            .local_addr()
            .map_or(0, |address| address.port());
        let (text, port) = with_port(message, own);
        if let Some(port) = port {
            self.lanes[side].phone = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        }
        send(&self.sip, &text, to);
    }

    /// A packet that the phone of `side` sent: lost, or put on its way.
    fn media(&mut self, side: usize, packet: &[u8]) {
        let rng = &mut self.lanes[side].rng;
        // Both are drawn for every packet, so that one weather's loss does not move another's delay.
        let (luck, wait) = (
            rng.below(1_000),
            rng.below(self.weather.jitter_ms * 1_000 + 1),
        );
        if luck < self.weather.lost_permille {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.order += 1;
        let due = Instant::now() + Duration::from_micros(wait);
        self.waiting
            .push(Reverse((due, self.order, 1 - side, packet.to_vec())));
    }

    fn deliver(&mut self, now: Instant) -> bool {
        let mut any = false;
        while self
            .waiting
            .peek()
            .is_some_and(|Reverse((due, ..))| *due <= now)
        {
            let Some(Reverse((_, _, side, packet))) = self.waiting.pop() else {
                break;
            };
            let lane = &self.lanes[side];
            if let Some(phone) = lane.phone {
                send(&lane.rtp, &packet, phone);
                self.counts.passed.fetch_add(1, Ordering::Relaxed);
            }
            any = true;
        }
        any
    }
}

fn bind(port: u16) -> Result<UdpSocket> {
    let socket =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("port {port}"))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    match socket.recv_from(buffer) {
        Ok(got) => Some(got),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        // The phone closed its port; what it says next comes anyway.
        Err(_) => None,
    }
}

fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) {
    // A phone that is gone hears nothing; the test fails by what did not arrive.
    let _ = socket.send_to(bytes, to);
}

/// The message with `port` as its audio port, and the port that stood there.
fn with_port(message: &[u8], port: u16) -> (Vec<u8>, Option<u16>) {
    let text = String::from_utf8_lossy(message);
    let unchanged = || (message.to_vec(), None);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return unchanged();
    };
    let Some((before, rest)) = body.split_once("m=audio ") else {
        return unchanged();
    };
    let Some((old, after)) = rest.split_once(' ') else {
        return unchanged();
    };
    let Ok(old) = old.parse::<u16>() else {
        return unchanged();
    };
    let body: Vec<&str> = after
        .split("\r\n")
        .filter(|line| !line.starts_with("a=rtcp:"))
        .collect();
    let body = format!("{before}m=audio {port} {}", body.join("\r\n"));
    let is_length = |line: &str| {
        line.to_ascii_lowercase().starts_with("content-length") || line.starts_with("l:")
    };
    let head: Vec<&str> = head.split("\r\n").filter(|line| !is_length(line)).collect();
    let text = format!(
        "{}\r\nContent-Length: {}\r\n\r\n{body}",
        head.join("\r\n"),
        body.len()
    );
    (text.into_bytes(), Some(old))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audio_port_is_replaced_and_the_length_follows() {
        let message = b"INVITE x SIP/2.0\r\nContent-Length: 42\r\nTo: y\r\n\r\nv=0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:4001\r\na=x\r\n";
        let (text, old) = with_port(message, 31_234);
        assert_eq!(old, Some(4_000));
        let text = String::from_utf8(text).unwrap();
        let body = "v=0\r\nm=audio 31234 RTP/AVP 0\r\na=x\r\n";
        assert_eq!(
            text,
            format!(
                "INVITE x SIP/2.0\r\nTo: y\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        );
        assert_eq!(with_port(b"BYE x SIP/2.0\r\n\r\n", 1).1, None);
    }
}
