//! Where bytes come from and go to.
//!
//! The driver owns sockets; a machine names them by number and address only.

use core::fmt;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};

/// How messages travel. Unlike `sip_message`'s type of the same name it lists only what a driver can
/// open, so it is plain data.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Transport {
    /// Datagrams; may lose, repeat and reorder.
    #[default]
    Udp,
    /// A stream.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket over TLS (RFC 7118).
    Wss,
}

impl Transport {
    /// Whether the transport itself repeats what is lost, so that transactions need not.
    ///
    /// Source: RFC 3261 §17.1.1.2, "reliable transport".
    pub const fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Tls | Self::Ws | Self::Wss => true,
        }
    }

    /// Whether everybody between the two hops is kept out.
    pub const fn is_secure(self) -> bool {
        match self {
            Self::Udp | Self::Tcp | Self::Ws => false,
            Self::Tls | Self::Wss => true,
        }
    }

    /// As the Via header spells it. Source: RFC 3261 §20.42, RFC 7118 §5.
    pub const fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// As the URI parameter `transport` spells it where the scheme is `sip:`. RFC 3261 §26.2.2 gave `tls` up, and all
    /// use it still; `sips:` says TLS by itself.
    pub const fn uri_name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws | Self::Wss => "ws",
        }
    }

    /// The port that is meant where none is written. Source: RFC 3261 §19.1.2, RFC 7118 §5.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        })
    }
}

/// A socket or connection, named by the driver; never used twice for another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowId(pub u64);

impl fmt::Debug for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "flow {}", self.0)
    }
}

/// Who has to be at a next hop, by a number of the driver's user: what is sent there is for nobody else.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PeerId(pub u64);

impl PeerId {
    /// Whoever answers: there is no proof without TLS.
    pub const ANYBODY: Self = Self(0);
}

/// A next hop, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// How to travel there.
    pub transport: Transport,
    /// Where it is.
    pub addr: SocketAddr,
    /// Who has to be there.
    #[serde(default)]
    pub peer: PeerId,
}

impl Target {
    /// A next hop at `addr`, whoever answers there.
    pub const fn new(transport: Transport, addr: SocketAddr) -> Self {
        Self {
            transport,
            addr,
            peer: PeerId::ANYBODY,
        }
    }

    /// The same for `peer` alone.
    pub const fn for_peer(self, peer: PeerId) -> Self {
        Self { peer, ..self }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.addr)
    }
}

/// Where a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Socket or connection that heard it.
    pub flow: FlowId,
    /// How it travelled.
    pub transport: Transport,
    /// Address it came from, as the packet says, not as its Via says.
    pub source: SocketAddr,
    /// Address it came to.
    pub local: SocketAddr,
}

impl Origin {
    /// The hop it came from, as somewhere to send to.
    pub const fn target(&self) -> Target {
        Target::new(self.transport, self.source)
    }
}
