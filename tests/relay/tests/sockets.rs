//! Real sockets on loopback through the relay.

use base::Duration;
use offhook_relay::{
    Direction, Jitter, LinkSettings, Loss, Relay, SipAwareRelay, SipRelaySettings,
};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

fn peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let wait = Some(Duration::from_millis(500));
    socket.set_read_timeout(wait).expect("a socket");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

fn hear(socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr)> {
    let mut buffer = [0; 4096];
    let (len, from) = socket.recv_from(&mut buffer).ok()?;
    Some((buffer[..len].to_vec(), from))
}

/// Sends numbered packets and gives the numbers that arrived, in order, with the relay's trace.
fn arrivals(seed: u64, settings: &LinkSettings, count: u16) -> (Vec<u16>, u64) {
    let ((a, _), (b, to)) = (peer(), peer());
    let relay = Relay::start(seed);
    let ends = relay.add_path(None, Some(to), settings).expect("a path");
    for n in 0..count {
        a.send_to(&n.to_be_bytes(), ends.facing_a).expect("sent");
        if n % 50 == 49 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let mut heard = Vec::new();
    while let Some((bytes, from)) = hear(&b) {
        assert_eq!(from, ends.facing_b);
        heard.push(u16::from_be_bytes([bytes[0], bytes[1]]));
    }
    let counts = relay.counts(ends.path, Direction::AToB);
    assert_eq!(counts.heard, u64::from(count));
    assert_eq!(counts.passed, heard.len() as u64);
    assert_eq!(counts.passed, counts.heard - counts.lost + counts.repeated);
    (heard, relay.trace())
}

#[test]
fn a_clean_relay_passes_all_both_ways_and_shows_one_address() {
    let ((a, a_address), (b, b_address)) = (peer(), peer());
    let relay = Relay::start(1);
    let ends = relay
        .add_path(None, Some(b_address), &LinkSettings::CLEAN)
        .expect("a path");
    a.send_to(b"there", ends.facing_a).expect("sent");
    let (bytes, from) = hear(&b).expect("passed");
    assert_eq!(
        (bytes.as_slice(), from),
        (b"there".as_slice(), ends.facing_b)
    );
    b.send_to(b"back", from).expect("sent");
    let (bytes, from) = hear(&a).expect("passed");
    assert_eq!(
        (bytes.as_slice(), from),
        (b"back".as_slice(), ends.facing_a)
    );
    assert_ne!(a_address, ends.facing_b);
}

#[test]
fn the_same_seed_loses_and_repeats_the_same_packets() {
    let bad = LinkSettings {
        loss: Loss::bursts(0.1, 3.0),
        duplicate: 0.05,
        ..LinkSettings::CLEAN
    };
    let (first, trace) = arrivals(11, &bad, 200);
    assert!(first.len() < 200 && first.len() > 120, "{}", first.len());
    assert_eq!((first, trace), arrivals(11, &bad, 200));
    assert_ne!(trace, arrivals(12, &bad, 200).1);
}

#[test]
fn held_back_packets_arrive_after_later_ones() {
    let settings = LinkSettings {
        reorder: 0.1,
        ..LinkSettings::CLEAN
    };
    let (heard, _) = arrivals(5, &settings, 200);
    let late = heard.windows(2).filter(|two| two[0] > two[1]).count();
    assert_eq!(heard.len(), 200);
    assert!(late > 0);
}

#[test]
fn delay_and_jitter_take_their_time() {
    let ((a, _), (b, to)) = (peer(), peer());
    let relay = Relay::start(1);
    let settings = LinkSettings {
        delay: Duration::from_millis(40),
        jitter: Jitter::Uniform(Duration::from_millis(20)),
        ..LinkSettings::CLEAN
    };
    let ends = relay.add_path(None, Some(to), &settings).expect("a path");
    for _ in 0..10 {
        let sent = Instant::now();
        a.send_to(b"x", ends.facing_a).expect("sent");
        hear(&b).expect("passed");
        let took = sent.elapsed();
        // The upper bound leaves room for a busy machine.
        assert!((39..160).contains(&took.as_millis()), "{took:?}");
    }
}

#[test]
fn switching_off_and_on_again() {
    let ((a, _), (b, to)) = (peer(), peer());
    let relay = Relay::start(1);
    let ends = relay
        .add_path(None, Some(to), &LinkSettings::CLEAN)
        .expect("a path");
    let off = LinkSettings {
        loss: Loss::Always,
        ..LinkSettings::CLEAN
    };
    for (settings, arrives) in [(off, false), (LinkSettings::CLEAN, true)] {
        relay.set_link(ends.path, Direction::AToB, settings);
        a.send_to(b"x", ends.facing_a).expect("sent");
        assert_eq!(hear(&b).is_some(), arrives);
    }
}

fn message(start: &str, call: &str, own: SocketAddr, rtp: SocketAddr) -> String {
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n",
        ip = rtp.ip(),
        port = rtp.port()
    );
    format!(
        "{start}\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK1\r\nContact: <sip:x@{own}>\r\n\
         Call-ID: {call}\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

fn text(socket: &UdpSocket) -> String {
    String::from_utf8(hear(socket).expect("passed").0).expect("text")
}

fn media_port(message: &str) -> u16 {
    let line = message
        .lines()
        .find_map(|line| line.strip_prefix("m=audio "));
    let port = line.and_then(|line| line.split(' ').next());
    port.and_then(|port| port.parse().ok()).expect("a port")
}

#[test]
fn m_037_sip_and_its_media_pass_through_both_ways() {
    let ((a, a_sip), (b, b_sip)) = (peer(), peer());
    let ((a_rtp, a_media), (b_rtp, b_media)) = (peer(), peer());
    let relay = SipAwareRelay::start(3, None, b_sip, SipRelaySettings::default()).expect("a relay");
    let start = format!("INVITE sip:b@{} SIP/2.0", relay.facing_a());
    let invite = message(&start, "call-1", a_sip, a_media);
    a.send_to(invite.as_bytes(), relay.facing_a())
        .expect("sent");
    let offer = text(&b);
    assert!(
        offer.starts_with(&format!("INVITE sip:b@{b_sip} SIP/2.0\r\n")),
        "{offer}"
    );
    assert!(
        offer.contains(&format!("Contact: <sip:x@{}>", relay.facing_b())),
        "{offer}"
    );
    assert!(
        offer.contains(&format!("Via: SIP/2.0/UDP {};", relay.facing_b())),
        "{offer}"
    );
    let (head, body) = offer.split_once("\r\n\r\n").expect("a body");
    assert!(
        head.contains(&format!("Content-Length: {}", body.len())),
        "{offer}"
    );

    let answer = message("SIP/2.0 200 OK", "call-1", b_sip, b_media);
    b.send_to(answer.as_bytes(), relay.facing_b())
        .expect("sent");
    let answer = text(&a);
    assert!(
        answer.contains(&format!("Contact: <sip:x@{}>", relay.facing_a())),
        "{answer}"
    );

    let (towards_b, towards_a) = (media_port(&answer), media_port(&offer));
    assert_ne!((towards_b, towards_a), (b_media.port(), a_media.port()));
    a_rtp
        .send_to(b"from a", ("127.0.0.1", towards_b))
        .expect("sent");
    let (bytes, from) = hear(&b_rtp).expect("media passed");
    assert_eq!(
        (bytes.as_slice(), from.port()),
        (b"from a".as_slice(), towards_a)
    );
    b_rtp
        .send_to(b"from b", ("127.0.0.1", towards_a))
        .expect("sent");
    let (bytes, from) = hear(&a_rtp).expect("media passed");
    assert_eq!(
        (bytes.as_slice(), from.port()),
        (b"from b".as_slice(), towards_b)
    );

    media_can_be_cut(&relay, &a_rtp, &b_rtp, towards_b);
    let again = message(&start, "call-1", a_sip, a_media);
    a.send_to(again.as_bytes(), relay.facing_a()).expect("sent");
    assert_eq!(media_port(&text(&b)), towards_a, "a call keeps its ports");
}

fn media_can_be_cut(relay: &SipAwareRelay, a: &UdpSocket, b: &UdpSocket, towards_b: u16) {
    relay.set_media(&LinkSettings {
        loss: Loss::Always,
        ..LinkSettings::CLEAN
    });
    a.send_to(b"lost", ("127.0.0.1", towards_b)).expect("sent");
    assert!(hear(b).is_none());
    let counts = relay.rtp_counts(Direction::AToB);
    assert_eq!((counts.heard, counts.passed, counts.lost), (2, 1, 1));
}
