use super::*;
use crate::{Address, SessionDescription};
use core::net::IpAddr;

const PLAIN: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0\r\n";

fn read(text: &str) -> SessionDescription {
    SessionDescription::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

#[test]
fn what_phones_get_wrong_is_read() {
    let table = [
        ("line feeds only", PLAIN.replace("\r\n", "\n")),
        ("carriage returns only", PLAIN.replace("\r\n", "\r")),
        ("no last line end", PLAIN.trim_end().to_owned()),
        ("blank first line", format!("\r\n{PLAIN}")),
        ("byte order mark", format!("\u{feff}{PLAIN}")),
        ("trailing spaces", PLAIN.replace("\r\n", "  \r\n")),
        (
            "double spaces",
            PLAIN.replace("audio 4000 ", "audio  4000  "),
        ),
        ("no o=", PLAIN.replace("o=- 1 2 IN IP4 192.0.2.1\r\n", "")),
        (
            "no s= and t=",
            PLAIN.replace("s=-\r\n", "").replace("t=0 0\r\n", ""),
        ),
        (
            "user name with spaces",
            PLAIN.replace("o=-", "o=Joe from Accounting"),
        ),
        ("no user name", PLAIN.replace("o=- ", "o=")),
        (
            "huge version",
            PLAIN.replace("1 2 IN", "1 99999999999999999999999 IN"),
        ),
        ("negative version", PLAIN.replace("1 2 IN", "1 -7 IN")),
        ("broken t=", PLAIN.replace("t=0 0", "t=now")),
        ("broken b=", PLAIN.replace("t=0 0", "b=AS:many\r\nt=0 0")),
        ("two s=", PLAIN.replace("s=-", "s=-\r\ns=again")),
        (
            "two c=",
            PLAIN.replace("t=0 0", "c=IN IP4 192.0.2.9\r\nt=0 0"),
        ),
        (
            "c= with more",
            PLAIN.replace("c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.1 x"),
        ),
        ("r= before t=", PLAIN.replace("t=0 0", "r=7d 1h 0\r\nt=0 0")),
        ("unknown letter", PLAIN.replace("t=0 0", "x=1\r\nt=0 0")),
    ];
    for (what, text) in table {
        let media = read(&text);
        let media = media.media(0).unwrap_or_else(|| panic!("{what}: no media"));
        assert_eq!(
            media.rtp(),
            Some("192.0.2.1:4000".parse().unwrap()),
            "{what}"
        );
        assert_eq!(media.formats().len(), 1, "{what}");
    }
}

#[test]
fn text_that_is_not_utf8_is_read_with_replacements() {
    let mut bytes = PLAIN.replace("s=-", "s=Gespr?ch").into_bytes();
    let at = bytes.iter().position(|&b| b == b'?').unwrap();
    bytes[at] = 0xe4;
    let read = SessionDescription::parse(&bytes).unwrap();
    assert_eq!(read.name(), "Gespr\u{fffd}ch");
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line() {
    let table = [
        ("", "No version line"),
        ("hello", "not in key=value format"),
        (&PLAIN.replace("v=0", "v=1"), "version at line 1"),
        (&PLAIN.replace("s=-", "no equals sign"), "line 3"),
        (
            &PLAIN.replace("audio 4000", "audio 70000"),
            "in line 6 at Media port",
        ),
        (
            &PLAIN.replace("audio 4000", "audio x"),
            "in line 6 at Media port",
        ),
        (&PLAIN.replace("s=-", "s=\0"), "line 3"),
        (&PLAIN.replace(" RTP/AVP 0", ""), "line 6"),
    ];
    for (text, want) in table {
        let error = SessionDescription::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.sip_status(), 400);
        assert!(error.to_string().contains(want), "{text:?}: {error}");
    }
}

#[test]
fn caps_hold_at_the_cap_and_refuse_by_name_one_above() {
    let head = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";
    let medias = |n| format!("{head}{}", "m=audio 0 RTP/AVP 0\r\n".repeat(n));
    let formats = |n| format!("{head}m=audio 0 RTP/AVP{}\r\n", " 0".repeat(n));
    let lines = |n| format!("{head}m=audio 0 RTP/AVP 0\r\n{}", "a=x:1\r\n".repeat(n));
    let before = |n| format!("{head}{}", "a=x:1\r\n".repeat(n));
    let bytes = |n: usize| format!("{head}a={}", "x".repeat(n - head.len() - 2));
    let table = [
        (
            medias(MAX_MEDIA),
            medias(MAX_MEDIA + 1),
            "more than 16 m= lines",
        ),
        (
            formats(MAX_FORMATS),
            formats(MAX_FORMATS + 1),
            "more than 64 formats",
        ),
        (
            lines(MAX_ATTRIBUTES),
            lines(MAX_ATTRIBUTES + 1),
            "more than 128 a= lines",
        ),
        (
            before(MAX_ATTRIBUTES),
            before(MAX_ATTRIBUTES + 1),
            "more than 128 a= lines",
        ),
        (
            bytes(MAX_BYTES),
            bytes(MAX_BYTES + 1),
            "more than 32768 bytes",
        ),
    ];
    for (at_cap, above, name) in table {
        assert!(
            SessionDescription::parse(at_cap.as_bytes()).is_ok(),
            "{name}"
        );
        let error = SessionDescription::parse(above.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(error.sip_status(), 413);
    }
}

/// RFC 4475 §3.3.15, `sdp01`: static payload types without rtpmap, one remapped by name.
#[test]
fn rfc4475_sdp01_is_read() {
    let read = read(
        "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n\
         m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n",
    );
    let names = |index| -> Vec<String> {
        let formats = read.media(index).unwrap().formats();
        formats.iter().map(ToString::to_string).collect()
    };
    assert_eq!(names(0), ["PCMU/8000", "QCELP/8000"]);
    assert_eq!(
        names(1),
        ["H261/90000"],
        "a broken rtpmap leaves the static meaning"
    );
    assert_eq!(read.origin().version, 7_272_939);
}

/// RFC 5118 §4.6 and §4.8: IPv6 for all, and each section its own family.
#[test]
fn rfc5118_addresses_are_read_per_section() {
    let all_v6 = read(
        "v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\n\
         s=Live video feed for today's meeting\r\nc=IN IP6 2001:db8::20\r\n\
         t=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000\r\n\
         m=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n",
    );
    let v6: IpAddr = "2001:db8::20".parse().unwrap();
    assert!(
        all_v6
            .sections()
            .all(|s| s.address() == Some(Address::Ip(v6)))
    );

    let mixed = read(
        "v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\n\
         m=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\n\
         c=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n",
    );
    let sockets: Vec<_> = mixed
        .sections()
        .map(|s| s.rtp().unwrap().to_string())
        .collect();
    assert_eq!(sockets, ["192.0.2.1:22334", "[2001:db8::1]:6024"]);
}
