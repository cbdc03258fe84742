//! The torture corpora, and what a user agent says to a message.

// Each test file uses its own share of this; clippy does not see that it is a test.
#![allow(dead_code, clippy::unwrap_used)]

use bytes::Bytes;
use sip_message::*;
use std::path::PathBuf;

/// One message of RFC 4475 or RFC 5118.
pub(crate) struct Vector {
    pub(crate) id: String,
    /// What a user agent is expected to do, as EXPECT.tsv words it.
    pub(crate) expected: String,
    pub(crate) bytes: Bytes,
}

/// The messages in `folder`, by the table beside them; none, said loudly, where they are missing.
pub(crate) fn vectors(folder: &str, ending: &str) -> Vec<Vector> {
    let root = std::env::var_os("OFFHOOK_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let folder = root.join(folder);
    let Ok(table) = std::fs::read_to_string(folder.join("EXPECT.tsv")) else {
        eprintln!(
            "SKIPPED: no vectors at {}; set OFFHOOK_VECTORS",
            folder.display()
        );
        return Vec::new();
    };
    let mut lines = table
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let ua = names.iter().position(|&name| name == "ua").unwrap();
    lines
        .map(|cells| Vector {
            id: cells[0].to_owned(),
            expected: cells[ua].to_owned(),
            bytes: std::fs::read(folder.join(format!("{}.{ending}", cells[0])))
                .unwrap()
                .into(),
        })
        .collect()
}

/// Both corpora.
pub(crate) fn all_vectors() -> Vec<Vector> {
    let mut all = vectors("rfc4475", "dat");
    all.extend(vectors("rfc5118", "sip"));
    all
}

pub(crate) fn parse(bytes: &Bytes) -> Result<Message, Malformed> {
    parse_datagram(bytes.clone(), &Limits::DEFAULT)
}

/// What a user agent does with a message: `ok`, `drop`, or the status it refuses with.
pub(crate) fn verdict(message: &Message) -> String {
    match message {
        Message::Request(request) => match check_request(request, &Capabilities::default()) {
            Ok(()) => "ok".to_owned(),
            Err(refusal) => {
                // Whatever is refused can be answered, however little of it can be read.
                let answer = refusal.response(request).to_tag("t").build();
                let answer = parse(answer.bytes()).unwrap();
                assert_eq!(answer.defect(), None);
                refusal.status.to_string()
            }
        },
        Message::Response(response) => match check_response(response) {
            Ok(()) => "ok".to_owned(),
            Err(_) => "drop".to_owned(),
        },
    }
}

pub(crate) fn datagram_verdict(bytes: &Bytes) -> String {
    parse(bytes).map_or("drop".to_owned(), |message| verdict(&message))
}

/// Asks for everything that can be asked, so that nothing that panics stays hidden.
pub(crate) fn touch(message: &Message) {
    let headers = message.headers();
    for header in headers.iter() {
        assert!(!header.value.contains(&b'\n') && !header.value.contains(&b'\r'));
        let _ = std::hint::black_box(headers.values(header.name).count());
    }
    if let Ok(via) = headers.top_via() {
        let _ = std::hint::black_box((
            via.received(),
            via.rport(),
            via.unique_branch(),
            via.params().count(),
        ));
        let _ = std::hint::black_box(via.seen_from("192.0.2.1:5060".parse().unwrap()));
    }
    for address in [headers.from(), headers.to()].into_iter().flatten() {
        touch_address(&address);
    }
    if let Ok(contacts) = headers.contacts() {
        contacts.list().iter().for_each(touch_address);
    }
    let lists = [
        headers.routes(),
        headers.record_routes(),
        headers.asserted_identities(),
    ];
    lists
        .into_iter()
        .flatten()
        .flatten()
        .for_each(|address| touch_address(&address));
    touch_values(headers);
    let _ = std::hint::black_box(format!("{message:?}"));
    if let Message::Request(request) = message {
        if let Ok(uri) = request.uri() {
            assert!(!uri.scheme().is_empty());
            touch_uri(&uri);
        }
        let _ = std::hint::black_box(request.edit().build());
    }
}

fn touch_values(headers: &Headers) {
    let _ = std::hint::black_box((
        headers.vias(),
        headers.call_id(),
        headers.cseq(),
        headers.expires(),
    ));
    let _ = std::hint::black_box((
        headers.challenges(),
        headers.authorizations(),
        headers.event(),
    ));
    let _ = std::hint::black_box((
        headers.subscription_state(),
        headers.refer_to(),
        headers.replaces(),
    ));
    let _ = std::hint::black_box((headers.rseq(), headers.rack(), headers.session_expires()));
    let _ = std::hint::black_box((
        headers.min_se(),
        headers.retry_after(),
        headers.max_forwards(),
    ));
    let _ = std::hint::black_box((
        headers.answer_after(),
        headers.reasons(),
        headers.warnings(),
    ));
    let _ = std::hint::black_box((headers.content_type(), headers.target_dialog()));
}

fn touch_address(address: &NameAddr) {
    touch_uri(address.uri());
    let changed = address.with_tag("t");
    assert_eq!(changed.tag(), Some("t"));
    let _ = std::hint::black_box((
        address.display(),
        address.q(),
        address.expires(),
        address.params().count(),
    ));
}

fn touch_uri(uri: &Uri) {
    assert!(uri.equivalent(uri), "{uri} equals itself");
    if let Uri::Sip(uri) = uri {
        let _ = std::hint::black_box((
            uri.without_extras(),
            uri.with_param("x", "y"),
            uri.without_headers(),
        ));
        let _ = std::hint::black_box((uri.without_param("lr"), Replaces::in_uri(uri)));
    }
}
