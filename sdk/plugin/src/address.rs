//! Addresses as the layout spells them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use plugin_abi::Address;

/// `None` when the family is neither 4 nor 6.
pub(crate) fn read(address: &Address) -> Option<SocketAddr> {
    match address.family {
        4 => {
            let [a, b, c, d, ..] = address.octets;
            let ip = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
            Some(SocketAddr::new(ip, address.port))
        }
        6 => {
            let ip = Ipv6Addr::from(address.octets);
            let whole = SocketAddrV6::new(ip, address.port, 0, address.scope);
            Some(SocketAddr::V6(whole))
        }
        _ => None,
    }
}

pub(crate) fn write(address: SocketAddr) -> Address {
    match address {
        SocketAddr::V4(v4) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&v4.ip().octets());
            Address {
                family: 4,
                port: v4.port(),
                scope: 0,
                octets,
            }
        }
        SocketAddr::V6(v6) => Address {
            family: 6,
            port: v6.port(),
            scope: v6.scope_id(),
            octets: v6.ip().octets(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_come_back_as_they_went() {
        for text in ["192.0.2.7:5004", "[2001:db8::7%3]:65535", "[::]:0"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(read(&write(address)), Some(address));
        }
        assert_eq!(read(&Address::default()), None);
    }
}
