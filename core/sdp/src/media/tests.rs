use super::*;
use crate::SessionDescription;

fn section(c: &str, m: &str, rest: &str) -> SessionDescription {
    let text = format!("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n{c}\nt=0 0\n{m}\n{rest}\n");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

const C: &str = "c=IN IP4 192.0.2.1";
const M: &str = "m=audio 4000 RTP/AVP 0";

#[test]
fn direction_comes_from_section_then_session_and_old_hold_takes_receiving() {
    let table = [
        (C, "", Direction::SendRecv),
        (C, "a=sendonly", Direction::SendOnly),
        (C, "a=recvonly ", Direction::RecvOnly),
        (C, "a=INACTIVE", Direction::Inactive),
        ("c=IN IP4 192.0.2.1\na=sendonly", "", Direction::SendOnly),
        (
            "c=IN IP4 192.0.2.1\na=sendonly",
            "a=recvonly",
            Direction::RecvOnly,
        ),
        ("c=IN IP4 0.0.0.0", "", Direction::SendOnly),
        ("c=IN IP4 0.0.0.0", "a=inactive", Direction::Inactive),
    ];
    for (c, rest, want) in table {
        let read = section(c, M, rest);
        assert_eq!(read.media(0).unwrap().direction(), want, "{c} {rest}");
    }
}

#[test]
fn directions_reverse_and_meet() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    let reversed = [SendRecv, SendOnly, RecvOnly, Inactive].map(Direction::reversed);
    assert_eq!(reversed, [SendRecv, RecvOnly, SendOnly, Inactive]);
    assert_eq!(SendOnly.and(RecvOnly), Inactive);
    assert_eq!(SendRecv.and(RecvOnly), RecvOnly);
}

#[test]
fn rtcp_goes_where_it_is_said_or_to_the_next_port() {
    let table = [
        (M, "", Some("192.0.2.1:4001")),
        (M, "a=rtcp:5555", Some("192.0.2.1:5555")),
        (M, "a=rtcp:5555 IN IP4 192.0.2.7", Some("192.0.2.7:5555")),
        (M, "a=rtcp-mux", Some("192.0.2.1:4000")),
        (M, "a=rtcp:0", None),
        (M, "a=rtcp:x", None),
        ("m=audio 65535 RTP/AVP 0", "", None),
        ("m=audio 0 RTP/AVP 0", "a=rtcp:5555", None),
    ];
    for (m, rest, want) in table {
        let got = section(C, m, rest).media(0).unwrap().rtcp();
        assert_eq!(got, want.map(|w| w.parse().unwrap()), "{m} {rest}");
    }
}

#[test]
fn addresses_are_read_whatever_stands_around_them() {
    let table = [
        ("c=IN IP4 192.0.2.1/127", "192.0.2.1"),
        ("c=IN IP4 2001:db8::1", "2001:db8::1"),
        ("c=IN IP6 [2001:db8::1]", "2001:db8::1"),
    ];
    for (c, want) in table {
        let read = section(c, M, "");
        let want = Address::Ip(want.parse().unwrap());
        assert_eq!(read.media(0).unwrap().address(), Some(want));
    }
    let named = section("c=IN IP4 media.example.com", M, "");
    assert_eq!(
        named.media(0).unwrap().address(),
        Some(Address::Name("media.example.com"))
    );
    assert_eq!(named.media(0).unwrap().rtp(), None);
}

/// Numbers past 127 must not index anything; odd packet times must not overflow anything.
#[test]
fn odd_numbers_are_passed_over() {
    let m = "m=audio 4000 RTP/AVP 0 95 96 127 128 255 2147483648 x";
    let rest = "a=rtpmap:96 opus/48000/2\na=rtpmap:127 x/0\na=rtpmap:128 y/8000\n\
                a=rtpmap:300 z/8000\na=rtpmap:95\na=ptime:2147483648\na=maxptime:0";
    let read = section(C, m, rest);
    let media = read.media(0).unwrap();
    let numbers: Vec<u8> = media.payload_types().map(PayloadType::get).collect();
    assert_eq!(numbers, [0, 95, 96, 127]);
    let formats: Vec<String> = media.formats().iter().map(ToString::to_string).collect();
    assert_eq!(formats, ["PCMU/8000", "opus/48000/2"]);
    assert_eq!((media.ptime_ms(), media.max_ptime_ms()), (None, None));
}
