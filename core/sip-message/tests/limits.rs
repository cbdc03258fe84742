//! Every cap at its value and one above, and time that grows with size only.

mod support;

use bytes::Bytes;
use sip_message::*;
use std::time::{Duration, Instant};
use support::*;

fn options(extra: &str) -> Bytes {
    format!(
        "OPTIONS sip:a.example SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\n\
         From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\nCall-ID: 1\r\n\
         CSeq: 1 OPTIONS\r\n{extra}\r\n"
    )
    .into()
}

/// The five headers and `Content-Length` free.
const OURS: usize = 5;

#[test]
fn number_of_headers() {
    let with = |count: usize| datagram_verdict(&options(&"X: y\r\n".repeat(count)));
    assert_eq!(with(Limits::DEFAULT.headers - OURS), "ok");
    assert_eq!(with(Limits::DEFAULT.headers - OURS + 1), "400");
}

#[test]
fn length_of_a_header_line() {
    let with = |len: usize| datagram_verdict(&options(&format!("X:{}\r\n", "y".repeat(len - 2))));
    assert_eq!(with(Limits::DEFAULT.line), "ok");
    assert_eq!(with(Limits::DEFAULT.line + 1), "400");
    let folded = |len: usize| format!("X:\r\n {}\r\n", "y".repeat(len - 5));
    assert_eq!(
        datagram_verdict(&options(&folded(Limits::DEFAULT.line))),
        "ok"
    );
    assert_eq!(
        datagram_verdict(&options(&folded(Limits::DEFAULT.line + 1))),
        "400"
    );
}

#[test]
fn size_of_a_datagram() {
    let head = options("").len();
    let with = |len: usize| {
        let mut bytes = options("").to_vec();
        bytes.resize(bytes.len() + len - head, b'x');
        parse(&bytes.into())
    };
    assert!(with(Limits::DEFAULT.datagram).is_ok());
    assert!(with(Limits::DEFAULT.datagram + 1).is_err());
}

#[test]
fn lists_of_hops() {
    let vias = |count: usize| options(&"Via: SIP/2.0/UDP a\r\n".repeat(count - 1));
    assert_eq!(datagram_verdict(&vias(MAX_VIAS)), "ok");
    assert_eq!(datagram_verdict(&vias(MAX_VIAS + 1)), "400");
    for name in ["Route", "Record-Route"] {
        let routes = |count: usize| {
            let list = vec!["<sip:a;lr>"; count].join(",");
            datagram_verdict(&options(&format!("{name}: {list}\r\n")))
        };
        assert_eq!(routes(MAX_ROUTES), "ok");
        assert_eq!(routes(MAX_ROUTES + 1), "400");
    }
    let contacts = |count: usize| {
        let list = vec!["<sip:a>"; count].join(",");
        datagram_verdict(&options(&format!("m: {list}\r\n")))
    };
    assert_eq!(contacts(MAX_CONTACTS), "ok");
    assert_eq!(contacts(MAX_CONTACTS + 1), "400");
}

/// What takes long if anything does: everything that repeats, filled up to `size`.
fn worst_cases(size: usize) -> Vec<(&'static str, Bytes)> {
    let fill = |unit: &str| unit.repeat(size / unit.len());
    [
        ("one value", format!("X: {}\r\n", fill("a"))),
        ("short headers", fill("a:b\r\n")),
        ("unknown headers", fill("xyzzy: b\r\n")),
        ("folds", format!("X:{}\r\n", fill("\r\n a"))),
        ("stray CR", format!("X:{}\r\n", fill("\r "))),
        ("commas", format!("Contact: {}\r\n", fill(","))),
        ("quotes", format!("Contact: {}\r\n", fill("\""))),
        ("escapes", format!("Contact: \"{}\r\n", fill("\\\""))),
        ("brackets", format!("Contact: {}\r\n", fill("<"))),
        (
            "parameters",
            format!("Contact: <sip:a>{}\r\n", fill(";a=b")),
        ),
        (
            "via parameters",
            format!("Via: SIP/2.0/UDP a{}\r\n", fill(";a=b")),
        ),
        ("contacts", format!("Contact: {}\r\n", fill("<sip:a>,"))),
        ("extensions", format!("Require: {}\r\n", fill("a,"))),
        ("no colon", fill("a\r\n")),
        ("spaces", format!("X: {}\r\n", fill(" "))),
    ]
    .map(|(name, extra)| (name, options(&extra)))
    .into()
}

const GENEROUS: Limits = Limits {
    datagram: usize::MAX,
    head: usize::MAX,
    body: usize::MAX,
    line: usize::MAX,
    headers: usize::MAX,
};

fn fastest(bytes: &Bytes, limits: &Limits) -> Duration {
    let once = || {
        let started = Instant::now();
        if let Ok(message) = parse_datagram(bytes.clone(), limits) {
            verdict(&message);
            std::hint::black_box(message.headers().vias().map(|vias| vias.len())).ok();
        }
        started.elapsed()
    };
    let runs = if cfg!(debug_assertions) { 5 } else { 30 };
    (0..runs).map(|_| once()).min().unwrap_or_default()
}

/// Eight times the size takes about eight times the time, even without the caps; a square would
/// take sixty-four times.
#[test]
fn time_grows_with_size_only() {
    let small = worst_cases(32 * 1024);
    let large = worst_cases(256 * 1024);
    for ((name, small), (_, large)) in small.iter().zip(&large) {
        let (short, long) = (fastest(small, &GENEROUS), fastest(large, &GENEROUS));
        let floor = Duration::from_micros(20);
        assert!(
            long < (short + floor) * 24,
            "{name}: {short:?} for 32 KiB, {long:?} for 256 KiB"
        );
    }
}

/// With the caps, the worst datagram is done with in 5 ms (release; debug is not measured).
#[test]
fn the_worst_datagram_takes_little_time() {
    let slow = if cfg!(debug_assertions) { 20 } else { 1 };
    for (name, bytes) in worst_cases(60 * 1024) {
        let took = fastest(&bytes, &Limits::DEFAULT);
        assert!(took < Duration::from_millis(5) * slow, "{name}: {took:?}");
    }
}
