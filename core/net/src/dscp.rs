//! Marking of packets for the network's queues.

use socket2::SockRef;
use std::net::SocketAddr;

/// A differentiated services code point. Range: 0 to 63. Source: RFC 2474 §3, values of RFC 4594.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dscp(u8);

impl Dscp {
    /// No preference; nothing is asked of the system.
    pub const DEFAULT: Self = Self(0);
    /// Voice: expedited forwarding. Source: RFC 4594 §4.1.
    pub const EF: Self = Self(46);
    /// Video. Source: RFC 4594 §4.3.
    pub const AF41: Self = Self(34);
    /// Signalling, as the requirements name it (RFC 4594 would say CS5).
    pub const AF31: Self = Self(26);

    /// `None` above 63.
    pub const fn new(value: u8) -> Option<Self> {
        if value < 64 { Some(Self(value)) } else { None }
    }

    /// The code point. Range: 0 to 63.
    pub const fn value(self) -> u8 {
        self.0
    }

    /// The byte as it stands in the IP header: the code point above two bits of congestion marks.
    pub const fn traffic_class(self) -> u8 {
        self.0 << 2
    }
}

/// What the system did with the wish for a marking.
///
/// A refusal is told, never fatal: an unmarked call is better than none (requirement M-028).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marking {
    /// Packets leave with this code point.
    Set(Dscp),
    /// The system would not; packets leave unmarked.
    Refused {
        /// What was asked for.
        wanted: Dscp,
        /// The system's error number, where it gave one.
        errno: Option<i32>,
    },
}

impl Marking {
    /// Whether the status shown to the person needs the flag "not marked".
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// Marks everything that leaves `socket`, bound to `local`.
///
/// A dual-stack socket is marked for both versions, because IPv4 packets of an IPv6 socket take
/// their mark from the IPv4 option.
pub fn mark<'s>(socket: impl Into<SockRef<'s>>, local: SocketAddr, wanted: Dscp) -> Marking {
    mark_socket(&socket.into(), local, wanted)
}

/// [`mark`], for who has the reference already.
pub(crate) fn mark_socket(socket: &SockRef<'_>, local: SocketAddr, wanted: Dscp) -> Marking {
    let class = u32::from(wanted.traffic_class());
    let done = if local.is_ipv4() {
        socket.set_tos_v4(class)
    } else {
        mark_v6(socket, class)
    };
    match done {
        Ok(()) => Marking::Set(wanted),
        Err(refusal) => Marking::Refused {
            wanted,
            errno: refusal.raw_os_error(),
        },
    }
}

fn mark_v6(socket: &SockRef<'_>, class: u32) -> std::io::Result<()> {
    crate::os::set_traffic_class_v6(socket, class)?;
    if socket.only_v6().unwrap_or(true) {
        return Ok(());
    }
    socket.set_tos_v4(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_byte_is_the_code_point_shifted() {
        assert_eq!(Dscp::EF.traffic_class(), 0xb8);
        assert_eq!(Dscp::AF41.traffic_class(), 0x88);
        assert_eq!(Dscp::AF31.traffic_class(), 0x68);
        assert_eq!(Dscp::new(64), None);
    }

    #[cfg(unix)]
    #[test]
    fn m_028_a_refusal_is_told_and_not_fatal() {
        // A Unix socket knows no IP options: the one refusal that needs no rights to provoke.
        let (socket, _peer) = std::os::unix::net::UnixDatagram::pair().unwrap();
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let marking = mark(&socket, local, Dscp::EF);
        assert!(marking.is_refused(), "{marking:?}");
        let Marking::Refused { wanted, errno } = marking else {
            unreachable!()
        };
        assert_eq!((wanted, errno.is_some()), (Dscp::EF, true));
    }
}
