//! The system calls that differ between systems, behind two small traits.
//!
//! Linux reads and writes many datagrams a call and asks the system which sockets have something
//! (`linux.rs`). The portable form does both with what the standard library offers; Linux tests
//! run it too.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    Epoll as Poller, Mmsg as Batch, give_back, outlive, raise, read_name, set_receive_address,
    set_receive_stamp, set_schedule, set_traffic_class_v6,
};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{
    OneByOne as Batch, Sweep as Poller, give_back, outlive, raise, set_receive_address,
    set_receive_stamp, set_schedule, set_traffic_class_v6,
};

/// Datagrams in one call at most.
pub(crate) const BATCH: usize = 32;

/// Sockets told ready in one call at most.
pub(crate) const READY: usize = 256;

/// One datagram that arrived. Its bytes stand in the buffer's chunk of the same index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Sender; an IPv4 sender is IPv4 also on a dual-stack socket.
    pub(crate) source: SocketAddr,
    /// Address it was sent to, when the socket was asked to tell.
    pub(crate) local: Option<IpAddr>,
    /// The byte with DSCP and congestion marks, when the socket was asked to tell.
    pub(crate) traffic_class: Option<u8>,
    /// When the system took it in, when the socket was asked to tell and the system does.
    /// Unit: time since 1970, as the clock of the machine had it then.
    pub(crate) stamp: Option<Duration>,
    /// Unit: bytes in the chunk.
    pub(crate) len: usize,
    /// The datagram was longer than the chunk; the rest is lost.
    pub(crate) truncated: bool,
}

impl Default for Arrival {
    fn default() -> Self {
        Self {
            source: SocketAddr::from(([0, 0, 0, 0], 0)),
            local: None,
            traffic_class: None,
            stamp: None,
            len: 0,
            truncated: false,
        }
    }
}

/// One datagram to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parcel<'b> {
    /// Receiver, in the address family of the socket.
    pub(crate) to: SocketAddr,
    /// Address it shall come from, where the machine has several.
    pub(crate) from: Option<IpAddr>,
    /// Payload.
    pub(crate) bytes: &'b [u8],
}

/// Reading and writing several datagrams of one socket at once. Neither waits, neither allocates.
pub(crate) trait Datagrams {
    /// Reads up to `arrivals.len()` (at most [`BATCH`]) datagrams, each into its chunk of
    /// `buffer`, which has `arrivals.len()` chunks of equal size. `WouldBlock` when there is none.
    fn recv(socket: &UdpSocket, buffer: &mut [u8], arrivals: &mut [Arrival]) -> io::Result<usize>;

    /// Sends the first parcels, at most [`BATCH`]; says how many the system took. An error is
    /// about the first one.
    fn send(socket: &UdpSocket, parcels: &[Parcel<'_>]) -> io::Result<usize>;
}

/// Which of many sockets have something to read.
pub(crate) trait Readiness: Sized {
    /// For no socket yet.
    fn new() -> io::Result<Self>;
    /// Watches `socket` under `token`.
    fn add(&mut self, socket: &UdpSocket, token: u64) -> io::Result<()>;
    /// Stops watching it.
    fn remove(&mut self, socket: &UdpSocket, token: u64) -> io::Result<()>;
    /// Fills in tokens of sockets that may have something; without waiting, without allocating.
    /// Tells up to [`READY`] of them; fewer than asked for means these are all.
    fn ready(&mut self, tokens: &mut [u64]) -> io::Result<usize>;
}

/// An IPv4 address that an IPv6 socket wrapped, unwrapped. Every other address as it is.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => address,
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::from((v4, v6.port())),
            None => address,
        },
    }
}

/// `address` as a socket of the other family's dual form has to spell it.
pub(crate) fn wrapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) => {
            let ip = v4.ip().to_ipv6_mapped();
            SocketAddr::V6(SocketAddrV6::new(ip, v4.port(), 0, 0))
        }
        SocketAddr::V6(_) => address,
    }
}

/// Lets this process open as many files as the system ever allows it, and says how many that is.
///
/// A call with two sockets takes two; the usual allowance of 1,024 is spent at 500 calls.
pub fn raise_open_files() -> Option<u64> {
    raise()
}

/// Lets this process live on when a file of its reaches the longest that the system allows it
/// (`ulimit -f`): writing fails then, where the signal SIGXFSZ would end a phone in the middle of a call.
pub fn outlive_full_files() {
    outlive();
}

/// Gives memory that was freed back to the system, where the allocator would keep it for later.
///
/// Takes about a millisecond for each 10 MB. The GNU allocator keeps whatever lies below the last
/// piece in use: measured after 20,000 calls, 44 MB stay resident without this and 17 with it.
pub fn give_memory_back() {
    give_back();
}

/// When a thread gets a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// As the system shares it out among all.
    Usual,
    /// Before all usual threads, in turn with its like. Range: 1 to 99, least urgent first.
    RoundRobin(u8),
}

/// Sets when a thread of this process, by the system's number, gets a processor; `None`: the calling
/// one. Where more than the usual is not permitted, an error, and nothing has changed.
///
/// It stands here because it takes a system call that has no safe form, as those of the sockets.
pub fn schedule(thread: Option<u32>, schedule: Schedule) -> io::Result<()> {
    set_schedule(thread.unwrap_or(0), schedule)
}
