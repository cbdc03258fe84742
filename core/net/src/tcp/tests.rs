use super::*;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn flows(settings: TcpSettings) -> TcpFlows {
    TcpFlows::new(FlowIds::new(), settings)
}

const V4: &str = "127.0.0.1:0";

async fn next(flows: &mut TcpFlows) -> TcpEvent {
    tokio::time::timeout(Duration::from_secs(3), flows.next())
        .await
        .expect("an event within 3 s")
}

async fn nothing(flows: &mut TcpFlows) {
    let event = tokio::time::timeout(Duration::from_millis(80), flows.next()).await;
    assert!(event.is_err(), "{event:?}");
}

async fn read(flows: &mut TcpFlows, wanted: FlowId, len: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < len {
        let event = next(flows).await;
        let TcpEvent::Bytes { flow, bytes } = event else {
            panic!("{event:?}")
        };
        assert_eq!(flow, wanted);
        all.extend_from_slice(&bytes);
    }
    all
}

/// Both ends connected: (client, its flow, server, its flow).
async fn pair(address: &str, settings: TcpSettings) -> (TcpFlows, FlowId, TcpFlows, FlowId) {
    let (mut client, mut server) = (flows(TcpSettings::default()), flows(settings));
    let local = server.listen(address.parse().unwrap()).unwrap();
    let out = client.connect(local).unwrap();
    let TcpEvent::Accepted {
        flow,
        source,
        local: at,
    } = next(&mut server).await
    else {
        panic!("accepted first")
    };
    assert_eq!(at, local);
    let connected = TcpEvent::Connected {
        flow: out,
        target: local,
        local: source,
        proved: None,
    };
    assert_eq!(next(&mut client).await, connected);
    (client, out, server, flow)
}

#[tokio::test]
async fn m_009_bytes_travel_both_ways_over_both_versions() {
    for address in [V4, "[::1]:0"] {
        let (mut client, out, mut server, inn) = pair(address, TcpSettings::default()).await;
        client.send(out, Bytes::from_static(b"OPTIONS ")).unwrap();
        client
            .send(out, Bytes::from_static(b"sip:x SIP/2.0"))
            .unwrap();
        assert_eq!(read(&mut server, inn, 21).await, b"OPTIONS sip:x SIP/2.0");
        let large = Bytes::from(vec![7; 300_000]);
        server.send(inn, large.clone()).unwrap();
        assert_eq!(read(&mut client, out, large.len()).await, large);
    }
}

#[tokio::test]
async fn bytes_sent_while_connecting_arrive() {
    let mut server = flows(TcpSettings::default());
    let local = server.listen(V4.parse().unwrap()).unwrap();
    let mut client = flows(TcpSettings::default());
    let out = client.connect(local).unwrap();
    client.send(out, Bytes::from_static(b"early")).unwrap();
    let TcpEvent::Accepted { flow, .. } = next(&mut server).await else {
        panic!("accepted first")
    };
    assert_eq!(read(&mut server, flow, 5).await, b"early");
}

#[tokio::test]
async fn a_target_has_one_connection_until_it_is_lost_and_then_another() {
    let (mut client, out, mut server, inn) = pair(V4, TcpSettings::default()).await;
    let target = client.peer(out).unwrap();
    assert_eq!(client.connect(target).unwrap(), out);
    assert_eq!(client.len(), 1);
    server.close(inn).unwrap();
    let lost = TcpEvent::Closed {
        flow: out,
        peer: target,
        why: Closed::ByPeer,
    };
    assert_eq!(next(&mut client).await, lost);
    assert!(matches!(client.send(out, Bytes::new()), Err(Error::Gone(gone)) if gone == out));
    assert!(matches!(
        next(&mut server).await,
        TcpEvent::Closed {
            why: Closed::ByUs,
            ..
        }
    ));
    let again = client.connect(target).unwrap();
    assert_ne!(again, out);
    client.send(again, Bytes::from_static(b"again")).unwrap();
    let TcpEvent::Accepted { flow, .. } = next(&mut server).await else {
        panic!("accepted again")
    };
    assert_eq!(read(&mut server, flow, 5).await, b"again");
}

