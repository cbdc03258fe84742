//! Signalling datagrams: read and written in batches, with the local address of each known.
//!
//! A [`UdpFlow`] waits by tokio and reads by the system's batched call, up to 32 datagrams a
//! wake-up. Writing is queue, then flush: what one batch of arrivals causes leaves in few calls.

#[cfg(test)]
mod tests;

use crate::error::Protocol;
use crate::os::{self, Arrival, BATCH, Batch, Datagrams as _, Parcel};
use crate::refusals::{self, Refusals};
use crate::{Dscp, Error, FlowId, Marking, dscp};
use base::BoundedQueue;
use bytes::Bytes;
use socket2::{Domain, SockRef, Socket, Type};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::Interest;
use tokio::time::{Sleep, sleep};

/// Datagrams that wait for the system to take them, at most. Past it `queue` refuses.
pub const QUEUE: usize = 1024;

/// Room for one datagram. 64 KiB and 33 cache lines: with a power of two, the first lines of all
/// 32 chunks would fall into the same few cache sets.
const CHUNK: usize = 65_536 + 33 * 64;

/// How long a full send buffer of the system is left alone. Unit: time.
///
/// Not left to tokio: once a datagram was refused, it takes the socket for closed and always writable.
const PAUSE: Duration = Duration::from_millis(1);

/// How a datagram socket is opened.
#[derive(Debug, Clone)]
pub struct UdpOptions {
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
    /// For an unspecified IPv6 address: take IPv4 as well. Off, so that both can be opened apart.
    pub dual: bool,
    /// Marking of everything sent.
    pub dscp: Dscp,
    /// The system's receive buffer. Unit: bytes. The system may give less and doubles it for its own.
    pub receive_buffer: usize,
    /// Tell each datagram's marking ([`Datagram::traffic_class`]); for tests and diagnosis.
    pub tell_marking: bool,
}

impl UdpOptions {
    /// Signalling at `address`: marked AF31, 2 MiB receive buffer, one IP version.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            dual: false,
            dscp: Dscp::AF31,
            receive_buffer: 2 << 20,
            tell_marking: false,
        }
    }
}

/// One datagram that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it. IPv4 senders are IPv4 on a dual socket too.
    pub source: SocketAddr,
    /// Where it arrived: never unspecified where the system tells (Linux does).
    pub local: SocketAddr,
    /// The byte with DSCP and congestion marks, if [`UdpOptions::tell_marking`].
    pub traffic_class: Option<u8>,
    /// The whole payload.
    pub bytes: Bytes,
}

/// A datagram that could not be sent. The others of its flush were.
#[derive(Debug)]
pub struct SendFailure {
    /// Where it should have gone.
    pub to: SocketAddr,
    /// What the system said: no route, too long, forbidden by a firewall.
    pub source: io::Error,
}

#[derive(Debug)]
struct Waiting {
    to: SocketAddr,
    from: Option<IpAddr>,
    bytes: Bytes,
}

/// One bound datagram socket. Used within a tokio runtime, a current-thread one suffices.
pub struct UdpFlow {
    id: FlowId,
    /// For waiting.
    waits: tokio::net::UdpSocket,
    /// The same socket, for reading and writing.
    socket: UdpSocket,
    local: SocketAddr,
    dual: bool,
    marking: Marking,
    buffer: Box<[u8]>,
    queue: BoundedQueue<Waiting>,
    /// Taken from the queue, not yet by the system.
    leaving: Vec<Waiting>,
    /// Who polls; woken when a flush leaves something that only polling will send.
    poller: Option<Waker>,
    /// Until when the system's full buffer is left alone.
    pause: Option<Pin<Box<Sleep>>>,
}

