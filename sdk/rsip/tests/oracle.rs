//! rsip as a second opinion: where both parsers accept a message, both must say the same of it.
//!
//! Messages are the torture corpora and one of our own, whole and with bytes changed.

// Clippy does not see that these are tests.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use rsip::headers::UntypedHeader;
use rsip::message::HeadersExt;
use sip_message::{Limits, Message, parse_datagram};
use std::path::PathBuf;

const OWN: &[u8] = b"INVITE sip:bob@b.example:5070;transport=tcp SIP/2.0\r\n\
    Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: \"Alice\" <sip:alice@a.example>;tag=1\r\nTo: <sip:bob@b.example>\r\n\
    Call-ID: 1@a.example\r\nCSeq: 4711 INVITE\r\nContact: <sip:alice@192.0.2.1>\r\n\
    Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";

fn corpus() -> Vec<Bytes> {
    let root = std::env::var_os("OFFHOOK_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let mut all = vec![Bytes::from_static(OWN)];
    for folder in ["rfc4475", "rfc5118"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
            eprintln!(
                "SKIPPED: no vectors at {}; set OFFHOOK_VECTORS",
                root.display()
            );
            continue;
        };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let messages = |path: &PathBuf| {
            path.extension()
                .is_some_and(|ending| ending == "dat" || ending == "sip")
        };
        paths.retain(messages);
        all.extend(
            paths
                .iter()
                .map(|path| Bytes::from(std::fs::read(path).unwrap())),
        );
    }
    all
}

/// What both are asked for.
#[derive(Debug, PartialEq)]
struct Said {
    start: String,
    call_id: String,
    cseq: String,
}

fn we_say(bytes: &Bytes) -> Option<Said> {
    let message = parse_datagram(bytes.clone(), &Limits::DEFAULT).ok()?;
    if message.defect().is_some() {
        return None;
    }
    let headers = message.headers();
    let cseq = headers.cseq().ok()?;
    Some(Said {
        start: match &message {
            Message::Request(request) => {
                request.uri().ok()?;
                format!("{} {}", request.method(), request.uri_text())
            }
            Message::Response(response) => response.status().to_string(),
        },
        call_id: headers.call_id().ok()?.to_string(),
        cseq: cseq.to_string(),
    })
}

fn rsip_says(bytes: &Bytes) -> Option<Said> {
    let message = rsip::SipMessage::try_from(&bytes[..]).ok()?;
    let cseq = message.cseq_header().ok()?;
    Some(Said {
        start: match &message {
            rsip::SipMessage::Request(request) => format!("{} {}", request.method, request.uri),
            rsip::SipMessage::Response(response) => response.status_code.code().to_string(),
        },
        call_id: message.call_id_header().ok()?.value().trim().to_owned(),
        cseq: format!("{} {}", cseq.seq().ok()?, cseq.method().ok()?),
    })
}

/// Where rsip is known to read something else than what stands there. Everything else counts.
fn is_rsips_fault(bytes: &Bytes, ours: &Said, theirs: &Said) -> bool {
    // It reads methods in any case, though RFC 3261 §7.1 says that case matters.
    let only_case = ours.start.eq_ignore_ascii_case(&theirs.start)
        && ours.cseq.eq_ignore_ascii_case(&theirs.cseq)
        && ours.call_id == theirs.call_id;
    // It joins no folded lines, and takes a line end without CR for part of the value.
    let line_ends = bytes.windows(3).any(|window| {
        window[1] == b'\n' && (window[0] != b'\r' || matches!(window[2], b' ' | b'\t'))
    });
    // Of a Request-URI it drops what it does not understand: passwords, odd parameters, headers.
    let uri_only = ours.call_id == theirs.call_id && ours.cseq == theirs.cseq;
    only_case || line_ends || (uri_only && !is_plain_uri(&ours.start))
}

/// `METHOD sip:user@host…` of letters, digits and dots only: rsip has no excuse.
fn is_plain_uri(start: &str) -> bool {
    start
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b" :@.;=".contains(&byte))
}

#[test]
fn where_both_accept_a_message_both_say_the_same() {
    let (mut both, mut excused, mut wrong) = (0_u32, 0_u32, Vec::new());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let rounds = if cfg!(debug_assertions) { 300 } else { 3000 };
    for message in corpus() {
        for round in 0..rounds {
            let mut bytes = message.to_vec();
            for _ in 0..round % 4 {
                let at = next(bytes.len());
                bytes[at] = match next(3) {
                    0 => bytes[next(message.len())],
                    1 => b"\r\n :;,<>\"=@%0a"[next(14)],
                    _ => bytes[at] ^ (1 << next(8)),
                };
            }
            let bytes = Bytes::from(bytes);
            let (Some(ours), Some(theirs)) = (we_say(&bytes), rsip_says(&bytes)) else {
                continue;
            };
            both += 1;
            if ours != theirs {
                match is_rsips_fault(&bytes, &ours, &theirs) {
                    true => excused += 1,
                    false => wrong.push((ours, theirs)),
                }
            }
        }
    }
    eprintln!("{both} accepted by both, {excused} of them with a known fault of rsip's");
    assert!(both > 1000, "the oracle must have had something to say");
    assert!(
        wrong.is_empty(),
        "{}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(12)]
    );
}

/// The figures of decision 0001: how much of the torture corpora rsip could serve for.
#[test]
fn rsip_alone_could_not_be_the_wire_parser() {
    let all = corpus();
    if all.len() == 1 {
        return;
    }
    let (mut sound, mut read_alike, mut unsound, mut let_pass) = (0, 0, 0, 0);
    for bytes in &all[1..] {
        match we_say(bytes) {
            Some(ours) => {
                sound += 1;
                read_alike += u32::from(rsip_says(bytes).is_some_and(|theirs| theirs == ours));
            }
            None => {
                unsound += 1;
                let_pass += u32::from(rsip_says(bytes).is_some());
            }
        }
    }
    eprintln!(
        "rsip reads {read_alike} of {sound} sound messages, and {let_pass} of {unsound} others"
    );
    assert!(read_alike < sound);
}
