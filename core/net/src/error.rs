//! What can go wrong between the engine and the network.

use crate::FlowId;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Transport of a socket that could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// Connections.
    Tcp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        })
    }
}

/// Anything that can go wrong while opening or using a socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program, or this one, already listens there.
    #[error("{protocol} port {} on {} is in use", .address.port(), .address.ip())]
    PortInUse {
        /// Of the socket.
        protocol: Protocol,
        /// What was asked for.
        address: SocketAddr,
    },
    /// The address is not one of this machine's.
    #[error("{address} is not an address of this machine")]
    NotOurs {
        /// What was asked for.
        address: SocketAddr,
    },
    /// Ports below 1024 need a right that this process lacks.
    #[error("{protocol} port {} needs a right that this process does not have", .address.port())]
    Forbidden {
        /// Of the socket.
        protocol: Protocol,
        /// What was asked for.
        address: SocketAddr,
    },
    /// A socket could not be opened for another reason.
    #[error("cannot open a {protocol} socket on {address}: {source}")]
    Open {
        /// Of the socket.
        protocol: Protocol,
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Every RTP port pair of the range is taken.
    #[error("no free RTP port pair on {ip} in {first}-{last}")]
    PortsExhausted {
        /// Local address of the pair.
        ip: IpAddr,
        /// First port of the range.
        first: u16,
        /// Last port of the range.
        last: u16,
    },
    /// A bounded table or queue is full.
    #[error("{what} is full ({max})")]
    Full {
        /// Table or queue.
        what: &'static str,
        /// Its bound.
        max: usize,
    },
    /// The flow is closed, or never was.
    #[error("flow {} is gone", .0.0)]
    Gone(FlowId),
    /// Nothing on this machine leads to the target.
    #[error("no way to {target}: {source}")]
    Unreachable {
        /// Where it should have gone.
        target: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A system call failed in a way that has no name of its own here.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The caller broke this crate's contract.
    #[error("misuse: {0}")]
    Misuse(&'static str),
}

/// Who has to act on an error. Decides log level, retry and what the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The other side, or the way to it.
    Peer,
    /// This machine lacks something.
    Host,
    /// Our own code, or an integrator's.
    Caller,
}

impl Error {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unreachable { .. } | Self::Gone(_) => Blame::Peer,
            Self::PortInUse { .. }
            | Self::NotOurs { .. }
            | Self::Forbidden { .. }
            | Self::Open { .. }
            | Self::PortsExhausted { .. }
            | Self::Full { .. }
            | Self::System { .. } => Blame::Host,
            Self::Misuse(_) => Blame::Caller,
        }
    }

    /// The error for a socket that the system would not open on `address`.
    pub(crate) fn opening(protocol: Protocol, address: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            return Self::PortInUse { protocol, address };
        }
        if source.kind() == io::ErrorKind::AddrNotAvailable {
            return Self::NotOurs { address };
        }
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Self::Forbidden { protocol, address };
        }
        Self::Open {
            protocol,
            address,
            source,
        }
    }

    /// For `map_err`: names what was being done.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
