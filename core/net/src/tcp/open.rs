//! Opens and prepares sockets.

use super::TcpSettings;
use crate::{Marking, dscp};
use socket2::{Domain, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// Connections that wait to be accepted by us, at most; past it the system refuses.
const BACKLOG: i32 = 128;

/// A bound, listening, non-blocking socket.
pub(super) fn listener(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = socket(address)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restart must not wait for the last run's connections to be forgotten. On Windows the same
    // option would let two programs share the port.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A non-blocking socket for or towards `address`.
pub(super) fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A socket to connect to `target` with, and what the system did with its marking.
pub(super) fn outgoing(
    target: SocketAddr,
    settings: &TcpSettings,
) -> io::Result<(Socket, Marking)> {
    let socket = socket(target)?;
    let marking = prepare(&SockRef::from(&socket), target, settings);
    Ok((socket, marking))
}

/// Marks the socket, sends small pieces at once, and finds out when the peer is gone without a word.
/// `address` is either end's: it says which IP version it is.
///
/// A system that knows one of these options less still carries calls.
pub(super) fn prepare(
    socket: &SockRef<'_>,
    address: SocketAddr,
    settings: &TcpSettings,
) -> Marking {
    let _ = socket.set_tcp_nodelay(true);
    let probes = socket2::TcpKeepalive::new()
        .with_time(settings.dead_after)
        .with_interval(settings.dead_after / 4);
    let _ = socket.set_tcp_keepalive(&probes);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(settings.dead_after));
    dscp::mark_socket(socket, address, settings.dscp)
}
