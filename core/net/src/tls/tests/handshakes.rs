//! Real handshakes: that the verdict reaches who asked, and whom a connection is shared with.

use super::{names, trust};
use crate::tcp::{Closed, TcpEvent, TcpSettings};
use crate::tls::{Client, Refusal, Trust, TrustOptions, trust as trusts};
use crate::{FlowIds, TcpFlows};
use bytes::Bytes;
use offhook_authority::{Ca, Purpose, Shown, Signed};
use rustls::server::{ResolvesServerCertUsingSni, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Kinds = Arc<Mutex<Vec<Option<HandshakeKind>>>>;

/// A server that says back what it hears, and how its handshakes were.
async fn echo(config: ServerConfig) -> (SocketAddr, Kinds) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let kinds = Kinds::default();
    let told = Arc::clone(&kinds);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, told) = (acceptor.clone(), Arc::clone(&told));
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                told.lock()
                    .unwrap()
                    .push(stream.get_ref().1.handshake_kind());
                let mut heard = [0; 64];
                while let Ok(count @ 1..) = stream.read(&mut heard).await {
                    if stream.write_all(&heard[..count]).await.is_err() {
                        return;
                    }
                    let _ = stream.flush().await;
                }
            });
        }
    });
    (address, kinds)
}

fn server(signed: &Signed) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(trusts::provider());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let chain = vec![signed.certificate.clone()];
    let config = builder
        .with_no_client_auth()
        .with_single_cert(chain, signed.key());
    config.expect("certificate and key belong together")
}

fn flows() -> TcpFlows {
    TcpFlows::new(FlowIds::new(), TcpSettings::default())
}

fn client(trust: &Trust, wanted: &[&str]) -> Arc<Client> {
    Arc::new(Client::new(&names(wanted), trust).expect("they are names"))
}

async fn next(flows: &mut TcpFlows) -> TcpEvent {
    let event = tokio::time::timeout(Duration::from_secs(5), flows.next());
    event.await.expect("an event within 5 s")
}

/// Says `text` there and hears it come back; who it was that proved what, or why not.
async fn says(
    flows: &mut TcpFlows,
    client: &Arc<Client>,
    address: SocketAddr,
) -> Result<Option<String>, Closed> {
    let flow = flows.connect_by(client, address).expect("there is room");
    flows
        .send(flow, Bytes::from_static(b"OPTIONS"))
        .expect("it waits");
    let mut who = None;
    loop {
        match next(flows).await {
            TcpEvent::Connected { proved, .. } => who = proved,
            TcpEvent::Bytes { bytes, .. } => {
                assert_eq!(bytes, "OPTIONS");
                return Ok(who);
            }
            TcpEvent::Closed { why, .. } => return Err(why),
            event @ TcpEvent::Accepted { .. } => panic!("{event:?}"),
        }
    }
}

/// M-010: whom we want to reach is reached, and is said to have proved it.
#[tokio::test]
async fn m_010_bytes_travel_to_who_proves_the_name() {
    let ca = Ca::new("travel");
    let (address, _) = echo(server(&ca.shows(&Shown::of("example.test")))).await;
    let client = client(&trust(&ca), &["127.0.0.1", "example.test"]);
    let who = says(&mut flows(), &client, address).await;
    assert_eq!(who, Ok(Some("example.test".to_owned())));
}

/// M-010: nothing is sent to who proves another name, and the reason is told whole.
#[tokio::test]
async fn m_010_nothing_is_sent_to_somebody_else() {
    let ca = Ca::new("else");
    let (address, kinds) = echo(server(&ca.shows(&Shown::of("other.test")))).await;
    let why = says(
        &mut flows(),
        &client(&trust(&ca), &["example.test"]),
        address,
    )
    .await;
    let Err(Closed::Refused(refusal @ Refusal::WrongName { .. })) = why else {
        panic!("{why:?}")
    };
    let text = "its certificate is of other.test, not of example.test";
    assert_eq!(refusal.to_string(), text);
    assert_eq!(*kinds.lock().unwrap(), [], "no handshake was finished");
}

/// M-010, CVE-2020-15260: two domains behind one address share no connection, though the certificate is good for one.
#[tokio::test]
async fn m_010_a_connection_is_not_shared_between_identities() {
    let ca = Ca::new("shared");
    let (address, _) = echo(server(&ca.shows(&Shown::of("one.test")))).await;
    let mut flows = flows();
    let trust = trust(&ca);
    let (one, again, two) = (
        client(&trust, &["one.test"]),
        client(&trust, &["one.test"]),
        client(&trust, &["two.test"]),
    );
    assert!(says(&mut flows, &one, address).await.is_ok());
    let other = says(&mut flows, &two, address).await;
    assert!(
        matches!(other, Err(Closed::Refused(Refusal::WrongName { .. }))),
        "{other:?}"
    );
    let first = flows.connect_by(&one, address).unwrap();
    assert_eq!(
        flows.connect_by(&one, address).unwrap(),
        first,
        "its own is reused"
    );
    assert_ne!(
        flows.connect_by(&again, address).unwrap(),
        first,
        "another account's is not"
    );
    assert_ne!(
        flows.connect(address).unwrap(),
        first,
        "plain TCP is something else"
    );
}

