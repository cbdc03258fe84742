//! RFC 4475 and RFC 5118, message by message, on datagrams and streams.
//!
//! Where the RFC leaves a choice, the tables say which one is ours; a table in the vectors' folder
//! says which choices there are.

mod support;

use bytes::Bytes;
use sip_message::*;
use support::*;

/// What we do with each message of RFC 4475 in a datagram.
const RFC_4475: &[(&str, &str)] = &[
    ("wsinv", "ok"),
    ("intmeth", "501"),
    ("esc01", "ok"),
    ("escnull", "405"),
    ("esc02", "501"),
    ("lwsdisp", "ok"),
    ("longreq", "ok"),
    ("dblreq", "405"),
    ("semiuri", "ok"),
    ("transports", "ok"),
    // A part of an unknown kind, which must be understood (RFC 5621 §8.1).
    ("mpart01", "415"),
    ("unreason", "ok"),
    ("noreason", "ok"),
    ("badinv01", "400"),
    ("clerr", "400"),
    ("ncl", "400"),
    ("scalar02", "400"),
    ("scalarlg", "drop"),
    ("quotbal", "400"),
    ("ltgtruri", "400"),
    ("lwsruri", "400"),
    ("lwsstart", "400"),
    ("trws", "ok"),
    ("escruri", "400"),
    ("baddate", "ok"),
    ("regbadct", "400"),
    ("badaspec", "400"),
    ("baddn", "400"),
    ("badvers", "505"),
    ("mismatch01", "400"),
    ("mismatch02", "501"),
    ("bigcode", "drop"),
    ("badbranch", "400"),
    ("insuf", "400"),
    ("unkscm", "416"),
    ("novelsc", "416"),
    ("unksm2", "405"),
    ("bext01", "420"),
    ("invut", "415"),
    ("regaut01", "405"),
    ("multi01", "400"),
    ("mcl01", "400"),
    ("bcast", "drop"),
    ("zeromf", "ok"),
    ("cparam01", "405"),
    ("cparam02", "405"),
    ("regescrt", "405"),
    ("sdp01", "406"),
    ("inv2543", "ok"),
    ("test", "drop"),
];

/// What we do with each message of RFC 5118.
const RFC_5118: &[(&str, &str)] = &[
    ("ipv6-good", "405"),
    ("ipv6-bad", "400"),
    ("port-ambiguous", "405"),
    ("port-unambiguous", "405"),
    ("via-received-param-with-delim", "ok"),
    ("via-received-param-no-delim", "ok"),
    ("ipv6-in-sdp", "ok"),
    ("mult-ip-in-header", "ok"),
    ("mult-ip-in-sdp", "ok"),
    ("ipv4-mapped-ipv6", "ok"),
    ("ipv6-bug-abnf-3-colons", "ok"),
    ("ipv6-correct-abnf-2-colons", "ok"),
];

/// What differs on a stream, where Content-Length alone says where a message ends: the verdicts in
/// order, then whether the stream waits for more or is lost.
const ON_A_STREAM: &[(&str, &[&str], After)] = &[
    // The body announced never comes.
    ("clerr", &[], After::Waits),
    // Nobody can say where the next message begins.
    ("ncl", &["400"], After::Lost),
    ("mcl01", &["400"], After::Lost),
    ("inv2543", &["400"], After::Lost),
    ("wsinv", &["ok"], After::Goes),
    // What follows the first message is a second one, which is longer than it says.
    ("dblreq", &["405", "ok"], After::Lost),
    // Ends without the empty line.
    ("baddn", &[], After::Waits),
    // Nobody could be answered, so there is nobody to keep talking to.
    ("bigcode", &[], After::Lost),
    ("test", &[], After::Lost),
];

/// How a stream stands after a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Between two messages.
    Goes,
    /// In the middle of one.
    Waits,
    /// To be closed.
    Lost,
}

fn ours(id: &str) -> &'static str {
    let mut table = RFC_4475.iter().chain(RFC_5118);
    table
        .find(|row| row.0 == id)
        .unwrap_or_else(|| panic!("{id} is in no table"))
        .1
}

