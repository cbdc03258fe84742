#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Method, Request, RequestBuilder};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";

fn invite(content_type: &str, disposition: &str, body: &str) -> Request {
    let mut request = RequestBuilder::new(Method::Invite, "sip:b@b.example");
    if !disposition.is_empty() {
        request = request.header(HeaderName::ContentDisposition, disposition);
    }
    request.body(content_type, body.to_owned()).build()
}

fn read(request: &Request) -> Result<Option<Part>, Malformed> {
    Part::of(request.headers(), request.body())
}

fn knows(kind: &str) -> bool {
    kind == "application/sdp"
}

/// What becomes of a body: its description, or why it is refused.
fn verdict(content_type: &str, disposition: &str, body: &str) -> String {
    match read(&invite(content_type, disposition, body)) {
        Err(_) => "broken".to_owned(),
        Ok(None) => "none".to_owned(),
        Ok(Some(part)) => match part.unusable(&knows) {
            Some(why) => format!("{why:?}"),
            None => match part.session() {
                Some(found) => String::from_utf8_lossy(found).into_owned(),
                None => "no session".to_owned(),
            },
        },
    }
}

/// Parts between lines of `--b`.
fn mixed(parts: &[&str]) -> String {
    let mut body = String::from("a preamble\r\n");
    for part in parts {
        body.push_str(&format!("--b\r\n{part}\r\n"));
    }
    body + "--b--\r\nan epilogue"
}

const MIXED: &str = "multipart/mixed;boundary=b";
const ALTERNATIVE: &str = "Multipart/Alternative; charset=utf-8; boundary=\"b\"";

fn sdp() -> String {
    format!("Content-Type: application/sdp\r\n\r\n{SDP}")
}

#[test]
fn a_description_is_found_wherever_it_stands() {
    let sdp = sdp();
    let isup = "Content-Type: application/ISUP\r\n\
                Content-Disposition: signal;handling=optional\r\n\r\n\x01";
    let inner =
        format!("Content-Type: multipart/alternative;\r\n boundary=i\r\n\r\n--i\r\n{sdp}\r\n--i--");
    let last = sdp.replace("192.0.2.1", "192.0.2.2");
    for (content_type, body, found) in [
        ("application/sdp", SDP.to_owned(), SDP.to_owned()),
        (MIXED, mixed(&[&sdp, isup]), SDP.to_owned()),
        (MIXED, mixed(&[isup, &sdp]), SDP.to_owned()),
        (MIXED, mixed(&[isup, &inner]), SDP.to_owned()),
        ("multipart/x-new;boundary=b", mixed(&[&sdp]), SDP.to_owned()),
        (
            ALTERNATIVE,
            mixed(&[&sdp, &last]),
            SDP.replace("2.1", "2.2"),
        ),
        (
            ALTERNATIVE,
            mixed(&[&sdp, "c: text/x\r\n\r\nx"]),
            SDP.to_owned(),
        ),
    ] {
        assert_eq!(verdict(content_type, "", &body), found, "{body}");
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_said() {
    let sdp = sdp();
    let text = "Content-Type: text/x\r\n\r\nhello";
    let no_kind = "\r\nhello";
    let early = format!("Content-Disposition: early-session\r\n{sdp}");
    let zipped = format!("e: gzip\r\n{sdp}");
    let base64 = format!("Content-Transfer-Encoding: base64\r\n{sdp}");
    for (content_type, disposition, body, why) in [
        (MIXED, "", mixed(&[&sdp, text]), "Kind"),
        (MIXED, "", mixed(&[&sdp, no_kind]), "Kind"),
        (
            MIXED,
            "session;handling=required",
            mixed(&[text, &sdp]),
            "Kind",
        ),
        (MIXED, "", mixed(&[&early]), "Kind"),
        (MIXED, "", mixed(&[&zipped]), "Encoding"),
        (MIXED, "", mixed(&[&base64]), "Encoding"),
        (ALTERNATIVE, "", mixed(&[text, &zipped]), "Kind"),
        ("text/x", "", "hello".to_owned(), "Kind"),
        ("application/sdp", "render", SDP.to_owned(), "Kind"),
        (
            "text/x",
            "render;handling=optional",
            "hello".to_owned(),
            "no session",
        ),
        (
            MIXED,
            "session; handling = Optional",
            mixed(&[text]),
            "no session",
        ),
    ] {
        assert_eq!(verdict(content_type, disposition, &body), why, "{body}");
    }
}

#[test]
fn broken_multiparts_are_broken() {
    let sdp = sdp();
    let whole = mixed(&[&sdp]);
    for (content_type, body) in [
        ("multipart/mixed", whole.clone()),
        ("multipart/mixed;boundary=\"\"", whole.clone()),
        ("multipart/mixed;boundary=c", whole.clone()),
        ("multipart/mixed;boundary=\"b", whole.clone()),
        (MIXED, whole.replace("--b--", "")),
        (MIXED, whole.replace("--b--", "--b")),
        (MIXED, "--b--\r\n".to_owned()),
        (MIXED, mixed(&["Content-Type application/sdp\r\n\r\nv=0"])),
        (MIXED, mixed(&["Content-Type: application/sdp"])),
        (
            MIXED,
            mixed(&["c: text/plain\r\nContent-Type: text/x\r\n\r\nx"]),
        ),
        (
            MIXED,
            mixed(&["Content-Type: multipart/mixed;boundary=i\r\n\r\nx"]),
        ),
    ] {
        assert_eq!(
            verdict(content_type, "", &body),
            "broken",
            "{content_type} {body}"
        );
        let optional = "session;handling=optional";
        assert_eq!(verdict(content_type, optional, &body), "no session");
    }
}

#[test]
fn parts_and_depth_have_a_bound() {
    let sdp = sdp();
    let parts = |count: usize| mixed(&vec![sdp.as_str(); count]);
    assert_eq!(verdict(MIXED, "", &parts(MAX_PARTS)), SDP);
    assert_eq!(verdict(MIXED, "", &parts(MAX_PARTS + 1)), "broken");
    let nested = |depth: usize| {
        let mut inner = sdp.clone();
        for level in 1..depth {
            inner = format!(
                "c: multipart/mixed;boundary=i{level}\r\n\r\n--i{level}\r\n{inner}\r\n--i{level}--"
            );
        }
        mixed(&[&inner])
    };
    assert_eq!(verdict(MIXED, "", &nested(MAX_DEPTH)), SDP);
    assert_eq!(verdict(MIXED, "", &nested(MAX_DEPTH + 1)), "broken");
    let fields = "x: y\r\n".repeat(40);
    assert_eq!(verdict(MIXED, "", &mixed(&[&(fields + &sdp)])), "broken");
}

#[test]
fn every_truncation_and_every_damaged_byte_is_survived() {
    let whole = mixed(&[&sdp(), "c: text/x\r\n y\r\n\r\nx"]);
    for end in 0..whole.len() {
        verdict(MIXED, "", &whole[..end]);
        for byte in [0, b'-', b'\r', b'\n', b' '] {
            let mut bytes = whole.clone().into_bytes();
            bytes[end] = byte;
            let request = invite(MIXED, "", &String::from_utf8(bytes).unwrap());
            let _ = read(&request).map(|part| part.map(|p| p.unusable(&knows)));
        }
    }
}