#[tokio::test]
async fn closing_writes_what_was_sent_first() {
    let (mut client, out, mut server, inn) = pair(V4, TcpSettings::default()).await;
    client.send(out, Bytes::from(vec![1; 100_000])).unwrap();
    client.close(out).unwrap();
    assert_eq!(read(&mut server, inn, 100_000).await.len(), 100_000);
    assert!(matches!(
        next(&mut server).await,
        TcpEvent::Closed {
            why: Closed::ByPeer,
            ..
        }
    ));
    assert!(matches!(
        next(&mut client).await,
        TcpEvent::Closed {
            why: Closed::ByUs,
            ..
        }
    ));
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let unused = std::net::TcpListener::bind(V4).unwrap();
    let target = unused.local_addr().unwrap();
    drop(unused);
    let mut client = flows(TcpSettings::default());
    let flow = client.connect(target).unwrap();
    let why = Closed::NotConnected(io::ErrorKind::ConnectionRefused);
    assert_eq!(
        next(&mut client).await,
        TcpEvent::Closed {
            flow,
            peer: target,
            why
        }
    );
    assert!(client.is_empty());
}

#[tokio::test]
async fn a_silent_target_is_given_up() {
    // A full backlog: the system drops further connection attempts without an answer.
    let deaf = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    deaf.bind(&V4.parse::<SocketAddr>().unwrap().into())
        .unwrap();
    deaf.listen(0).unwrap();
    let target = deaf.local_addr().unwrap().as_socket().unwrap();
    let _filler = std::net::TcpStream::connect(target).unwrap();
    let connect = Duration::from_millis(100);
    let mut client = flows(TcpSettings {
        connect,
        ..TcpSettings::default()
    });
    let flow = client.connect(target).unwrap();
    let why = Closed::NoAnswer;
    assert_eq!(
        next(&mut client).await,
        TcpEvent::Closed {
            flow,
            peer: target,
            why
        }
    );
}

#[tokio::test]
async fn an_inbound_connection_without_complete_messages_is_closed() {
    let idle = Duration::from_millis(200);
    let settings = TcpSettings {
        idle,
        ..TcpSettings::default()
    };
    let (mut client, out, mut server, inn) = pair(V4, settings).await;
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.send(out, Bytes::from_static(b"whole")).unwrap();
        read(&mut server, inn, 5).await;
        server.message_complete(inn);
    }
    client.send(out, Bytes::from_static(b"\r\n\r\n")).unwrap();
    read(&mut server, inn, 4).await;
    let closed = next(&mut server).await;
    assert!(
        matches!(
            closed,
            TcpEvent::Closed {
                why: Closed::Idle,
                ..
            }
        ),
        "{closed:?}"
    );
    let lasted = begun.elapsed();
    assert!((480..900).contains(&lasted.as_millis()), "{lasted:?}");
    assert!(matches!(
        next(&mut client).await,
        TcpEvent::Closed {
            why: Closed::ByPeer,
            ..
        }
    ));
}

#[tokio::test]
async fn an_outbound_connection_is_kept() {
    let idle = Duration::from_millis(20);
    let mut client = flows(TcpSettings {
        idle,
        ..TcpSettings::default()
    });
    let server = std::net::TcpListener::bind(V4).unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    assert!(matches!(
        next(&mut client).await,
        TcpEvent::Connected { .. }
    ));
    nothing(&mut client).await;
}

#[tokio::test]
async fn caps_hold_for_a_source_and_for_all() {
    let settings = TcpSettings {
        max: 3,
        max_per_source: 2,
        ..TcpSettings::default()
    };
    let mut server = flows(settings);
    let local = server.listen(V4.parse().unwrap()).unwrap();
    let mut streams = Vec::new();
    for source in [
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.3",
    ] {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let from: SocketAddr = format!("{source}:0").parse().unwrap();
        socket.bind(&from.into()).unwrap();
        socket.connect(&local.into()).unwrap();
        streams.push(socket);
    }
    let mut sources = Vec::new();
    for _ in 0..3 {
        let TcpEvent::Accepted { source, .. } = next(&mut server).await else {
            panic!("accepted")
        };
        sources.push(source.ip().to_string());
    }
    nothing(&mut server).await;
    assert_eq!(sources, ["127.0.0.1", "127.0.0.1", "127.0.0.2"]);
    assert_eq!((server.len(), server.refused()), (3, 2));
    let full = server.connect("127.0.0.1:9".parse().unwrap()).unwrap_err();
    assert_eq!(full.to_string(), "table of connections is full (3)");
    drop(streams.remove(0));
    assert!(matches!(next(&mut server).await, TcpEvent::Closed { .. }));
    assert!(server.connect("127.0.0.1:9".parse().unwrap()).is_ok());
}

