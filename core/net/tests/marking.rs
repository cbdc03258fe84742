//! M-027: what leaves carries the marking that was asked for, as the receiver reads it.

use base::Rng;
use bytes::Bytes;
use offhook_net::udp::UdpOptions;
use offhook_net::{Dscp, FlowId, Marking, MediaSockets, RtpPorts, UdpFlow};
use std::net::IpAddr;
use std::time::Duration;

async fn heard(flow: &mut UdpFlow) -> Option<u8> {
    let mut all = Vec::new();
    let read = flow.recv(&mut all);
    let count = tokio::time::timeout(Duration::from_secs(2), read).await;
    assert_eq!(count.expect("a datagram within 2 s").expect("a read"), 1);
    all[0].traffic_class
}

fn receiver(ip: IpAddr) -> UdpFlow {
    let options = UdpOptions {
        tell_marking: true,
        ..UdpOptions::new((ip, 0).into())
    };
    UdpFlow::bind(FlowId(1), &options).expect("a free port")
}

#[tokio::test]
async fn m_027_voice_and_its_reports_arrive_marked_ef_over_both_versions() {
    for text in ["127.0.0.1", "::1"] {
        let ip: IpAddr = text.parse().unwrap();
        let mut receiver = receiver(ip);
        let to = receiver.local_address();
        let mut ports = RtpPorts::new(25_000, 25_099, &mut Rng::from_number(5)).unwrap();
        let pair = ports.open(ip, Dscp::EF).unwrap();
        assert_eq!(pair.marking, Marking::Set(Dscp::EF));
        let mut sockets = MediaSockets::new(2).unwrap();
        for socket in [pair.rtp, pair.rtcp] {
            let slot = sockets.add(socket).unwrap();
            sockets.queue(slot, to, &[0x80; 172]).unwrap();
            assert_eq!(sockets.flush(), 1);
            assert_eq!(heard(&mut receiver).await, Some(0xb8));
        }
    }
}

#[tokio::test]
async fn m_027_each_marking_is_a_setting() {
    for wanted in [
        Dscp::DEFAULT,
        Dscp::AF31,
        Dscp::AF41,
        Dscp::new(63).unwrap(),
    ] {
        let ip: IpAddr = "127.0.0.1".parse().unwrap();
        let mut receiver = receiver(ip);
        let options = UdpOptions {
            dscp: wanted,
            ..UdpOptions::new((ip, 0).into())
        };
        let mut sender = UdpFlow::bind(FlowId(2), &options).unwrap();
        let to = receiver.local_address();
        sender.send(Bytes::from_static(b"x"), to, None).unwrap();
        assert_eq!(heard(&mut receiver).await, Some(wanted.traffic_class()));
    }
}
