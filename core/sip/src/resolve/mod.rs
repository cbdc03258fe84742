//! RFC 3263: from a URI to the addresses to try, in order.
//!
//! [`Lookup`] says what to ask a name server and orders the answers; [`Attempts`] walks the result
//! and remembers for a while which addresses did not answer. Neither asks anything itself.

mod attempts;
mod lookup;
mod order;
#[cfg(test)]
mod tests;
mod words;

pub use attempts::{AVOIDED_FOR, Attempts, Outages, PATIENCE};
pub use lookup::{LOOKUP_GIVE_UP, Lookup, MAX_RECORDS, MAX_TARGETS};
pub use words::{AddressState, Input, Output, QueryId, Reply, ServiceState, State};

use crate::flow::Transport;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use serde::{Deserialize, Serialize};
use sip_message::Uri;

/// Where a message is to go, before any name is resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Name or address of the next hop.
    pub host: Host,
    /// Port, if one is written.
    pub port: Option<u16>,
    /// Transport, if one is written.
    pub transport: Option<Transport>,
    /// Whether only TLS will do: `sips:`.
    pub secure: bool,
}

impl Destination {
    /// Where a request to `uri` goes; `None` for schemes that name no place, and for transports
    /// nobody here can open.
    ///
    /// Source: RFC 3263 §4: `maddr`, where there is one, stands for the host.
    pub fn of(uri: &Uri) -> Option<Self> {
        let uri = uri.sip()?;
        let host = match uri.param("maddr") {
            Some(maddr) => maddr.parse().ok()?,
            None => uri.host().clone(),
        };
        let transport = match uri.transport() {
            None => None,
            Some(sip_message::Transport::Udp) => Some(Transport::Udp),
            Some(sip_message::Transport::Tcp) => Some(Transport::Tcp),
            Some(sip_message::Transport::Tls) => Some(Transport::Tls),
            Some(sip_message::Transport::Ws) => Some(Transport::Ws),
            Some(sip_message::Transport::Wss) => Some(Transport::Wss),
            Some(sip_message::Transport::Other(_)) => return None,
        };
        Some(Self {
            host: match host.ip() {
                Some(address) => Host::Address(address),
                None => Host::Name(host.to_string()),
            },
            port: uri.port(),
            transport,
            secure: uri.is_secure(),
        })
    }

    /// The same by TLS alone, whatever its URI says.
    pub fn kept_secure(self) -> Self {
        Self {
            secure: true,
            ..self
        }
    }

    /// Whether nothing but TLS will do.
    pub fn is_secure(&self) -> bool {
        self.secure || self.transport.is_some_and(Transport::is_secure)
    }
}

/// Name or address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Host {
    /// To be asked for.
    Name(String),
    /// Known already.
    Address(IpAddr),
}

impl core::fmt::Display for Host {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// What the driver can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Means {
    /// Transports it can open, the preferred one first.
    pub transports: Vec<Transport>,
    /// Address families it can reach, the preferred one first.
    pub families: Vec<Family>,
}

impl Default for Means {
    /// UDP before TCP, IPv4 before IPv6.
    fn default() -> Self {
        Self {
            transports: vec![Transport::Udp, Transport::Tcp],
            families: vec![Family::V4, Family::V6],
        }
    }
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What to ask a name server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Services of a domain (RFC 3403).
    Naptr,
    /// Servers of a service (RFC 2782).
    Srv,
    /// IPv4 addresses of a name.
    A,
    /// IPv6 addresses of a name.
    Aaaa,
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// RFC 3403.
    Naptr {
        /// Lower first; a higher one is no alternative but a poorer rule.
        order: u16,
        /// Lower first, within one order.
        preference: u16,
        /// `s` here; others do not concern SIP.
        flags: String,
        /// `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`, …
        service: String,
        /// Name to ask SRV for.
        replacement: String,
    },
    /// RFC 2782.
    Srv {
        /// Lower first.
        priority: u16,
        /// Share among equal priorities.
        weight: u16,
        /// Port of the server.
        port: u16,
        /// Name of the server; `.` where the domain does not offer the service.
        target: String,
    },
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
}

/// Why a lookup gave no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoTarget {
    /// The name server knows no address for it.
    UnknownHost,
    /// The name server did not answer, or not usefully.
    NameServer,
    /// What it needs (a transport, TLS, an address family) is not at hand.
    NoMeans,
}
