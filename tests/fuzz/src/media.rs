//! SDP, RTP, RTCP, keys, the jitter buffer.

use crate::Said;
use base::{Duration, Hertz, Instant};
use rtp::jitter::{Arrived, Config, JitterBuffer, Pull};
use rtp::rtcp;
use rtp::telephone_event::{EventReceiver, Heard};
use rtp::{Inserted, Packet, kind_of};
use sdp::{Capability, LocalMedia, LocalSession, Preference, SessionDescription};
use std::net::{IpAddr, Ipv4Addr};

/// Words of SDP.
pub const SDP_WORDS: &[&str] = &[
    "\r\n",
    "v=0",
    "o=- 1 1 IN IP4 1.2.3.4",
    "s=-",
    "c=IN IP4 ",
    "c=IN IP6 ::1",
    "t=0 0",
    "m=audio ",
    "m=video 0 ",
    "RTP/AVP",
    "RTP/SAVP",
    "a=rtpmap:",
    "PCMU/8000",
    "opus/48000/2",
    "telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=sendonly",
    "a=inactive",
    "a=rtcp:",
    "a=rtcp-mux",
    "a=ptime:",
    "a=maxptime:",
    "a=mid:",
    "0.0.0.0",
    "a=group:BUNDLE",
];

/// Offers.
pub fn descriptions() -> Vec<Vec<u8>> {
    let head = "v=0\r\no=a 1 2 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n";
    [
        "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n",
        "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\na=ptime:20\r\na=maxptime:60\r\na=rtcp:4009 IN IP6 ::1\r\na=mid:1\r\n",
        "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n",
        "m=audio 0 RTP/AVP 0\r\nm=audio 9 RTP/SAVP 0 97\r\na=rtpmap:97 opus/48000/2\r\na=rtcp-mux\r\na=inactive\r\n",
    ]
    .iter()
    .map(|media| format!("{head}{media}").into_bytes())
    .collect()
}

/// A description is read, written, read again; answered, offered against, taken as an answer.
pub fn sdp(input: &[u8], said: &mut Said) {
    let read = SessionDescription::parse(input);
    said.result(&read);
    let Ok(theirs) = read else { return };
    let bytes = theirs.to_bytes();
    let again = SessionDescription::parse(&bytes).expect("a description reads as it writes");
    assert_eq!(again.to_bytes(), bytes);
    said.count(theirs.media_count());
    for section in theirs.sections() {
        said.count(section.formats().len());
        said.add([
            u8::from(section.rtp().is_some()),
            u8::from(section.rtcp().is_some()),
        ]);
        said.add(section.direction().name());
        said.add([
            u8::from(section.is_old_hold()),
            u8::from(section.rtcp_mux()),
        ]);
        let _ = (section.ptime_ms(), section.max_ptime_ms(), section.mid());
    }
    let local = local();
    let answered = sdp::answer(&theirs, &local, None);
    said.result(&answered);
    if let Ok((answer, negotiated)) = answered {
        assert_eq!(
            answer.media_count(),
            theirs.media_count(),
            "an answer has the offer's sections"
        );
        assert_eq!(negotiated.len(), theirs.media_count());
        let read = SessionDescription::parse(&answer.to_bytes());
        read.expect("our answer is a description");
    }
    let offer = sdp::offer(&local, None);
    said.result(&sdp::accept_answer(&offer, &theirs, &local));
}

fn local() -> LocalSession {
    let capability = |name: &str| Capability {
        name: name.to_owned(),
        clock_rate: Hertz(8_000),
        channels: 1,
        static_payload_type: None,
        fmtp: String::new(),
        rules: Vec::new(),
        frame_ms: 10,
        longest_ms: 200,
        ptime_ms: 20,
    };
    let formats = ["PCMU", "PCMA"].map(capability).to_vec();
    let addr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    LocalSession {
        session_id: 1,
        first_version: 1,
        addr,
        media: vec![LocalMedia::audio(addr, 4_000, formats)],
        preference: Preference::Offerer,
    }
}