impl UdpFlow {
    /// Opens a socket. Must be called within a tokio runtime.
    pub fn bind(id: FlowId, options: &UdpOptions) -> Result<Self, Error> {
        let opening = |source| Error::opening(Protocol::Udp, options.address, source);
        let socket = open(options).map_err(opening)?;
        let local = socket.local_addr().map_err(opening)?;
        let marking = dscp::mark(&socket, local, options.dscp);
        let waits = socket.try_clone().map_err(opening)?;
        let waits = tokio::net::UdpSocket::from_std(waits).map_err(opening)?;
        Ok(Self {
            id,
            waits,
            socket,
            local,
            dual: local.is_ipv6() && options.dual,
            marking,
            buffer: vec![0; CHUNK * BATCH].into_boxed_slice(),
            queue: BoundedQueue::new(QUEUE),
            leaving: Vec::with_capacity(BATCH),
            poller: None,
            pause: None,
        })
    }

    /// Hears of its datagrams that are not delivered.
    pub fn refusals(&self) -> Result<Refusals, Error> {
        Refusals::of(&self.socket)
    }

    /// Its name.
    pub fn id(&self) -> FlowId {
        self.id
    }

    /// Where it is bound; the port is the real one, the address may be unspecified.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// What the system did with the marking.
    pub fn marking(&self) -> Marking {
        self.marking
    }

    /// Appends what has arrived to `into`, up to 32 datagrams a call, and says how many.
    ///
    /// Also sends what an earlier [`flush`](Self::flush) had to leave, as soon as the system can
    /// take it: a driver that keeps polling this needs no other wake-up.
    pub fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Vec<Datagram>,
    ) -> Poll<Result<usize, Error>> {
        self.poll_left(cx);
        if self
            .poller
            .as_ref()
            .is_none_or(|known| !known.will_wake(cx.waker()))
        {
            self.poller = Some(cx.waker().clone());
        }
        let mut arrivals = [Arrival::default(); BATCH];
        loop {
            ready!(self.waits.poll_recv_ready(cx)).map_err(Error::system("wait for datagrams"))?;
            let (socket, buffer) = (&self.socket, &mut self.buffer);
            let read = self.waits.try_io(Interest::READABLE, || {
                Batch::recv(socket, buffer, &mut arrivals)
            });
            match read {
                Ok(count) => {
                    self.take(arrivals.get(..count).unwrap_or_default(), into);
                    return Poll::Ready(Ok(count));
                }
                Err(problem) if is_passing(&problem) => {}
                Err(source) => {
                    return Poll::Ready(Err(Error::System {
                        what: "read datagrams",
                        source,
                    }));
                }
            }
        }
    }

    /// [`poll_recv`](Self::poll_recv) as a future. Dropping it loses nothing.
    pub async fn recv(&mut self, into: &mut Vec<Datagram>) -> Result<usize, Error> {
        poll_fn(|cx| self.poll_recv(cx, into)).await
    }

    /// Puts a datagram in line for the next [`flush`](Self::flush).
    ///
    /// `from` is the local address of the datagram that this one answers; it matters on a socket
    /// that is bound to no address in particular, whose machine has several (RFC 3581 §4: a
    /// response leaves from where the request arrived).
    pub fn queue(
        &mut self,
        bytes: Bytes,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let waiting = Waiting {
            to: if self.dual { os::wrapped(to) } else { to },
            from: from.and_then(|ip| self.source_for(ip)),
            bytes,
        };
        self.queue.push(waiting).map_err(|_| Error::Full {
            what: "datagram queue",
            max: QUEUE,
        })
    }

    /// Sends what is in line, in order, 32 a call. What the system cannot take now stays in line.
    /// Returns those that it refused for good; they are out of line.
    pub fn flush(&mut self) -> Vec<SendFailure> {
        let mut failures = Vec::new();
        let mut tried_again = false;
        loop {
            while self.leaving.len() < BATCH
                && let Some(waiting) = self.queue.pop()
            {
                self.leaving.push(waiting);
            }
            if self.leaving.is_empty() {
                return failures;
            }
            match send(&self.socket, &self.leaving) {
                Ok(count) => {
                    self.leaving.drain(..count);
                    tried_again = false;
                }
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) if problem.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(poller) = self.poller.take() {
                        poller.wake();
                    }
                    return failures;
                }
                // What the network said of an earlier datagram comes back from the next call, once.
                Err(_) if !tried_again => tried_again = true,
                Err(source) => {
                    tried_again = false;
                    let refused = self.leaving.remove(0);
                    failures.push(SendFailure {
                        to: os::plain(refused.to),
                        source,
                    });
                }
            }
        }
    }

    /// Queues and flushes one datagram.
    pub fn send(
        &mut self,
        bytes: Bytes,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        self.queue(bytes, to, from)?;
        match self.flush().into_iter().find(|failure| failure.to == to) {
            Some(SendFailure { to: target, source }) => Err(Error::Unreachable { target, source }),
            None => Ok(()),
        }
    }

    /// The source to set on a datagram, where it is not the bound address anyway.
    fn source_for(&self, ip: IpAddr) -> Option<IpAddr> {
        if !self.local.ip().is_unspecified() || ip.is_unspecified() {
            return None;
        }
        match (ip, self.local) {
            (IpAddr::V4(v4), SocketAddr::V6(_)) => Some(IpAddr::V6(v4.to_ipv6_mapped())),
            (IpAddr::V4(_), SocketAddr::V4(_)) | (IpAddr::V6(_), SocketAddr::V6(_)) => Some(ip),
            (IpAddr::V6(_), SocketAddr::V4(_)) => None,
        }
    }

    fn take(&self, arrivals: &[Arrival], into: &mut Vec<Datagram>) {
        for (arrival, chunk) in arrivals.iter().zip(self.buffer.chunks_exact(CHUNK)) {
            let local = arrival.local.unwrap_or(self.local.ip());
            into.push(Datagram {
                source: arrival.source,
                local: SocketAddr::new(local, self.local.port()),
                traffic_class: arrival.traffic_class,
                bytes: Bytes::copy_from_slice(chunk.get(..arrival.len).unwrap_or_default()),
            });
        }
    }

    /// Sends what is left over from a flush that found the system's buffer full.
    fn poll_left(&mut self, cx: &mut Context<'_>) {
        while !self.leaving.is_empty() {
            let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(PAUSE)));
            if pause.as_mut().poll(cx).is_pending() {
                return;
            }
            self.pause = None;
            for failure in self.flush() {
                tracing::debug!(to = %failure.to, problem = %failure.source, "late datagram refused");
            }
        }
    }
}

