//! The sockets as the engine sees them.

use base::Duration;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};
use std::net::UdpSocket;

/// A socket that the engine was given. Range: 0 to the net's capacity less one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow(pub u32);

/// Takes a datagram that has arrived, and may change it in place: on which flow it came, from where, and
/// how long before the sweep; zero where nobody knows.
pub type Taker<'t> = dyn FnMut(Flow, SocketAddr, Duration, &mut [u8]) + 't;

/// Sockets: real ones in a host, made-up ones in the simulation. Nothing here waits or allocates.
pub trait MediaNet {
    /// What control opens and hands over.
    type Socket;

    /// Takes a socket over; closes it if there is no room.
    fn add(&mut self, socket: Self::Socket) -> Option<Flow>;

    /// Gives a socket back.
    fn remove(&mut self, flow: Flow) -> Option<Self::Socket>;

    /// Hands every datagram that has arrived to `each`.
    fn sweep(&mut self, each: &mut Taker<'_>);

    /// Sends a datagram, now or with the next [`flush`](Self::flush). One that cannot be sent is lost.
    fn send(&mut self, flow: Flow, to: SocketAddr, datagram: &[u8]);

    /// Sends what is in line.
    fn flush(&mut self);
}

impl MediaNet for net::MediaSockets {
    type Socket = UdpSocket;

    fn add(&mut self, socket: UdpSocket) -> Option<Flow> {
        Self::add(self, socket).ok().map(|slot| Flow(slot.0))
    }

    fn remove(&mut self, flow: Flow) -> Option<UdpSocket> {
        Self::remove(self, net::Slot(flow.0))
    }

    fn sweep(&mut self, each: &mut Taker<'_>) {
        // The only failure is of the readiness question itself; the next tick asks again.
        let _ = Self::sweep(self, |slot, from, waited, bytes| {
            each(Flow(slot.0), from, waited, bytes);
        });
    }

    fn send(&mut self, flow: Flow, to: SocketAddr, datagram: &[u8]) {
        // A datagram for a socket that is gone is counted by nobody, because nobody misses it.
        let _ = self.queue(net::Slot(flow.0), to, datagram);
    }

    fn flush(&mut self) {
        Self::flush(self);
    }
}
