//! What goes through both ways, and what is refused by name.

// Clippy does not see that these are tests.
#![allow(clippy::unwrap_used)]

use offhook_rsip::{Error, from_rsip, to_rsip};
use sip_message::{Limits, Message, Method, parse_datagram};

fn ours(start: &str, headers: &str, body: &[u8]) -> Message {
    let head = format!("{start}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let bytes = [head.as_bytes(), body].concat();
    parse_datagram(bytes.into(), &Limits::DEFAULT).unwrap()
}

const HEADERS: &str = "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\n\
    From: \"A\" <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\nCall-ID: 1@a\r\n\
    CSeq: 1 INVITE\r\nX-Own: kept; as=it is\r\nSession-Expires: 90\r\n\
    WWW-Authenticate: Digest realm=\"r\", qop=\"auth,auth-int\", algorithm=SHA-256\r\n\
    Content-Type: application/octet-stream\r\n";

/// Names in full and values, in order.
fn lines(message: &Message) -> Vec<(String, Vec<u8>)> {
    let headers = message.headers().iter();
    let line = |header: sip_message::Header<'_>| (header.name.to_string(), header.value.to_vec());
    let mut lines: Vec<_> = headers.map(line).collect();
    lines.sort();
    lines
}

#[test]
fn requests_and_responses_go_both_ways() {
    let body = b"\x00\xff binary";
    for start in [
        "INVITE sip:b@b.example:5070;transport=tcp SIP/2.0",
        "SIP/2.0 180 Ringing",
        "SIP/2.0 299 Something of our own",
    ] {
        let first = ours(start, HEADERS, body);
        let second = from_rsip(&to_rsip(&first).unwrap()).unwrap();
        assert_eq!(lines(&second), lines(&first), "{start}");
        assert_eq!(second.body(), first.body());
        match (&first, &second) {
            (Message::Request(first), Message::Request(second)) => {
                assert_eq!(second.method(), first.method());
                let (first, second) = (first.uri().unwrap(), second.uri().unwrap());
                assert!(second.equivalent(&first));
            }
            (Message::Response(first), Message::Response(second)) => {
                assert_eq!(second.status(), first.status());
            }
            _ => panic!("{start}: became the other kind"),
        }
    }
}

#[test]
fn what_rsip_cannot_hold_is_refused_by_name() {
    let refused = |start: &str, headers: &str| to_rsip(&ours(start, headers, b"")).unwrap_err();
    let own = Method::Other("NEWMETHOD".into());
    assert_eq!(refused("NEWMETHOD sip:a SIP/2.0", ""), Error::Method(own));
    for uri in ["sip:a@[2001:db8::1]", "tel:+12015550123", "urn:service:sos"] {
        let found = refused(&format!("INVITE {uri} SIP/2.0"), "");
        assert_eq!(found, Error::Uri(uri.to_owned()));
    }
    assert_eq!(refused("INVITE sip:a SIP/7.0", ""), Error::Version);
    assert!(matches!(
        refused("INVITE sip:a SIP/2.0", "no header\r\n"),
        Error::Malformed(_)
    ));
    let latin1 = b"INVITE sip:a SIP/2.0\r\nSubject: M\xfcller\r\n\r\n";
    let latin1 = parse_datagram(latin1.as_slice().into(), &Limits::DEFAULT).unwrap();
    let found = to_rsip(&latin1).unwrap_err();
    assert_eq!(found, Error::NotText("Subject".to_owned()));
}

#[test]
fn what_would_break_a_message_is_refused() {
    let mut theirs = rsip::Response {
        headers: rsip::Header::Other("X".into(), "a\r\nEvil: 1".into()).into(),
        ..rsip::Response::default()
    };
    let found = from_rsip(&theirs.clone().into()).unwrap_err();
    assert_eq!(found, Error::Header("X".to_owned()));
    theirs.headers = rsip::Header::Other("X Y".into(), "a".into()).into();
    assert!(matches!(
        from_rsip(&theirs.clone().into()),
        Err(Error::Header(_))
    ));
    theirs.headers = rsip::Headers::default();
    theirs.status_code = rsip::StatusCode::Other(777, "what".into());
    assert_eq!(from_rsip(&theirs.into()), Err(Error::Status(777)));
}
