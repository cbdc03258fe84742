//! RFC 4475 and RFC 5118 at the engine: on UDP, on TCP in one piece, and on TCP in pieces.
//!
//! Each message meets an engine of its own: several share branch and Call-ID, and would be resends of
//! one request.

use crate::peer;
use crate::rig::{PATIENCE, Rig};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

/// Messages that are sent byte by byte at once.
const AT_ONCE: usize = 8;
/// Time between two pieces, so that the engine reads them one by one.
const BETWEEN: Duration = Duration::from_micros(300);
/// How long an answer may be behind that to the OPTIONS sent after the message.
const BEHIND: Duration = Duration::from_millis(25);

/// One message and what EXPECT.tsv says a user agent does with it.
struct Vector {
    id: String,
    ua: String,
    bytes: Vec<u8>,
}

/// Both corpora; none, said loudly, where they are missing.
fn vectors() -> Vec<Vector> {
    let root = std::env::var_os("OFFHOOK_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let mut all = Vec::new();
    for (folder, ending) in [("rfc4475", "dat"), ("rfc5118", "sip")] {
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
        let names = lines.next().expect("a table has a head");
        let ua = names
            .iter()
            .position(|&name| name == "ua")
            .expect("column ua");
        all.extend(lines.map(|cells| Vector {
            id: cells[0].to_owned(),
            ua: cells[ua].to_owned(),
            bytes: std::fs::read(folder.join(format!("{}.{ending}", cells[0]))).unwrap(),
        }));
    }
    assert_eq!(all.len(), 50 + 12, "49 and test.dat, and 12");
    all
}

/// What came back: statuses in order, and whether the connection was closed on us.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    statuses: Vec<u16>,
    closed: bool,
}

/// Where the verdict on a stream is not that on UDP. Source: reliability.md 1.1, pass rule.
fn stream_verdict(id: &str) -> Option<Verdict> {
    match id {
        // Content-Length asks for more than comes, or the head has no end: it waits.
        "clerr" | "baddn" => Some(Verdict::Waits),
        // No telling where the next message begins.
        "ncl" | "mcl01" | "inv2543" => Some(Verdict::ErrorAndClose),
        // The tail is a second message; behind its 150 bytes of body comes what is none.
        "dblreq" => Some(Verdict::AnswerAndClose(405)),
        _ => None,
    }
}

enum Verdict {
    /// Nothing comes, and the connection stays.
    Waits,
    /// Closed, with or without 400.
    ErrorAndClose,
    /// This for the first message, whatever for the second, and then closed.
    AnswerAndClose(u16),
}

/// Whether `heard` is what the column `ua` asks for. 180 stands for normal handling of an INVITE: the
/// engine lets it ring.
fn fits(ua: &str, heard: &[u16]) -> bool {
    let quiet = heard.is_empty();
    if ua.contains("drop") || ua.contains("discard") {
        return quiet || (ua.contains("400") && heard == [400]);
    }
    let allowed = |status: u16| match status {
        180 => ua.contains("INVITE handling"),
        // An INVITE with the To tag of a dialog that is not ours, as wsinv (RFC 3261 §12.2.2).
        481 => ua.contains("INVITE handling") || ua.contains("481"),
        // An offer of IPv6 alone where we have IPv4 only, as ipv6-in-sdp (RFC 3261 §21.4.26).
        488 => ua.contains("INVITE handling") || ua.contains("488"),
        status => ua.contains(&status.to_string()),
    };
    match heard {
        [one] => allowed(*one),
        // 100 may come before it.
        [100, one] => allowed(*one),
        _ => false,
    }
}

/// Statuses of all responses but those to our own OPTIONS.
fn statuses(responses: &[Vec<u8>]) -> Vec<u16> {
    let foreign = |bytes: &&Vec<u8>| !is_probe(bytes);
    let foreign = responses.iter().filter(foreign);
    let mut all: Vec<u16> = foreign
        .map(|bytes| {
            peer::response(bytes)
                .expect("the engine sends responses only")
                .status()
                .code()
        })
        .collect();
    all.dedup(); // a repeat of the same
    all
}

fn is_probe(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("z9hG4bKprobe")
}

fn over_udp(vector: &Vector) -> Heard {
    let rig = Rig::start("headless");
    // Without rport the answer goes to the port that Via names (RFC 3261 §18.2.2).
    let parsed = sip_message::parse_datagram(vector.bytes.clone().into(), &Default::default());
    let named = parsed
        .ok()
        .and_then(|message| Some(message.headers().top_via().ok()?.port_or_default()));
    let local = SocketAddr::from(([127, 44, 75, 2], named.unwrap_or(5060)));
    let socket = UdpSocket::bind(local).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(&vector.bytes, rig.udp).unwrap();
    let probe = peer::request("OPTIONS", "UDP", local, "probe");
    socket.send_to(&probe, rig.udp).unwrap();
    let mut responses = Vec::new();
    let mut buffer = vec![0; 65_536];
    while let Ok(size) = socket.recv(&mut buffer) {
        responses.push(buffer[..size].to_vec());
        if is_probe(&buffer[..size]) {
            socket.set_read_timeout(Some(BEHIND)).unwrap();
        }
    }
    assert!(
        responses.iter().any(|r| is_probe(r)),
        "{}: OPTIONS unanswered",
        vector.id
    );
    rig.hang_up_all();
    Heard {
        statuses: statuses(&responses),
        closed: false,
    }
}

