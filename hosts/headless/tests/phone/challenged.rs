//! RFC 3261 §22: who is told the password's proof, and what a call says that was not let through.

use super::{PATIENCE, dial, run, start};
use control::event::Filter;
use control::{Code, EventBody};
use engine::listener::Next;
use std::time::Duration;
use tokio::net::UdpSocket;

/// Calls a peer that asks for a password; gives the proof it got, if it got one, and how the call ended.
async fn asked(registrar: &str) -> (Option<String>, Option<control::ErrorObject>) {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let core = start(&[
        ("accounts.a.user", "1"),
        ("accounts.a.domain", "pbx.example"),
        ("accounts.a.register", "false"),
        ("accounts.a.password", "secret"),
        ("accounts.a.registrar", registrar),
    ])
    .await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let events = core.events(Filter(vec!["call.ended".into()]));
    dial(&core, &format!("sip:9@{}", peer.local_addr().unwrap()));
    let mut proof = None;
    // INVITE, ACK, and the INVITE again from whoever trusts the peer; else the call ends.
    for _ in 0..3 {
        let mut bytes = vec![0; 8_000];
        let heard = tokio::time::timeout(Duration::from_millis(500), peer.recv_from(&mut bytes));
        let Ok(Ok((size, from))) = heard.await else {
            break;
        };
        let request = String::from_utf8_lossy(&bytes[..size]).into_owned();
        let line = |name: &str| request.lines().find(|line| line.starts_with(name));
        proof = proof.or(line("Proxy-Authorization:").map(str::to_owned));
        if !request.starts_with("INVITE") {
            continue;
        }
        let (code, more) = match proof {
            None => (
                "407 Proxy Authentication Required",
                "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
            ),
            Some(_) => ("486 Busy Here", ""),
        };
        let copied = ["Via:", "From:", "Call-ID:", "CSeq:"].map(|name| line(name).unwrap());
        let to = line("To:").unwrap();
        let answer = format!(
            "SIP/2.0 {code}\r\n{}\r\n{to};tag=9\r\n{more}Content-Length: 0\r\n\r\n",
            copied.join("\r\n")
        );
        peer.send_to(answer.as_bytes(), from).await.unwrap();
    }
    let Next::Event(sent) = tokio::time::timeout(PATIENCE, events.next()).await.unwrap() else {
        panic!("lagged");
    };
    let EventBody::CallEnded(ended) = &sent.event.body else {
        panic!("{:?}", sent.event);
    };
    let error = ended.error.clone();
    core.stop("test").await;
    (proof, error)
}

/// The registrar's host is one of the account's own, also where it is called by its bare address.
#[test]
fn a_call_to_the_registrars_address_may_be_challenged() {
    run(async {
        let (proof, error) = asked("127.0.0.1").await;
        assert!(proof.is_some_and(|proof| proof.contains("username=\"1\"")));
        let detail = error.unwrap().detail;
        assert_eq!(detail, "the other side said 486 Busy Here");
    });
}

/// Whoever else asks gets nothing: a stranger could be after the password. The call says so.
#[test]
fn a_stranger_that_asks_for_the_password_gets_no_proof() {
    run(async {
        let (proof, error) = asked("127.0.0.2").await;
        assert_eq!(proof, None);
        let error = error.unwrap();
        assert_eq!(error.code, Code::WRONG_PASSWORD, "{error}");
        assert!(error.detail.contains("asks for a password"), "{error}");
    });
}