#[tokio::test]
async fn a_peer_that_does_not_read_fills_the_queue_and_no_more() {
    let server = std::net::TcpListener::bind(V4).unwrap();
    let mut client = flows(TcpSettings::default());
    let flow = client.connect(server.local_addr().unwrap()).unwrap();
    let piece = Bytes::from(vec![0; 65_536]);
    let mut refused = None;
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
        if let Err(refusal) = client.send(flow, piece.clone()) {
            refused = Some(refusal);
            break;
        }
    }
    let refusal = refused.expect("the system takes some megabytes, not hundreds");
    assert_eq!(refusal.to_string(), "connection's queue is full (256)");
}

#[tokio::test]
async fn a_reset_is_told() {
    let server = tokio::net::TcpListener::bind(V4).await.unwrap();
    let mut client = flows(TcpSettings::default());
    let flow = client.connect(server.local_addr().unwrap()).unwrap();
    let (mut stream, _) = server.accept().await.unwrap();
    assert!(matches!(
        next(&mut client).await,
        TcpEvent::Connected { .. }
    ));
    client
        .send(flow, Bytes::from_static(b"half a mess"))
        .unwrap();
    let mut half = [0; 11];
    stream.read_exact(&mut half).await.unwrap();
    stream.write_all(b"x").await.unwrap();
    assert_eq!(read(&mut client, flow, 1).await, b"x");
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
    let closed = next(&mut client).await;
    let why = Closed::Broken(io::ErrorKind::ConnectionReset);
    assert!(
        matches!(closed, TcpEvent::Closed { why: ref told, .. } if *told == why),
        "{closed:?}"
    );
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind(V4).unwrap();
    let address = taken.local_addr().unwrap();
    let problem = flows(TcpSettings::default()).listen(address).unwrap_err();
    let text = format!("TCP port {} on 127.0.0.1 is in use", address.port());
    assert_eq!(problem.to_string(), text);
}

#[tokio::test]
async fn m_027_connections_are_marked_and_watched_for_death() {
    let (client, _, server, _) = pair(V4, TcpSettings::default()).await;
    assert_eq!(client.marking(), Marking::Set(Dscp::AF31));
    assert_eq!(server.marking(), Marking::Set(Dscp::AF31));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    open::prepare(
        &SockRef::from(&socket),
        ([127, 0, 0, 1], 0).into(),
        &TcpSettings::default(),
    );
    assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
    #[cfg(target_os = "linux")]
    assert_eq!(
        socket.tcp_user_timeout().unwrap(),
        Some(Duration::from_secs(20))
    );
}

#[tokio::test]
async fn dropping_all_closes_all() {
    let (client, _, mut server, _) = pair(V4, TcpSettings::default()).await;
    drop(client);
    assert!(matches!(next(&mut server).await, TcpEvent::Closed { .. }));
}

/// M-027: connections are marked as datagrams are, whoever opened them; read back from the system.
#[tokio::test]
async fn m_027_connections_carry_the_marking_both_ways_over_both_versions() {
    for address in [V4, "[::1]:0"] {
        for wanted in [Dscp::AF31, Dscp::new(10).unwrap(), Dscp::DEFAULT] {
            let settings = TcpSettings {
                dscp: wanted,
                ..TcpSettings::default()
            };
            let listener = TcpListener::bind(address).await.unwrap();
            let target = listener.local_addr().unwrap();
            let (socket, marking) = open::outgoing(target, &settings).unwrap();
            assert_eq!(marking, Marking::Set(wanted));
            let connecting = connection::connect(socket, target, None, Duration::from_secs(3));
            let (ours, accepted) = tokio::join!(connecting, listener.accept());
            let Ok(connection::Stream::Plain(ours)) = ours else {
                panic!("connected, without TLS")
            };
            let (theirs, source) = accepted.unwrap();
            let marking = open::prepare(&SockRef::from(&theirs), source, &settings);
            assert_eq!(marking, Marking::Set(wanted));
            for end in [&ours, &theirs] {
                let socket = SockRef::from(end);
                let class = match target {
                    SocketAddr::V4(_) => socket.tos_v4(),
                    SocketAddr::V6(_) => socket.tclass_v6(),
                };
                let class = class.unwrap();
                // The system keeps the two lowest bits for congestion marks.
                assert_eq!(class & !3, u32::from(wanted.traffic_class()), "{address}");
            }
        }
    }
}