/// Sends the message in `pieces`, then OPTIONS on the same connection.
fn over_tcp(vector: &Vector, pieces: &[&[u8]]) -> Heard {
    let rig = Rig::start("headless");
    let mut stream = TcpStream::connect(rig.tcp).unwrap();
    stream.set_nodelay(true).unwrap();
    let waits = matches!(stream_verdict(&vector.id), Some(Verdict::Waits));
    let mut closed = false;
    for piece in pieces {
        closed |= stream.write_all(piece).is_err();
        if pieces.len() > 1 {
            std::thread::sleep(BETWEEN);
        }
    }
    if !waits {
        let probe = peer::request("OPTIONS", "TCP", stream.local_addr().unwrap(), "probe");
        closed |= stream.write_all(&probe).is_err();
    }
    let wait = if waits { BEHIND } else { PATIENCE };
    stream.set_read_timeout(Some(wait)).unwrap();
    let mut responses = Vec::new();
    let mut cutter =
        sip_message::Stream::new(sip_message::Limits::DEFAULT, sip_message::End::Opened);
    let mut buffer = vec![0; 65_536];
    while !closed {
        match stream.read(&mut buffer) {
            Ok(0) => closed = true,
            Ok(size) => cutter.push(&buffer[..size]),
            Err(why) => {
                closed = why.kind() == std::io::ErrorKind::ConnectionReset;
                break;
            }
        }
        while let Some(frame) = cutter.next().expect("the engine writes SIP") {
            if let sip_message::Frame::Message(message) = frame {
                responses.push(message.bytes().to_vec());
            }
        }
        if responses.iter().any(|r| is_probe(r)) {
            stream.set_read_timeout(Some(BEHIND)).unwrap();
        }
    }
    rig.hang_up_all();
    assert!(
        closed || waits || responses.iter().any(|r| is_probe(r)),
        "{}: the connection is kept, and OPTIONS on it unanswered",
        vector.id
    );
    // Whatever became of this connection, the next one is served.
    let mut next = TcpStream::connect(rig.tcp).unwrap();
    next.set_read_timeout(Some(PATIENCE)).unwrap();
    let probe = peer::request("OPTIONS", "TCP", next.local_addr().unwrap(), "probe2");
    next.write_all(&probe).unwrap();
    let size = next.read(&mut buffer).expect("a new connection is served");
    assert!(is_probe(&buffer[..size]), "{}", vector.id);
    Heard {
        statuses: statuses(&responses),
        closed,
    }
}

fn fits_on_a_stream(vector: &Vector, heard: &Heard) -> bool {
    match stream_verdict(&vector.id) {
        Some(Verdict::Waits) => heard.statuses.is_empty() && !heard.closed,
        Some(Verdict::ErrorAndClose) => {
            heard.closed && (heard.statuses.is_empty() || heard.statuses == [400])
        }
        Some(Verdict::AnswerAndClose(wanted)) => {
            heard.closed && heard.statuses.first() == Some(&wanted)
        }
        // What is dropped, or is no SIP, may cost a stream its connection: nobody knows where it goes on.
        None => {
            let may_close = heard.statuses.is_empty() || heard.statuses == [400];
            fits(&vector.ua, &heard.statuses) && (may_close || !heard.closed)
        }
    }
}

/// Every vector by `send`; all that do not fit are named.
fn check(
    which: &[Vector],
    send: impl Fn(&Vector) -> Heard,
    fits: impl Fn(&Vector, &Heard) -> bool,
) {
    let wrong: Vec<String> = which
        .iter()
        .map(|vector| (vector, send(vector)))
        .filter(|(vector, heard)| !fits(vector, heard))
        .map(|(vector, heard)| format!("{}: {heard:?}, not {}", vector.id, vector.ua))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn rfc_4475_and_rfc_5118_on_udp() {
    check(&vectors(), over_udp, |vector, heard| {
        fits(&vector.ua, &heard.statuses)
    });
}

#[test]
fn rfc_4475_and_rfc_5118_on_tcp() {
    let whole = |vector: &Vector| over_tcp(vector, &[&vector.bytes]);
    check(&vectors(), whole, fits_on_a_stream);
}

/// Cut in the start line, in the middle of the head, within the blank line, and in the body.
#[test]
fn rfc_4475_and_rfc_5118_on_tcp_in_pieces() {
    let in_pieces = |vector: &Vector| {
        let bytes = vector.bytes.as_slice();
        let blank = bytes.windows(4).position(|at| at == b"\r\n\r\n");
        let mut cuts = vec![
            1,
            7,
            bytes.len() / 3,
            blank.map_or(bytes.len() / 2, |at| at + 2),
        ];
        cuts.push(bytes.len() - 1);
        cuts.sort_unstable();
        cuts.dedup();
        let ends = cuts.iter().copied().chain([bytes.len()]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let pieces: Vec<&[u8]> = starts
            .zip(ends)
            .map(|(start, end)| &bytes[start..end])
            .collect();
        over_tcp(vector, &pieces)
    };
    check(&vectors(), in_pieces, fits_on_a_stream);
}

/// The parser's own test cuts all of them at every byte; here the sockets are between.
#[test]
fn rfc_4475_and_rfc_5118_on_tcp_byte_by_byte() {
    let by_byte = |vector: &Vector| {
        let pieces: Vec<&[u8]> = vector.bytes.chunks(1).collect();
        over_tcp(vector, &pieces)
    };
    let all = vectors();
    std::thread::scope(|scope| {
        for share in all.chunks(all.len().div_ceil(AT_ONCE).max(1)) {
            scope.spawn(move || check(share, by_byte, fits_on_a_stream));
        }
    });
}
