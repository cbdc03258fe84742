//! The system's queue of errors of one socket, behind a small trait.

#[cfg(target_os = "linux")]
mod linux;

use super::Refusal;
use socket2::SockRef;
use std::io;

#[cfg(not(target_os = "linux"))]
pub(super) use Silent as Queue;
#[cfg(target_os = "linux")]
pub(super) use linux::Recverr as Queue;

/// Errors that the network reports about datagrams sent earlier.
pub(super) trait ErrorQueue {
    /// Asks that they be kept for [`take`](Self::take).
    fn ask(socket: &SockRef<'_>, v6: bool, dual: bool) -> io::Result<()>;

    /// Takes the oldest error out; `None` in it where it means no refusal. `WouldBlock` when there is
    /// none.
    fn take(socket: &tokio::net::UdpSocket) -> io::Result<Option<Refusal>>;
}

/// A system that keeps no errors: silence is all there is.
#[cfg(not(target_os = "linux"))]
pub(super) struct Silent;

#[cfg(not(target_os = "linux"))]
impl ErrorQueue for Silent {
    fn ask(_socket: &SockRef<'_>, _v6: bool, _dual: bool) -> io::Result<()> {
        Ok(())
    }

    fn take(_socket: &tokio::net::UdpSocket) -> io::Result<Option<Refusal>> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}