/// Packets with CSRCs, extension and padding.
pub fn rtp_packets() -> Vec<Vec<u8>> {
    let plain = [
        &[0x80, 0x80, 0xff, 0xff, 0, 0, 0, 1, 1, 2, 3, 4][..],
        &[7; 160],
    ]
    .concat();
    let mut padded = plain.clone();
    padded[0] |= 0x20;
    padded[171] = 4;
    let mut full = vec![
        0x92, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 9, 9, 9, 9, 8, 8, 8, 8,
    ];
    full.extend([0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 5, 5]);
    vec![plain, padded, full]
}

/// A packet is part of its datagram.
pub fn rtp(input: &[u8], said: &mut Said) {
    said.add(format!("{:?}", kind_of(input)));
    let read = Packet::parse(input);
    said.result(&read);
    let Ok(packet) = read else { return };
    assert!(packet.payload.len() + 12 <= input.len());
    said.count(packet.payload.len());
    let mut bytes = vec![0; 12 + packet.payload.len()];
    packet.header.write(&mut bytes).expect("there is room");
    bytes[12..].copy_from_slice(packet.payload);
    let again = Packet::parse(&bytes).expect("we read what we write");
    assert_eq!(
        (again.header, again.payload),
        (packet.header, packet.payload)
    );
}

/// Compound packets.
pub fn rtcp_packets() -> Vec<Vec<u8>> {
    let sender = [
        &[0x81, 200, 0, 12, 1, 2, 3, 4][..],
        &[1; 20],
        &[
            5, 6, 7, 8, 10, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 9, 1, 1, 1, 1, 2, 2, 2, 2,
        ],
    ]
    .concat();
    let bye = [0x81, 203, 0, 1, 1, 2, 3, 4];
    let names = [0x81, 202, 0, 3, 1, 2, 3, 4, 1, 3, b'a', b'@', b'b', 0, 0, 0];
    let receiver = [0x80, 201, 0, 1, 9, 9, 9, 9];
    vec![
        [&sender[..], &names, &bye].concat(),
        [&receiver[..], &bye].concat(),
        sender,
    ]
}

/// A compound packet is told of whole or not at all.
pub fn rtcp(input: &[u8], said: &mut Said) {
    let mut items = 0;
    let read = rtcp::read(input, |item| {
        items += 1;
        let text = format!("{item:?}");
        said.add(text.split([' ', '{']).next().unwrap_or_default());
    });
    assert!(
        read.is_ok() || items == 0,
        "told of a packet that breaks the rules"
    );
    assert!(
        items <= input.len(),
        "{items} items in {} bytes",
        input.len()
    );
    said.result(&read);
}

/// Arrivals, six bytes each: kind and time, step of the sequence number, step of the timestamp, size.
pub fn arrivals() -> Vec<Vec<u8>> {
    let steady: Vec<u8> = (0..50).flat_map(|_| [20, 1, 0, 160, 80, 0]).collect();
    let bursts: Vec<u8> = (0..40)
        .flat_map(|n| [n % 7 * 9, 1, 0, 160, 20, 1])
        .collect();
    let odd: Vec<u8> = (0..60)
        .flat_map(|n: u8| [n, n % 3, n % 2, 160, n * 3, n])
        .collect();
    let far: Vec<u8> = (0..40)
        .flat_map(|n: u8| [20, 1 + 200 * (n / 20), n / 20 * 128, 160, 9, 2])
        .collect();
    vec![steady, bursts, odd, far]
}

/// Steps of an input: time since the last, sequence number, timestamp, the two bytes that are left.
fn steps(input: &[u8]) -> impl Iterator<Item = (Duration, u16, u32, u8, u8)> + '_ {
    let (mut sequence, mut timestamp) = (65_500_u16, 0xffff_f000_u32);
    input.chunks_exact(6).map(move |step| {
        let wait = Duration::from_millis(u64::from(step[0]));
        sequence = sequence.wrapping_add_signed(i16::from(step[1] as i8));
        let ahead = i32::from(i16::from_be_bytes([step[2], step[3]]));
        // Every 16th kind of step is far away.
        let ahead = if step[5] % 16 == 15 {
            ahead << 16
        } else {
            ahead
        };
        timestamp = timestamp.wrapping_add_signed(ahead);
        (wait, sequence, timestamp, step[4], step[5])
    })
}