/// Whether `verdict` is among what the RFC allows, as its table words it. The parser's `ok` covers
/// whatever is decided later: by the call (200, 404, 481, "normal INVITE handling"), by the
/// transactions ("no matching transaction").
fn is_allowed(verdict: &str, expected: &str) -> bool {
    match verdict {
        "ok" => ["200", "404", "481", "normal", "no matching transaction"]
            .iter()
            .any(|later| expected.contains(later)),
        "drop" => expected.contains("discard") || expected.contains("drop"),
        code => expected.contains(code),
    }
}

#[test]
fn every_message_of_rfc_4475_gets_a_verdict_the_rfc_allows() {
    let vectors = vectors("rfc4475", "dat");
    assert!(vectors.is_empty() || vectors.len() == RFC_4475.len());
    check_datagrams(&vectors);
}

#[test]
fn every_message_of_rfc_5118_gets_a_verdict_the_rfc_allows() {
    let vectors = vectors("rfc5118", "sip");
    assert!(vectors.is_empty() || vectors.len() == RFC_5118.len());
    check_datagrams(&vectors);
}

fn check_datagrams(vectors: &[Vector]) {
    for vector in vectors {
        let id = &vector.id;
        let found = datagram_verdict(&vector.bytes);
        assert_eq!(
            found,
            ours(id),
            "{id}: {:?}",
            parse(&vector.bytes).map(|m| m.defect())
        );
        assert!(
            is_allowed(&found, &vector.expected),
            "{id}: {found} / {}",
            vector.expected
        );
    }
}

/// What a message that was read looks like after it was written: the same, and from then on
/// byte for byte.
#[test]
fn written_and_read_again_every_message_is_the_same() {
    for vector in all_vectors() {
        let Ok(first) = parse(&vector.bytes) else {
            continue;
        };
        // What is refused as unreadable is never written again, and 505 would become our version.
        if ["400", "505", "drop"].contains(&ours(&vector.id)) {
            continue;
        }
        let written = rewrite(&first);
        let second = parse(written.bytes()).unwrap();
        assert_eq!(verdict(&second), verdict(&first), "{}", vector.id);
        assert_eq!(second.body(), first.body(), "{}", vector.id);
        assert_eq!(lines(&second), lines(&first), "{}", vector.id);
        assert_eq!(rewrite(&second).bytes(), written.bytes(), "{}", vector.id);
    }
}

fn rewrite(message: &Message) -> Message {
    match message {
        Message::Request(request) => request.edit().build().into(),
        Message::Response(response) => response.edit().build().into(),
    }
}

fn lines(message: &Message) -> Vec<(String, Vec<u8>)> {
    message
        .headers()
        .iter()
        .filter(|header| header.name != HeaderName::ContentLength)
        .map(|header| (header.written.to_owned(), header.value.to_vec()))
        .collect()
}

/// What a stream makes of `pieces`.
fn on_a_stream<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, After) {
    let mut stream = Stream::new(Limits::DEFAULT, End::Accepted);
    let mut verdicts = Vec::new();
    let mut lost = false;
    for piece in pieces {
        stream.push(piece);
        loop {
            match stream.next() {
                Ok(Some(Frame::Message(message))) => verdicts.push(verdict(&message)),
                Ok(Some(Frame::Ping | Frame::Pong)) => {}
                Ok(None) => break,
                Err(_) => {
                    lost = true;
                    break;
                }
            }
        }
    }
    let after = match (lost, stream.waiting()) {
        (true, _) => After::Lost,
        // A line end that may become a ping, or stands between two messages.
        (false, 0..=2) => After::Goes,
        (false, _) => After::Waits,
    };
    (verdicts, after)
}

fn expected_on_a_stream(id: &str) -> (Vec<String>, After) {
    let special = ON_A_STREAM.iter().find(|row| row.0 == id);
    let (verdicts, after) = match special {
        Some((_, verdicts, after)) => (verdicts.to_vec(), *after),
        None => (vec![ours(id)], After::Goes),
    };
    (verdicts.into_iter().map(str::to_owned).collect(), after)
}

#[test]
fn a_stream_gives_the_same_verdicts_in_one_piece() {
    for vector in all_vectors() {
        let found = on_a_stream([&vector.bytes[..]]);
        assert_eq!(found, expected_on_a_stream(&vector.id), "{}", vector.id);
    }
}

