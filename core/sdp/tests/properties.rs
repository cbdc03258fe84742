//! What holds for any bytes and any offer.

use base::{Hertz, PayloadType};
use offhook_sdp as sdp;
use proptest::prelude::*;
use sdp::{Capability, LocalMedia, LocalSession, Preference, Previous, SessionDescription};

fn us() -> LocalSession {
    let addr = core::net::IpAddr::from([192, 0, 2, 1]);
    let codec = |name: &str, number| Capability {
        name: name.into(),
        clock_rate: Hertz(8000),
        channels: 1,
        static_payload_type: PayloadType::new(number),
        fmtp: String::new(),
        rules: Vec::new(),
        frame_ms: 10,
        longest_ms: 200,
        ptime_ms: 20,
    };
    let formats = vec![codec("PCMU", 0), codec("PCMA", 8), codec("x-own", 100)];
    LocalSession {
        session_id: u64::MAX,
        first_version: u64::MAX,
        addr,
        media: vec![LocalMedia::audio(addr, 4000, formats)],
        preference: Preference::Offerer,
    }
}

/// Whatever was read can be written, read again to the same, and answered section by section.
fn check(bytes: &[u8]) {
    let Ok(read) = SessionDescription::parse(bytes) else {
        return;
    };
    let written = read.to_bytes();
    let again = SessionDescription::parse(&written).expect("what we write is readable");
    assert_eq!(again, read, "{:?}", String::from_utf8_lossy(bytes));
    assert_eq!(again.to_bytes(), written);

    let local = us();
    for section in read.sections() {
        let _ = (
            section.rtp(),
            section.rtcp(),
            section.direction(),
            section.formats(),
        );
    }
    if let Ok((answer, negotiated)) = sdp::answer(&read, &local, None) {
        assert_eq!(answer.media_count(), read.media_count());
        assert_eq!(negotiated.len(), read.media_count());
        let kinds = |d: &SessionDescription| -> Vec<_> { d.sections().map(|s| s.kind()).collect() };
        assert_eq!(kinds(&answer), kinds(&read));
        let previous = Previous {
            local: answer.clone(),
            remote: Some(read.clone()),
        };
        let re_offer = sdp::offer(&local, Some(&previous));
        assert!(re_offer.media_count() >= answer.media_count());
        let _ = sdp::accept_answer(&re_offer, &read, &local);
        let reread = SessionDescription::parse(&answer.to_bytes()).expect("our answer is readable");
        assert_eq!(reread, answer);
    }
    let _ = sdp::accept_answer(&sdp::offer(&local, None), &read, &local);
}

const WHOLE: &str = "v=0\r\no=Joe Doe 5 99999999999999999999 IN IP4 198.51.100.2\r\ns=-\r\n\
    c=IN IP4 198.51.100.2\r\nb=AS:64\r\nt=0 0\r\na=group:BUNDLE a v\r\n\
    m=audio 5000 RTP/AVP 0 8 111 101\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 useinbandfec=1;stereo=0\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\na=ptime:20\r\na=sendonly\r\na=rtcp:5003 IN IP4 198.51.100.3\r\n\
    m=video 6000 RTP/AVP 99\r\nc=IN IP6 2001:db8::2\r\na=mid:v\r\na=x-unknown:kept\r\n";

/// CVE-2022-31003 class: every prefix, and every single damaged byte.
#[test]
fn every_truncation_and_every_damaged_byte_is_survived() {
    let whole = WHOLE.as_bytes();
    for cut in 0..whole.len() {
        check(&whole[..cut]);
    }
    for at in 0..whole.len() {
        for byte in [
            0,
            b' ',
            b'\r',
            b'\n',
            b'=',
            b'9',
            b'/',
            0xff,
            whole[at] ^ 1,
            whole[at] ^ 0x80,
        ] {
            let mut damaged = whole.to_vec();
            damaged[at] = byte;
            check(&damaged);
        }
    }
}

#[test]
fn unknown_attributes_survive() {
    let read = SessionDescription::parse(WHOLE.as_bytes()).unwrap();
    assert!(read.to_string().contains("a=x-unknown:kept\r\n"));
    assert!(read.to_string().contains("a=group:BUNDLE a v\r\n"));
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-zA-Z0-9/:;=. *-]{0,12}",
        Just("4294967296".to_owned()),
        Just("65535".to_owned()),
        Just("audio".to_owned()),
        Just("RTP/AVP".to_owned()),
        Just("0".to_owned()),
    ]
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        ("[a-z]", prop::collection::vec(token(), 0..6))
            .prop_map(|(key, tokens)| format!("{key}={}", tokens.join(" "))),
        (0_u16.., prop::collection::vec(0_u16..300, 0..8)).prop_map(|(port, numbers)| {
            let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
            format!("m=audio {port} RTP/AVP {}", numbers.join(" "))
        }),
        (0_u16..300, token(), token())
            .prop_map(|(number, a, b)| format!("a=rtpmap:{number} {a}/{b}")),
        (0_u16..300, token()).prop_map(|(number, text)| format!("a=fmtp:{number} {text}")),
        token().prop_map(|text| format!("a={text}")),
        token().prop_map(|text| format!("c=IN IP4 {text}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 512,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes);
    }

    #[test]
    fn any_lines(lines in prop::collection::vec(line(), 0..30), end in prop_oneof!["\r\n", "\n", "\r"]) {
        check(format!("v=0{end}{}{end}", lines.join(&end)).as_bytes());
    }
}