/// Packets of telephone-events in any order: each key that is pressed is released before the next.
pub fn keys(input: &[u8], said: &mut Said) {
    let mut receiver = EventReceiver::new(Hertz(8_000));
    let (mut now, mut held) = (Instant::from_millis(1_000), None);
    let mut pressed = 0;
    for (wait, _, timestamp, a, b) in steps(input) {
        now += wait;
        let payload = [a % 18, b & 0xbf, a, b];
        let heard = receiver.receive(timestamp, &payload, now);
        let expired = receiver.expire(now);
        for heard in heard.into_iter().chain([expired]).flatten() {
            match heard {
                Heard::Pressed { event } => {
                    assert_eq!(held, None, "pressed while another is held");
                    held = Some(event);
                    pressed += 1;
                }
                Heard::Released { event, duration } => {
                    assert_eq!(held, Some(event), "released what is not held");
                    assert!(duration <= Duration::from_secs(3_600 * 24));
                    held = None;
                }
            }
        }
    }
    said.count(pressed);
    said.add([u8::from(held.is_some())]);
}

/// Packets at any time in any order: each comes out at most once, whole, and later ones after earlier.
pub fn jitter(input: &[u8], said: &mut Said) {
    let config = Config {
        packets: 16,
        pieces: 24,
        ..Config::new(Hertz(8_000))
    };
    let mut buffer = JitterBuffer::new(config);
    let mut now = Instant::from_millis(5_000);
    let (mut queued, mut played, mut restarts) = (0_u64, 0_u64, 0);
    for (number, (wait, sequence, timestamp, size, kind)) in (1_u16..).zip(steps(input)) {
        now += wait;
        let [high, low] = number.to_be_bytes();
        let size = usize::from(size) * if kind & 64 == 0 { 1 } else { 9 };
        let payload = [&[high, low, size as u8][..], &vec![low; size]].concat();
        let packet = Arrived {
            sequence,
            timestamp,
            payload_type: kind & 127,
            payload: &payload,
        };
        match buffer.insert(&packet, now) {
            Inserted::Queued | Inserted::Overflowed | Inserted::Restarted => queued += 1,
            Inserted::Late | Inserted::Duplicate | Inserted::Refused => {}
        }
        assert!(buffer.waiting() <= 16, "more packets than the bound");
        restarts = buffer.tally().restarts;
        for _ in 0..kind % 4 {
            played += u64::from(pull(&mut buffer, now, number));
        }
    }
    // Nothing more comes: each of what waits is played after at most twice the longest wait.
    for _ in 0..2 * (16 + 1) * config.longest_delay_ms / 10 {
        now += Duration::from_millis(10);
        played += u64::from(pull(&mut buffer, now, u16::MAX));
    }
    assert_eq!(buffer.waiting(), 0, "packets stay");
    assert!(played <= queued, "{played} played of {queued} queued");
    let tally = *buffer.tally();
    assert_eq!(tally.played, played);
    assert!(tally.late + tally.duplicates + tally.refused + queued >= tally.offered);
    for count in [
        tally.late,
        tally.duplicates,
        tally.overflowed,
        tally.reordered,
        restarts,
    ] {
        said.count(count as usize);
    }
}

/// Pulls 10 ms; whether a frame came. What comes is what went in.
fn pull(buffer: &mut JitterBuffer, now: Instant, newest: u16) -> bool {
    match buffer.pull(now) {
        Pull::Frame {
            payload, skip_us, ..
        } => {
            let (head, rest) = payload.split_at(3);
            let number = u16::from_be_bytes([head[0], head[1]]);
            assert!(number <= newest, "a frame that never came in");
            assert_eq!(rest.len() as u8, head[2], "a frame of another size");
            assert!(
                rest.iter().all(|byte| *byte == head[1]),
                "a frame with strange bytes"
            );
            assert!(skip_us < 10_000_000);
            buffer.decoded(20_000);
            true
        }
        Pull::Missing { length_us } => {
            assert!(
                (1..=10_000).contains(&length_us),
                "{length_us} µs are missing"
            );
            false
        }
        Pull::Lost { length_us, .. } => {
            buffer.rebuilt(length_us, true);
            false
        }
        Pull::Waiting => false,
    }
}
