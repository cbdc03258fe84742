//! Local addresses, and which of them reaches a target.

use crate::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// One address of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface {
    /// The system's name for it: `eth0`, `wlan0`, `lo`.
    pub name: String,
    /// Its address.
    pub ip: IpAddr,
    /// Whether it only reaches this machine.
    pub is_loopback: bool,
    /// Whether it only reaches its own link (169.254.0.0/16, fe80::/10).
    pub is_link_local: bool,
}

/// All addresses of this machine, in a fixed order. Two calls differ when the network changed.
pub fn interfaces() -> Result<Vec<Interface>, Error> {
    let found = if_addrs::get_if_addrs().map_err(Error::system("list interfaces"))?;
    let mut all: Vec<_> = found
        .into_iter()
        .map(|one| Interface {
            is_loopback: one.is_loopback(),
            is_link_local: one.is_link_local(),
            ip: one.ip(),
            name: one.name,
        })
        .collect();
    all.sort_unstable();
    Ok(all)
}

/// The local address from which packets to `target` leave. Sends nothing.
///
/// The system chooses a route when a datagram socket is connected, and tells the address it took.
pub fn local_address_for(target: SocketAddr) -> Result<IpAddr, Error> {
    let any: IpAddr = if target.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    // Port 0 is no target for some systems; no packet is sent to this one either.
    let probe = SocketAddr::new(target.ip(), target.port().max(1));
    let route = UdpSocket::bind((any, 0))
        .and_then(|socket| socket.connect(probe).map(|()| socket))
        .and_then(|socket| socket.local_addr());
    match route {
        Ok(local) => Ok(local.ip()),
        Err(source) => Err(Error::Unreachable { target, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_reaches_itself_over_both_versions() {
        for text in ["127.0.0.1:5060", "[::1]:0"] {
            let target: SocketAddr = text.parse().unwrap();
            assert_eq!(local_address_for(target).unwrap(), target.ip());
        }
    }

    #[test]
    fn loopback_is_listed() {
        let all = interfaces().unwrap();
        let lo = all
            .iter()
            .find(|one| one.ip == Ipv4Addr::LOCALHOST)
            .unwrap();
        assert!(lo.is_loopback && !lo.is_link_local);
    }
}
