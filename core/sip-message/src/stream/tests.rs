use super::*;
use crate::{Method, RequestBuilder};

fn request(call_id: &str, body: &str) -> Bytes {
    RequestBuilder::new(Method::Options, "sip:a.example")
        .header("Call-ID", call_id)
        .body("text/plain", body.to_owned())
        .build()
        .bytes()
        .clone()
}

fn frames(stream: &mut Stream) -> Vec<String> {
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = stream.next() {
        frames.push(match frame {
            Frame::Message(message) => message.headers().call_id().unwrap().to_string(),
            Frame::Ping => "ping".to_owned(),
            Frame::Pong => "pong".to_owned(),
        });
    }
    frames
}

#[test]
fn messages_and_pings_come_out_in_order() {
    let mut stream = Stream::new(Limits::DEFAULT, End::Accepted);
    stream.push(&request("1", "body"));
    stream.push(b"\r\n\r\n");
    stream.push(&request("2", "\r\n\r\n"));
    stream.push(b"\r\n");
    stream.push(&request("3", ""));
    assert_eq!(frames(&mut stream), ["1", "ping", "2", "3"]);
    assert_eq!(stream.waiting(), 0);
}

#[test]
fn a_line_end_is_a_pong_only_where_we_ping() {
    let mut opened = Stream::new(Limits::DEFAULT, End::Opened);
    opened.push(b"\r\n");
    assert_eq!(frames(&mut opened), ["pong"]);

    let mut accepted = Stream::new(Limits::DEFAULT, End::Accepted);
    accepted.push(b"\r\n");
    assert_eq!(frames(&mut accepted), [""; 0]);
    accepted.push(b"\r\n");
    assert_eq!(frames(&mut accepted), ["ping"]);
}

#[test]
fn head_and_body_have_caps() {
    let limits = Limits {
        head: 200,
        body: 10,
        ..Limits::DEFAULT
    };
    let after = |bytes: &[u8]| {
        let mut stream = Stream::new(limits, End::Accepted);
        stream.push(bytes);
        (
            stream.next().map(|frame| frame.is_some()),
            stream.next().is_err(),
        )
    };
    assert_eq!(after(&request("1", "0123456789")), (Ok(true), false));
    // Too much body can still be answered; then the stream is lost.
    assert_eq!(after(&request("1", "0123456789a")), (Ok(true), true));
    let filler = "x".repeat(200);
    assert!(after(&request(&filler, "")).0.is_err());
    // Without an end of the head it does not wait for ever.
    assert!(after(filler.as_bytes()).0.is_ok());
    assert!(after("x".repeat(201).as_bytes()).0.is_err());
}

#[test]
fn lengths_never_wrap() {
    for length in [
        "18446744073709551615",
        "4294967296",
        "-1",
        "+5",
        "5 5",
        "0x5",
        "",
    ] {
        let mut stream = Stream::new(Limits::DEFAULT, End::Accepted);
        stream.push(format!("OPTIONS sip:a SIP/2.0\r\nl: {length}\r\n\r\n").as_bytes());
        let Ok(Some(Frame::Message(message))) = stream.next() else {
            panic!("{length}: no answerable message")
        };
        assert!(message.defect().is_some(), "{length}");
        assert!(stream.next().is_err(), "{length}");
    }
}

/// Byte by byte costs no more looks at each byte than in one piece.
#[test]
fn a_slow_head_is_not_read_again_and_again() {
    let mut stream = Stream::new(Limits::DEFAULT, End::Accepted);
    for _ in 0..Limits::DEFAULT.head {
        stream.push(b"x");
        assert_eq!(stream.next(), Ok(None));
        assert_eq!(stream.scanned, stream.buffer.len());
    }
}
