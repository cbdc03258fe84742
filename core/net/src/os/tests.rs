//! Both forms of the two traits, by the same tests.

use super::*;
use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};

fn socket(ip: IpAddr) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn batches<D: Datagrams>(ip: IpAddr) {
    let (a, b) = (socket(ip), socket(ip));
    let to = b.local_addr().unwrap();
    let payloads: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n; usize::from(n) * 30]).collect();
    let parcels: Vec<_> = payloads
        .iter()
        .map(|bytes| Parcel {
            to,
            from: None,
            bytes,
        })
        .collect();
    let mut sent = 0;
    while sent < parcels.len() {
        let taken = D::send(&a, &parcels[sent..]).unwrap();
        assert!((1..=BATCH).contains(&taken));
        sent += taken;
    }
    let mut heard = Vec::new();
    let mut buffer = vec![0; 1200 * 7];
    let mut arrivals = [Arrival::default(); 7];
    while heard.len() < payloads.len() {
        let count = D::recv(&b, &mut buffer, &mut arrivals).unwrap();
        for (arrival, chunk) in arrivals.iter().zip(buffer.chunks_exact(1200)).take(count) {
            assert_eq!(arrival.source, a.local_addr().unwrap());
            assert!(!arrival.truncated);
            heard.push(chunk[..arrival.len].to_vec());
        }
    }
    assert_eq!(heard, payloads);
    let nothing = D::recv(&b, &mut buffer, &mut arrivals).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn batches_keep_order_lengths_and_addresses() {
    for ip in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        #[cfg(target_os = "linux")]
        batches::<linux::Mmsg>(ip);
        batches::<portable::OneByOne>(ip);
    }
}

fn readiness<R: Readiness>(exact: bool) {
    let sockets: Vec<_> = (0..300)
        .map(|_| socket(Ipv4Addr::LOCALHOST.into()))
        .collect();
    let mut poller = R::new().unwrap();
    for (token, one) in sockets.iter().enumerate() {
        poller.add(one, token as u64).unwrap();
    }
    poller.remove(&sockets[7], 7).unwrap();
    for number in [3, 7, 299] {
        let to = sockets[number].local_addr().unwrap();
        sockets[0].send_to(b"x", to).unwrap();
    }
    let mut told = Vec::new();
    let mut tokens = [0; READY];
    loop {
        let count = poller.ready(&mut tokens).unwrap();
        told.extend_from_slice(&tokens[..count]);
        if count < READY {
            break;
        }
    }
    told.sort_unstable();
    assert!(told.contains(&3) && told.contains(&299) && !told.contains(&7));
    if exact {
        assert_eq!(told, [3, 299]);
    }
}

#[test]
fn ready_sockets_are_told_and_removed_ones_are_not() {
    #[cfg(target_os = "linux")]
    readiness::<linux::Epoll>(true);
    readiness::<portable::Sweep>(false);
}

#[cfg(target_os = "linux")]
#[test]
fn a_datagram_longer_than_its_chunk_is_marked() {
    let (a, b) = (
        socket(Ipv4Addr::LOCALHOST.into()),
        socket(Ipv4Addr::LOCALHOST.into()),
    );
    a.send_to(&[1; 100], b.local_addr().unwrap()).unwrap();
    let mut arrivals = [Arrival::default(); 1];
    linux::Mmsg::recv(&b, &mut [0; 64], &mut arrivals).unwrap();
    assert!(arrivals[0].truncated);
}

#[test]
fn wrapping_and_unwrapping_are_inverse() {
    let v4: SocketAddr = "192.0.2.1:5060".parse().unwrap();
    let v6: SocketAddr = "[2001:db8::1]:5060".parse().unwrap();
    assert_eq!(wrapped(v4).to_string(), "[::ffff:192.0.2.1]:5060");
    assert_eq!(plain(wrapped(v4)), v4);
    assert_eq!((plain(v6), wrapped(v6)), (v6, v6));
}

#[test]
fn open_files_are_raised_or_the_allowance_is_told() {
    #[cfg(target_os = "linux")]
    assert!(raise_open_files().is_none_or(|files| files >= 256));
}
