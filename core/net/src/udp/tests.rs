use super::*;
use std::net::Ipv4Addr;
use std::time::Duration;

fn flow(address: &str) -> UdpFlow {
    let options = UdpOptions {
        tell_marking: true,
        ..UdpOptions::new(address.parse().unwrap())
    };
    UdpFlow::bind(FlowId(1), &options).unwrap()
}

async fn heard(flow: &mut UdpFlow, count: usize) -> Vec<Datagram> {
    let mut all = Vec::new();
    while all.len() < count {
        let read = flow.recv(&mut all);
        tokio::time::timeout(Duration::from_secs(2), read)
            .await
            .expect("datagrams within 2 s")
            .unwrap();
    }
    all
}

#[tokio::test]
async fn m_009_datagrams_travel_both_ways_over_both_versions() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (mut a, mut b) = (flow(address), flow(address));
        a.send(Bytes::from_static(b"there"), b.local_address(), None)
            .unwrap();
        let there = heard(&mut b, 1).await.remove(0);
        assert_eq!(there.source, a.local_address());
        assert_eq!(there.local, b.local_address());
        assert_eq!(&there.bytes[..], b"there");
        b.send(
            Bytes::from_static(b"back"),
            there.source,
            Some(there.local.ip()),
        )
        .unwrap();
        assert_eq!(&heard(&mut a, 1).await[0].bytes[..], b"back");
    }
}

#[tokio::test]
async fn m_027_signalling_arrives_marked_af31_over_both_versions() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (mut a, mut b) = (flow(address), flow(address));
        assert_eq!(a.marking(), Marking::Set(Dscp::AF31));
        a.send(Bytes::from_static(b"x"), b.local_address(), None)
            .unwrap();
        assert_eq!(heard(&mut b, 1).await[0].traffic_class, Some(0x68));
    }
}

#[tokio::test]
async fn a_dual_socket_serves_both_versions_marked() {
    let options = UdpOptions {
        dual: true,
        ..UdpOptions::new("[::]:0".parse().unwrap())
    };
    let mut dual = UdpFlow::bind(FlowId(1), &options).unwrap();
    let port = dual.local_address().port();
    for (bind, local) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")] {
        let ip: IpAddr = local.parse().unwrap();
        let mut peer = flow(bind);
        peer.send(Bytes::from_static(b"q"), SocketAddr::new(ip, port), None)
            .unwrap();
        let question = heard(&mut dual, 1).await.remove(0);
        assert_eq!(question.source, peer.local_address());
        assert_eq!(question.local, SocketAddr::new(ip, port));
        dual.send(Bytes::from_static(b"a"), question.source, Some(ip))
            .unwrap();
        let answer = heard(&mut peer, 1).await.remove(0);
        assert_eq!(answer.source, SocketAddr::new(ip, port));
        assert_eq!(answer.traffic_class, Some(0x68));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_answer_leaves_from_the_address_that_was_asked() {
    // All of 127.0.0.0/8 is local; without the source the system would choose 127.0.0.1.
    let mut server = flow("0.0.0.0:0");
    let asked = SocketAddr::new(
        Ipv4Addr::new(127, 0, 0, 9).into(),
        server.local_address().port(),
    );
    let mut client = flow("127.0.0.1:0");
    client.send(Bytes::from_static(b"q"), asked, None).unwrap();
    let question = heard(&mut server, 1).await.remove(0);
    assert_eq!(question.local, asked);
    let from = Some(question.local.ip());
    server
        .send(Bytes::from_static(b"a"), question.source, from)
        .unwrap();
    assert_eq!(heard(&mut client, 1).await[0].source, asked);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = flow("127.0.0.1:0");
    let address = first.local_address();
    let second = UdpFlow::bind(FlowId(2), &UdpOptions::new(address));
    let problem = second.err().unwrap();
    let text = format!("UDP port {} on 127.0.0.1 is in use", address.port());
    assert_eq!(problem.to_string(), text);
    assert_eq!(problem.blame(), crate::Blame::Host);
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    let options = UdpOptions::new("192.0.2.1:0".parse().unwrap());
    let problem = UdpFlow::bind(FlowId(1), &options).err().unwrap();
    assert_eq!(
        problem.to_string(),
        "192.0.2.1:0 is not an address of this machine"
    );
}

#[tokio::test]
async fn many_arrive_whole_and_in_order() {
    let (mut a, mut b) = (flow("127.0.0.1:0"), flow("127.0.0.1:0"));
    let payloads: Vec<Bytes> = (0..100_u8)
        .map(|n| Bytes::from(vec![n; 1 + usize::from(n) * 13]))
        .collect();
    for bytes in &payloads {
        a.queue(bytes.clone(), b.local_address(), None).unwrap();
    }
    assert!(a.flush().is_empty());
    let arrived: Vec<_> = heard(&mut b, 100)
        .await
        .into_iter()
        .map(|d| d.bytes)
        .collect();
    assert_eq!(arrived, payloads);
}

#[tokio::test]
async fn the_largest_datagram_fits() {
    let (mut a, mut b) = (flow("127.0.0.1:0"), flow("127.0.0.1:0"));
    let large = Bytes::from(vec![7; 65_507]);
    a.send(large.clone(), b.local_address(), None).unwrap();
    assert_eq!(heard(&mut b, 1).await[0].bytes, large);
    let longer = Bytes::from(vec![7; 65_508]);
    let problem = a.send(longer, b.local_address(), None).unwrap_err();
    assert!(matches!(problem, Error::Unreachable { .. }), "{problem}");
}

#[tokio::test]
async fn one_refused_datagram_does_not_hold_up_the_others() {
    let (mut a, mut b) = (flow("127.0.0.1:0"), flow("127.0.0.1:0"));
    let nowhere: SocketAddr = "[2001:db8::1]:9".parse().unwrap();
    a.queue(Bytes::from_static(b"1"), b.local_address(), None)
        .unwrap();
    a.queue(Bytes::from_static(b"2"), nowhere, None).unwrap();
    a.queue(Bytes::from_static(b"3"), b.local_address(), None)
        .unwrap();
    let failures = a.flush();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].to, nowhere);
    let arrived: Vec<_> = heard(&mut b, 2)
        .await
        .into_iter()
        .map(|d| d.bytes)
        .collect();
    assert_eq!(arrived, [&b"1"[..], b"3"]);
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let mut a = flow("127.0.0.1:0");
    let to = a.local_address();
    for _ in 0..QUEUE {
        a.queue(Bytes::from_static(b"x"), to, None).unwrap();
    }
    let full = a.queue(Bytes::from_static(b"x"), to, None).unwrap_err();
    assert_eq!(full.to_string(), "datagram queue is full (1024)");
}

#[tokio::test]
async fn what_a_full_buffer_left_goes_out_by_polling() {
    let mut a = flow("127.0.0.1:0");
    let mut b = flow("127.0.0.1:0");
    a.waits.writable().await.unwrap();
    // A flush that found the buffer full leaves exactly this behind.
    a.leaving.push(Waiting {
        to: b.local_address(),
        from: None,
        bytes: Bytes::from_static(b"late"),
    });
    let mut none = Vec::new();
    let idle = tokio::time::timeout(Duration::from_millis(20), a.recv(&mut none)).await;
    assert!(idle.is_err());
    assert_eq!(&heard(&mut b, 1).await[0].bytes[..], b"late");
}
