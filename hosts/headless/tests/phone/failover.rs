//! RFC 3261 §18.4, RFC 3263 §4.3: what the network refuses goes to the next server at once.

use super::{ACCOUNT, PATIENCE, dial, run, settings, start};
use control::event::Filter;
use control::{Code, EventBody};
use engine::listener::Next;
use net::dns::{Resolver, Srv, Table};
use plugin_host::Catalogue;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A port where nobody listens: bound a moment ago, and closed.
fn closed(address: &str) -> SocketAddr {
    UdpSocket::bind(address).unwrap().local_addr().unwrap()
}

/// The first server's port is closed: the INVITE is at the second one within 200 ms, not after 32 s.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_port_fails_over_within_200_ms() {
    run(async {
        let second = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let ports = [
            closed("127.0.0.1:0").port(),
            second.local_addr().unwrap().port(),
        ];
        let mut catalogue = Catalogue::new("test", "1");
        catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
        catalogue.add_built_in(&audio_null::ENTRY).unwrap();
        let builder = phone::build(&settings(&ACCOUNT), catalogue).unwrap();
        let core = builder.resolver(names(ports)).start().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let begun = Instant::now();
        dial(&core, "sip:9@pbx.example");
        let mut invite = [0; 4_096];
        let heard = tokio::time::timeout(PATIENCE, second.recv(&mut invite)).await;
        let took = begun.elapsed();
        assert!(invite[..heard.unwrap().unwrap()].starts_with(b"INVITE"));
        assert!(took < Duration::from_millis(200), "{took:?}");
        core.stop("test").await;
    });
}

/// Two servers of pbx.example, on these ports of this machine, the first one preferred.
fn names(ports: [u16; 2]) -> Resolver {
    let mut table = Table::new().address("server.example", [127, 0, 0, 1].into());
    for (priority, port) in (1..).zip(ports) {
        let server = Srv {
            priority,
            weight: 0,
            port,
            target: "server.example".to_owned(),
        };
        table = table.srv("_sip._udp.pbx.example", server);
    }
    Resolver::Table(table)
}

/// With nowhere else to go, the call ends at once and says why.
#[cfg(target_os = "linux")]
#[test]
fn a_call_to_a_closed_port_ends_at_once_and_says_why() {
    run(async {
        for (listen, address) in [
            ("udp:127.0.0.1:0", "127.0.0.1:0"),
            ("udp:[::1]:0", "[::1]:0"),
        ] {
            let mut keys = ACCOUNT.to_vec();
            keys.push(("sip.listen", listen));
            let core = start(&keys).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let events = core.events(Filter::default());
            let begun = Instant::now();
            let called = closed(address);
            dial(&core, &format!("sip:9@{called}"));
            let ended = loop {
                match tokio::time::timeout(PATIENCE, events.next()).await.unwrap() {
                    Next::Event(sent) => {
                        if let EventBody::CallEnded(ended) = &sent.event.body {
                            break ended.clone();
                        }
                    }
                    Next::Lagged(..) => panic!("lagged"),
                }
            };
            assert!(
                begun.elapsed() < Duration::from_millis(500),
                "{:?}",
                begun.elapsed()
            );
            let error = ended.error.unwrap();
            assert_eq!(error.code, Code::SERVER_REFUSES_CONNECTION, "{error}");
            // The network's words; nobody said 503.
            let detail = error.detail.to_lowercase();
            assert!(detail.contains(&called.to_string()), "{detail}");
            assert!(detail.contains("refused"), "{detail}");
            core.stop("test").await;
        }
    });
}
