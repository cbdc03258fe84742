//! The two traits with nothing but the standard library: one datagram a call, every socket asked.
//! Tells neither local address, nor marking, nor when the system took a datagram in.

use super::{Arrival, Datagrams, Parcel, Readiness};
use std::io;
use std::net::UdpSocket;

/// One datagram a call. Tells neither the local address nor the marking.
pub(crate) struct OneByOne;

impl Datagrams for OneByOne {
    fn recv(socket: &UdpSocket, buffer: &mut [u8], arrivals: &mut [Arrival]) -> io::Result<usize> {
        let size = (buffer.len() / arrivals.len().max(1)).max(1);
        let mut filled = 0;
        for (chunk, arrival) in buffer.chunks_exact_mut(size).zip(arrivals) {
            match socket.recv_from(chunk) {
                Ok((len, source)) => {
                    *arrival = Arrival {
                        source: super::plain(source),
                        len,
                        ..Arrival::default()
                    };
                }
                Err(_) if filled > 0 => break,
                Err(problem) => return Err(problem),
            }
            filled += 1;
        }
        Ok(filled)
    }

    fn send(socket: &UdpSocket, parcels: &[Parcel<'_>]) -> io::Result<usize> {
        let mut sent = 0;
        for parcel in parcels.iter().take(super::BATCH) {
            match socket.send_to(parcel.bytes, parcel.to) {
                Ok(_) => sent += 1,
                Err(_) if sent > 0 => break,
                Err(problem) => return Err(problem),
            }
        }
        Ok(sent)
    }
}

/// Every socket may have something; who asks finds out by reading.
pub(crate) struct Sweep {
    tokens: Vec<u64>,
    /// Where the next answer starts, so that a short `tokens` misses nobody for good.
    next: usize,
}

impl Readiness for Sweep {
    fn new() -> io::Result<Self> {
        Ok(Self {
            tokens: Vec::new(),
            next: 0,
        })
    }

    fn add(&mut self, _socket: &UdpSocket, token: u64) -> io::Result<()> {
        self.tokens.push(token);
        Ok(())
    }

    fn remove(&mut self, _socket: &UdpSocket, token: u64) -> io::Result<()> {
        self.tokens.retain(|&known| known != token);
        self.next = 0;
        Ok(())
    }

    fn ready(&mut self, tokens: &mut [u64]) -> io::Result<usize> {
        let rest = self.tokens.get(self.next..).unwrap_or_default();
        let count = rest.len().min(tokens.len());
        for (slot, token) in tokens.iter_mut().zip(rest) {
            *slot = *token;
        }
        self.next = if count < tokens.len() {
            0
        } else {
            self.next + count
        };
        Ok(count)
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{
    give_back, outlive, raise, set_receive_address, set_receive_stamp, set_schedule,
    set_traffic_class_v6,
};

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use socket2::SockRef;
    use std::io;

    /// Allocators of other systems give back by themselves.
    pub(crate) fn give_back() {}

    /// Other systems have no such signal, or none that a portable program can set aside.
    pub(crate) fn outlive() {}

    /// The allowance cannot be asked for in a portable way.
    pub(crate) fn raise() -> Option<u64> {
        None
    }

    /// The local address of a datagram is not told here; the bound address stands for it.
    pub(crate) fn set_receive_address(_socket: &SockRef<'_>, _v6: bool) -> io::Result<()> {
        Ok(())
    }

    /// The moment of arrival is not told here; that of reading stands for it.
    pub(crate) fn set_receive_stamp(_socket: &SockRef<'_>) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    /// No portable call: no thread is more urgent than another.
    pub(crate) fn set_schedule(_thread: u32, _schedule: crate::Schedule) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    /// No portable call.
    pub(crate) fn set_traffic_class_v6(_socket: &SockRef<'_>, _class: u32) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}