fn open(options: &UdpOptions) -> io::Result<UdpSocket> {
    let address = options.address;
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!options.dual)?;
    }
    // A smaller buffer than wished for is no reason not to start.
    let _ = socket.set_recv_buffer_size(options.receive_buffer);
    if options.tell_marking {
        if address.is_ipv6() {
            socket.set_recv_tclass_v6(true)?;
        }
        if address.is_ipv4() || options.dual {
            socket.set_recv_tos_v4(true)?;
        }
    }
    if address.ip().is_unspecified() {
        os::set_receive_address(&SockRef::from(&socket), address.is_ipv6())?;
    }
    // Where the system cannot tell, a refused datagram stays as silent as a lost one.
    let _ = refusals::ask(&SockRef::from(&socket), address.is_ipv6(), options.dual);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn send(socket: &UdpSocket, leaving: &[Waiting]) -> io::Result<usize> {
    let nothing = Parcel {
        to: SocketAddr::from(([0, 0, 0, 0], 0)),
        from: None,
        bytes: &[],
    };
    let mut parcels = [nothing; BATCH];
    for (parcel, waiting) in parcels.iter_mut().zip(leaving) {
        *parcel = Parcel {
            to: waiting.to,
            from: waiting.from,
            bytes: &waiting.bytes,
        };
    }
    let count = leaving.len().min(BATCH);
    Batch::send(socket, parcels.get(..count).unwrap_or_default())
}

/// Whether reading may simply be tried again.
///
/// An earlier datagram's ICMP refusal is reported by whichever read comes next on some systems; it
/// says nothing about this read.
fn is_passing(problem: &io::Error) -> bool {
    [
        io::ErrorKind::WouldBlock,
        io::ErrorKind::Interrupted,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable,
    ]
    .contains(&problem.kind())
}
