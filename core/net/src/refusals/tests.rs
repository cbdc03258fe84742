//! Refusals, as the system tells them.
#![cfg(target_os = "linux")]

use crate::udp::UdpOptions;
use crate::{FlowId, UdpFlow};
use bytes::Bytes;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

fn flow(address: &str) -> UdpFlow {
    UdpFlow::bind(FlowId(1), &UdpOptions::new(address.parse().unwrap())).unwrap()
}

/// A port where nobody listens: bound a moment ago, and closed.
fn closed(address: &str) -> SocketAddr {
    UdpSocket::bind(address).unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_closed_port_is_told_with_its_address_over_both_versions() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let mut flow = flow(address);
        let refusals = flow.refusals().unwrap();
        let to = closed(address);
        flow.send(Bytes::from_static(b"x"), to, None).unwrap();
        let told = tokio::time::timeout(Duration::from_secs(2), refusals.next());
        let told = told.await.expect("told within 2 s").unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].to, to);
        assert_eq!(told[0].source.kind(), ErrorKind::ConnectionRefused);
    }
}

/// The system hands an old error to whatever is sent next; that datagram leaves all the same, and what
/// comes in is read.
#[tokio::test]
async fn a_refusal_costs_no_other_datagram() {
    let (mut a, mut b) = (flow("127.0.0.1:0"), flow("127.0.0.1:0"));
    let to = closed("127.0.0.1:0");
    let (mut there, mut back) = (0, 0);
    for _ in 0..20 {
        for _ in 0..3 {
            a.queue(Bytes::from_static(b"lost"), to, None).unwrap();
            a.queue(Bytes::from_static(b"there"), b.local_address(), None)
                .unwrap();
        }
        assert!(a.flush().is_empty());
        b.send(Bytes::from_static(b"back"), a.local_address(), None)
            .unwrap();
        let mut heard = Vec::new();
        while heard.len() < 3 {
            let read = b.recv(&mut heard);
            let read = tokio::time::timeout(Duration::from_secs(2), read);
            read.await.expect("datagrams within 2 s").unwrap();
        }
        there += heard.len();
        heard.clear();
        let read = tokio::time::timeout(Duration::from_secs(2), a.recv(&mut heard));
        read.await.expect("a datagram within 2 s").unwrap();
        back += heard.len();
    }
    assert_eq!((there, back), (60, 20));
    let refusals = a.refusals().unwrap();
    let told = tokio::time::timeout(Duration::from_secs(2), refusals.next());
    assert!(
        told.await
            .expect("told within 2 s")
            .unwrap()
            .iter()
            .all(|r| r.to == to)
    );
}
