//! What the network says about datagrams that could not be delivered: nobody listens on that port, no
//! way leads to that host (RFC 3261 §18.4). Without it, a closed port costs a request 32 s of silence.
//!
//! Only errors that mean "not delivered" are told; what passes (time exceeded) or is no refusal (packet
//! too big) is not. Who can guess our port can forge such an error, as always with ICMP: it costs one
//! try, which then goes to the next server or is repeated later.

#[path = "refusals/os/mod.rs"]
mod os;
#[cfg(test)]
mod tests;

use crate::Error;
use os::{ErrorQueue as _, Queue};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use tokio::io::Interest;

/// Refusals taken in one wake-up, at most.
const BATCH: usize = 32;

/// A datagram that was not delivered.
#[derive(Debug)]
pub struct Refusal {
    /// Where it should have gone.
    pub to: SocketAddr,
    /// What the network said.
    pub source: io::Error,
}

/// Hears what becomes of the datagrams of one socket. Made by [`UdpFlow::refusals`](crate::UdpFlow).
#[derive(Debug)]
pub struct Refusals {
    /// A second name of the socket: waiting here wakes nobody who reads datagrams.
    socket: tokio::net::UdpSocket,
}

impl Refusals {
    pub(crate) fn of(socket: &UdpSocket) -> Result<Self, Error> {
        let failed = Error::system("listen for refused datagrams");
        let socket = socket.try_clone().and_then(tokio::net::UdpSocket::from_std);
        let socket = socket.map_err(failed)?;
        Ok(Self { socket })
    }

    /// The next ones, at least one. Never ends where the system tells none.
    pub async fn next(&self) -> Result<Vec<Refusal>, Error> {
        loop {
            let read = || {
                let mut found = Vec::new();
                while found.len() < BATCH {
                    match Queue::take(&self.socket) {
                        Ok(told) => found.extend(told),
                        // Nothing is left; the next wait has to be for news.
                        Err(why) if found.is_empty() => return Err(why),
                        Err(_) => break,
                    }
                }
                Ok(found)
            };
            let found = self.socket.async_io(Interest::ERROR, read).await;
            let found = found.map_err(Error::system("read refused datagrams"))?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
}

/// Asks the system to tell of refused datagrams; one that cannot leaves them silent.
pub(crate) fn ask(socket: &socket2::SockRef<'_>, v6: bool, dual: bool) -> io::Result<()> {
    Queue::ask(socket, v6, dual)
}