/// M-010: the same client resumes its session; another one begins anew, even where the server would let it.
#[tokio::test]
async fn m_010_sessions_are_resumed_with_whom_they_were_begun() {
    let ca = Ca::new("resumed");
    let (address, kinds) = echo(server(&ca.shows(&Shown::of("one.test")))).await;
    let (one, other) = (
        client(&trust(&ca), &["one.test"]),
        client(&trust(&ca), &["one.test"]),
    );
    for client in [&one, &one, &other] {
        says(&mut flows(), client, address)
            .await
            .expect("it is the right one");
    }
    let (full, resumed) = (Some(HandshakeKind::Full), Some(HandshakeKind::Resumed));
    assert_eq!(*kinds.lock().unwrap(), [full, resumed, full]);
}

/// M-010: the server learns whom we want to reach, and shows that one's certificate.
#[tokio::test]
async fn m_010_the_server_is_told_which_domain_is_meant() {
    let ca = Ca::new("meant");
    let mut by_name = ResolvesServerCertUsingSni::new();
    for name in ["one.test", "two.test"] {
        let signed = ca.shows(&Shown::of(name));
        let key = trusts::provider()
            .key_provider
            .load_private_key(signed.key());
        let shown = CertifiedKey::new(vec![signed.certificate.clone()], key.unwrap());
        by_name.add(name, shown).unwrap();
    }
    let builder = ServerConfig::builder_with_provider(trusts::provider());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(by_name));
    let (address, _) = echo(config).await;
    for name in ["one.test", "two.test"] {
        let who = says(&mut flows(), &client(&trust(&ca), &[name]), address).await;
        assert_eq!(who, Ok(Some(name.to_owned())));
    }
    let nobody = says(&mut flows(), &client(&trust(&ca), &["three.test"]), address).await;
    assert!(matches!(nobody, Err(Closed::Refused(_))), "{nobody:?}");
}

/// M-010: a server that asks gets our certificate; without one it is said that one is wanted.
#[tokio::test]
async fn m_010_our_certificate_is_shown_to_who_asks() {
    let (ca, stranger) = (Ca::new("ours"), Ca::new("not ours"));
    let mut roots = RootCertStore::empty();
    roots.add(ca.certificate()).unwrap();
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), trusts::provider());
    let verifier = builder.build().unwrap();
    let signed = ca.shows(&Shown::of("example.test"));
    let builder = ServerConfig::builder_with_provider(trusts::provider());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_client_cert_verifier(verifier);
    let config = builder.with_single_cert(vec![signed.certificate.clone()], signed.key());
    let (address, _) = echo(config.unwrap()).await;
    let phone = |by: &Ca| {
        let shown = Shown {
            purposes: vec![Purpose::ClientAuth],
            ..Shown::of("phone")
        };
        Trust::load(&TrustOptions {
            authorities: vec![ca.file.clone()],
            pins: vec![],
            own: Some(by.shows(&shown).files(by, "phone")),
        })
        .expect("certificate and key belong together")
    };
    let wanted = ["example.test"];
    let own = says(&mut flows(), &client(&phone(&ca), &wanted), address).await;
    assert!(own.is_ok(), "{own:?}");
    let none = says(&mut flows(), &client(&trust(&ca), &wanted), address).await;
    assert_eq!(none, Err(Closed::Refused(Refusal::WantsOurs)));
    let foreign = says(&mut flows(), &client(&phone(&stranger), &wanted), address).await;
    assert!(
        matches!(foreign, Err(Closed::Refused(Refusal::RefusesOurs(_)))),
        "{foreign:?}"
    );
}

/// M-010: what speaks no TLS is told apart from what is silent.
#[tokio::test]
async fn m_010_what_speaks_no_tls_is_told_so() {
    let ca = Ca::new("plain");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody");
        let _ = stream.write_all(b"SIP/2.0 400 Bad Request\r\n\r\n").await;
        let _silence = listener.accept().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    let client = client(&trust(&ca), &["example.test"]);
    let why = says(&mut flows(), &client, address).await;
    assert_eq!(why, Err(Closed::Refused(Refusal::NotTls)));
    let settings = TcpSettings {
        connect: Duration::from_millis(200),
        ..TcpSettings::default()
    };
    let mut impatient = TcpFlows::new(FlowIds::new(), settings);
    let why = says(&mut impatient, &client, address).await;
    assert_eq!(why, Err(Closed::NoAnswer));
}

/// More than one record each way, and an orderly end.
#[tokio::test]
async fn what_is_sent_before_closing_is_written_whole() {
    let ca = Ca::new("whole");
    let (address, _) = echo(server(&ca.shows(&Shown::of("example.test")))).await;
    let mut flows = flows();
    let client = client(&trust(&ca), &["example.test"]);
    let flow = flows.connect_by(&client, address).unwrap();
    let sent: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    flows.send(flow, Bytes::from(sent.clone())).unwrap();
    let mut heard = Vec::new();
    while heard.len() < sent.len() {
        match next(&mut flows).await {
            TcpEvent::Bytes { bytes, .. } => heard.extend_from_slice(&bytes),
            TcpEvent::Connected { .. } => {}
            event @ (TcpEvent::Accepted { .. } | TcpEvent::Closed { .. }) => panic!("{event:?}"),
        }
    }
    assert_eq!(heard, sent);
    flows.close(flow).unwrap();
    let closed = next(&mut flows).await;
    assert!(
        matches!(
            closed,
            TcpEvent::Closed {
                why: Closed::ByUs,
                ..
            }
        ),
        "{closed:?}"
    );
}
