//! RTP and RTCP socket pairs from the configured range.

use crate::error::Protocol;
use crate::{Dscp, Error, Marking, dscp};
use base::Rng;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Two bound, non-blocking, marked sockets: RTP on an even port, RTCP on the next one.
///
/// Source: RFC 3550 §11.
#[derive(Debug)]
pub struct RtpPair {
    /// For RTP.
    pub rtp: UdpSocket,
    /// For RTCP.
    pub rtcp: UdpSocket,
    /// Port of `rtp`; that of `rtcp` is one higher.
    pub port: u16,
    /// What the system did with the marking.
    pub marking: Marking,
}

/// Hands out port pairs.
///
/// Starts at a random pair, so that strangers cannot guess the port of the next call, and goes on
/// in order, so that a port rests as long as possible and late packets of an old call find nobody.
#[derive(Debug)]
pub struct RtpPorts {
    first: u16,
    pairs: u16,
    next: u16,
}

impl RtpPorts {
    /// Pairs within `first` to `last`, both included. An odd `first` is rounded up.
    pub fn new(first: u16, last: u16, rng: &mut Rng) -> Result<Self, Error> {
        let even = u32::from(first) + u32::from(first % 2);
        let ports = (u32::from(last) + 1).saturating_sub(even);
        let (Ok(first), pairs @ 1..) = (u16::try_from(even), (ports / 2) as u16) else {
            return Err(Error::Misuse("RTP port range holds no even/odd pair"));
        };
        if first == 0 {
            return Err(Error::Misuse("RTP port range starts at 0"));
        }
        let next = rng.below(u64::from(pairs)) as u16;
        Ok(Self { first, pairs, next })
    }

    /// Opens the next free pair on `ip`, marked `dscp`.
    ///
    /// [`Error::PortsExhausted`] after every pair of the range was tried; any other error at once.
    pub fn open(&mut self, ip: IpAddr, dscp: Dscp) -> Result<RtpPair, Error> {
        for _ in 0..self.pairs {
            let port = self.first + 2 * self.next;
            self.next = (self.next + 1) % self.pairs;
            let address = SocketAddr::new(ip, port);
            match open_pair(address) {
                Ok((rtp, rtcp)) => {
                    let marking = dscp::mark(&rtp, address, dscp);
                    dscp::mark(&rtcp, address, dscp);
                    return Ok(RtpPair {
                        rtp,
                        rtcp,
                        port,
                        marking,
                    });
                }
                Err(problem) if problem.kind() == io::ErrorKind::AddrInUse => {}
                Err(problem) => return Err(Error::opening(Protocol::Udp, address, problem)),
            }
        }
        Err(Error::PortsExhausted {
            ip,
            first: self.first,
            last: self.first + 2 * (self.pairs - 1) + 1,
        })
    }
}

fn open_pair(rtp: SocketAddr) -> io::Result<(UdpSocket, UdpSocket)> {
    let rtcp = SocketAddr::new(rtp.ip(), rtp.port() + 1);
    Ok((open(rtp)?, open(rtcp)?))
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    /// Loopback, away from where other programs open ports meanwhile.
    const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 3, 1));

    #[test]
    fn pairs_are_even_and_odd_in_range_and_differ() {
        let mut ports = RtpPorts::new(21_001, 21_010, &mut Rng::from_number(3)).unwrap();
        let open: Vec<_> = (0..4).map(|_| ports.open(V4, Dscp::EF).unwrap()).collect();
        let mut numbers: Vec<_> = open.iter().map(|pair| pair.port).collect();
        for pair in &open {
            assert_eq!(pair.rtcp.local_addr().unwrap().port(), pair.port + 1);
            assert_eq!(pair.marking, Marking::Set(Dscp::EF));
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [21_002, 21_004, 21_006, 21_008]);
        let full = ports.open(V4, Dscp::EF).unwrap_err();
        assert_eq!(
            full.to_string(),
            "no free RTP port pair on 127.77.3.1 in 21002-21009"
        );
        drop(open);
        ports.open(V4, Dscp::EF).unwrap();
    }

    #[test]
    fn a_taken_rtcp_port_skips_the_pair() {
        let _taken = UdpSocket::bind((V4, 21_103)).unwrap();
        let mut ports = RtpPorts::new(21_102, 21_105, &mut Rng::from_number(3)).unwrap();
        assert_eq!(ports.open(V4, Dscp::EF).unwrap().port, 21_104);
    }

    #[test]
    fn the_start_is_drawn_and_a_port_rests_before_it_comes_again() {
        let starts: std::collections::BTreeSet<_> = (0..8)
            .map(|seed| RtpPorts::new(22_000, 23_999, &mut Rng::from_number(seed)).unwrap())
            .map(|mut ports| ports.open(V4, Dscp::EF).unwrap().port)
            .collect();
        assert!(starts.len() > 5, "{starts:?}");
        let mut ports = RtpPorts::new(24_000, 24_199, &mut Rng::from_number(1)).unwrap();
        let used: std::collections::BTreeSet<_> = (0..90)
            .map(|_| ports.open(V4, Dscp::EF).unwrap().port)
            .collect();
        assert_eq!(used.len(), 90);
    }

    #[test]
    fn ranges_without_a_pair_are_refused() {
        let mut rng = Rng::from_number(1);
        for (first, last) in [
            (5000, 5000),
            (5001, 5002),
            (6000, 5000),
            (0, 1),
            (65_535, 65_535),
        ] {
            assert!(
                RtpPorts::new(first, last, &mut rng).is_err(),
                "{first}-{last}"
            );
        }
        assert!(RtpPorts::new(65_534, 65_535, &mut rng).is_ok());
    }

    #[test]
    fn ipv6_pairs_open_too() {
        let mut ports = RtpPorts::new(21_202, 21_205, &mut Rng::from_number(3)).unwrap();
        let pair = ports.open(Ipv6Addr::LOCALHOST.into(), Dscp::EF).unwrap();
        assert_eq!(pair.marking, Marking::Set(Dscp::EF));
    }
}
