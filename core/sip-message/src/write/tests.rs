use super::*;
use crate::{Limits, Message, parse_datagram};

fn invite() -> RequestBuilder {
    RequestBuilder::new(Method::Invite, "sip:bob@b.example")
        .header(
            HeaderName::Via,
            "SIP/2.0/UDP a.example;branch=z9hG4bK1;rport",
        )
        .header(HeaderName::From, "<sip:alice@a.example>;tag=1")
        .header(HeaderName::To, "<sip:bob@b.example>")
        .header(HeaderName::CallId, "1@a.example")
        .header(HeaderName::CSeq, "1 INVITE")
}

fn text(bytes: &Bytes) -> &str {
    core::str::from_utf8(bytes).unwrap()
}

#[test]
fn what_is_built_is_what_would_be_parsed() {
    let built = invite().body("application/sdp", "v=0\r\n").build();
    assert_eq!(
        text(built.bytes()),
        "INVITE sip:bob@b.example SIP/2.0\r\n\
         Via: SIP/2.0/UDP a.example;branch=z9hG4bK1;rport\r\n\
         From: <sip:alice@a.example>;tag=1\r\nTo: <sip:bob@b.example>\r\n\
         Call-ID: 1@a.example\r\nCSeq: 1 INVITE\r\n\
         Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    );
    let parsed = parse_datagram(built.bytes().clone(), &Limits::DEFAULT).unwrap();
    let Message::Request(parsed) = parsed else {
        panic!("a response")
    };
    assert_eq!(parsed.uri_text(), built.uri_text());
    assert_eq!(parsed.version(), built.version());
    assert_eq!(parsed.body(), built.body());
    let lines = |request: &Request| -> Vec<_> {
        let headers = request.headers().iter();
        headers
            .map(|header| (header.written.to_owned(), header.value.to_vec()))
            .collect()
    };
    assert_eq!(lines(&parsed), lines(&built));
}

#[test]
fn nothing_put_into_a_request_becomes_a_header() {
    let evil = "x\r\nEvil: 1\r\n\r\nbody";
    let built = RequestBuilder::new(Method::Options, format!("sip:{evil}"))
        .header(HeaderName::Subject, evil)
        .header("X-Mine", evil)
        .replace(HeaderName::Subject, evil)
        .prepend("X-First", evil)
        .build();
    assert_eq!(built.headers().count("Evil"), 0);
    let parsed = parse_datagram(built.bytes().clone(), &Limits::DEFAULT).unwrap();
    assert_eq!(parsed.headers().count("Evil"), 0);
    assert_eq!(parsed.headers().iter().count(), 4);
    assert!(parsed.body().is_empty());
    let response = ResponseBuilder::new(Status::OK).reason(evil).build();
    let parsed = parse_datagram(response.bytes().clone(), &Limits::DEFAULT).unwrap();
    assert_eq!(parsed.headers().count("Evil"), 0);
}

#[test]
fn edits_touch_only_what_they_name() {
    let edited = invite()
        .header("X-Keep", "as  it is")
        .build()
        .edit()
        .remove(HeaderName::Via)
        .prepend(HeaderName::Via, "SIP/2.0/TCP b.example;branch=z9hG4bK2")
        .replace(HeaderName::CSeq, "2 INVITE")
        .build();
    assert_eq!(edited.headers().first("x-keep"), Some(&b"as  it is"[..]));
    assert_eq!(edited.headers().cseq().unwrap().number, 2);
    assert_eq!(edited.headers().count(HeaderName::Via), 1);
    assert_eq!(edited.headers().count(HeaderName::ContentLength), 1);
}

#[test]
fn a_response_copies_what_rfc_3261_says() {
    let response = ResponseBuilder::to(&invite().build(), Status::RINGING)
        .to_tag("t")
        .to_tag("u")
        .build();
    assert_eq!(
        text(response.bytes()),
        "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1;rport\r\n\
         From: <sip:alice@a.example>;tag=1\r\nTo: <sip:bob@b.example>;tag=t\r\n\
         Call-ID: 1@a.example\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
}

#[test]
fn the_top_via_says_where_a_request_came_from() {
    let request = invite()
        .replace(
            HeaderName::Via,
            "SIP/2.0/UDP a.example;branch=z9hG4bK1;rport, SIP/2.0/UDP c.example",
        )
        .build();
    let seen = request.seen_from("192.0.2.7:4000".parse().unwrap());
    assert_eq!(
        seen.headers().first(HeaderName::Via).unwrap(),
        b"SIP/2.0/UDP a.example;branch=z9hG4bK1;received=192.0.2.7;rport=4000, \
          SIP/2.0/UDP c.example"
    );
}