#[test]
fn a_stream_gives_the_same_verdicts_split_anywhere() {
    for vector in all_vectors() {
        let expected = expected_on_a_stream(&vector.id);
        for at in 0..=vector.bytes.len() {
            let (front, back) = vector.bytes.split_at(at);
            assert_eq!(
                on_a_stream([front, back]),
                expected,
                "{} at {at}",
                vector.id
            );
        }
        let single = vector.bytes.chunks(1);
        assert_eq!(on_a_stream(single), expected, "{} byte by byte", vector.id);
    }
}

#[test]
fn a_stream_gives_the_same_verdicts_back_to_back() {
    for vector in all_vectors() {
        let (verdicts, after) = expected_on_a_stream(&vector.id);
        if after != After::Goes {
            continue;
        }
        let twice = [&vector.bytes[..], &vector.bytes[..]].concat();
        let expected = ([verdicts.clone(), verdicts].concat(), After::Goes);
        assert_eq!(on_a_stream([&twice[..]]), expected, "{}", vector.id);
    }
}

/// Fields the RFCs single out.
#[test]
fn what_the_messages_say_is_understood() {
    let all = all_vectors();
    let headers = |id: &str| {
        let vector = all.iter().find(|vector| vector.id == id)?;
        Some(parse(&vector.bytes).unwrap().headers().clone())
    };
    let Some(wsinv) = headers("wsinv") else {
        return;
    };
    assert_eq!(wsinv.to().unwrap().tag(), Some("1918181833n"));
    assert_eq!(wsinv.from().unwrap().display().unwrap(), "J Rosenberg \\\"");
    assert_eq!(wsinv.cseq().unwrap().to_string(), "9 INVITE");
    assert_eq!(wsinv.max_forwards().unwrap(), Some(68));
    assert_eq!(wsinv.vias().unwrap().len(), 3);
    assert_eq!(wsinv.top_via().unwrap().unique_branch(), None);
    assert!(
        wsinv.routes().unwrap()[0]
            .uri()
            .sip()
            .unwrap()
            .is_loose_router()
    );
    let contacts = wsinv.contacts().unwrap();
    assert_eq!(contacts.first().unwrap().q(), Some(330));

    let contacts = headers("escnull").unwrap().contacts().unwrap();
    let [first, second] = contacts.list() else {
        panic!("two contacts")
    };
    assert!(!first.uri().equivalent(second.uri()));

    let contact = |id: &str| headers(id).unwrap().contacts().unwrap().list()[0].clone();
    assert_eq!(contact("cparam01").param("unknownparam"), Some(""));
    assert_eq!(contact("cparam02").param("unknownparam"), None);
    let uri = contact("cparam02").uri().sip().unwrap().clone();
    assert_eq!(uri.param("unknownparam"), Some(""));
    let uri = contact("regescrt").uri().sip().unwrap().clone();
    assert_eq!(uri.headers().count(), 1);
}

/// Request-URIs the RFCs single out.
#[test]
fn whom_the_messages_are_for_is_understood() {
    let expected = [
        ("semiuri", Some("user;par=u%40example.net"), None),
        ("port-ambiguous", None, None),
        ("port-unambiguous", None, Some(5070)),
    ];
    for vector in all_vectors() {
        let Some((_, user, port)) = expected.iter().find(|row| row.0 == vector.id) else {
            continue;
        };
        let Ok(Message::Request(request)) = parse(&vector.bytes) else {
            panic!("a request")
        };
        let uri = request.uri().unwrap();
        assert_eq!(uri.user(), *user);
        assert_eq!(uri.sip().unwrap().port(), *port);
    }
}

/// No prefix of any message makes anything panic.
#[test]
fn every_message_may_end_anywhere() {
    for vector in all_vectors() {
        for len in 0..vector.bytes.len() {
            survive(&vector.bytes.slice(..len));
        }
    }
}

/// No single flipped bit of any message makes anything panic. Debug builds try every 25th.
#[test]
fn every_bit_may_flip() {
    let step = if cfg!(debug_assertions) { 25 } else { 1 };
    for vector in all_vectors() {
        for bit in (0..vector.bytes.len() * 8).step_by(step) {
            let mut flipped = vector.bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            survive(&flipped.into());
        }
    }
}

fn survive(bytes: &Bytes) {
    if let Ok(message) = parse(bytes) {
        verdict(&message);
        touch(&message);
    }
}
