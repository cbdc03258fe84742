//! Whatever can be written can be read, and says the same.

// Strategies stand outside of tests, where clippy does not see that they are part of them.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use sip_message::*;
use support::*;

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,24}"
}

fn domain() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,10}(\\.[a-z][a-z0-9]{1,8}){0,3}",
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
    ]
}

fn uri() -> impl Strategy<Value = SipUri> {
    let port = prop::option::of(1u16..);
    (
        prop::option::of("\\PC{1,20}"),
        domain(),
        port,
        token(),
        "\\PC{0,12}",
    )
        .prop_map(|(user, host, port, name, value)| {
            SipUri::new(user.as_deref(), &host.parse().unwrap(), port).with_param(&name, &value)
        })
}

proptest! {
    #[test]
    fn uris(user in "\\PC{1,20}", host in domain(), header in "\\PC{0,20}") {
        let made = SipUri::new(Some(&user), &host.parse().unwrap(), None);
        let plain = unescape(made.user().unwrap()).into_owned();
        prop_assert_eq!(plain, user.as_bytes());
        let with = made.with_header("Replaces", &header);
        let (_, value) = with.headers().next().unwrap();
        prop_assert_eq!(unescape(value.unwrap_or_default()).into_owned(), header.as_bytes());
        prop_assert_eq!(with.without_headers(), made.clone());
        let again: Uri = made.to_string().parse().unwrap();
        prop_assert!(again.equivalent(&made.into()));
    }

    #[test]
    fn addresses(display in "[^\r\n]{0,30}", uri in uri(), tag in token(), value in "[^\r\n]{1,20}") {
        let made = NameAddr::named(&display, &uri.clone().into())
            .with_param("x", &value)
            .with_tag(&tag);
        let again: NameAddr = made.to_string().parse().unwrap();
        let shown = again.display().unwrap_or_default().into_owned();
        prop_assert_eq!(shown, display);
        prop_assert_eq!(again.uri(), &Uri::from(uri));
        prop_assert_eq!(again.tag(), Some(tag.as_str()));
        prop_assert_eq!(again.unquoted_param("x").unwrap(), value);
    }

    #[test]
    fn digest_answers(words in prop::array::uniform5("[^\r\n]{0,30}"), count in any::<u32>()) {
        let [username, realm, nonce, uri, response] = words;
        let made = DigestResponse {
            username, realm, nonce, uri, response,
            algorithm: Some(Algorithm::Sha256Sess),
            opaque: None,
            protection: Some(Protection {
                qop: Qop::AuthInt,
                cnonce: "c".into(),
                nonce_count: count,
            }),
        };
        prop_assert_eq!(made.to_string().parse(), Ok(made));
    }

    /// Whatever is put into a builder, what comes out holds these headers and no other ones.
    #[test]
    fn requests(
        target in ".{0,40}",
        values in prop::collection::vec(".{0,40}", 0..8),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut builder = RequestBuilder::new(Method::Message, &target);
        for value in &values {
            builder = builder.header("X-Value", value);
        }
        let built = builder.body("text/plain", body.clone()).build();
        let parsed = parse(built.bytes()).unwrap();
        prop_assert_eq!(parsed.defect(), None);
        prop_assert_eq!(parsed.body(), &body);
        prop_assert_eq!(parsed.headers().count("X-Value"), values.len());
        let extra = if body.is_empty() { 1 } else { 2 };
        prop_assert_eq!(parsed.headers().iter().count(), values.len() + extra);
        for (value, header) in values.iter().zip(parsed.headers().iter()) {
            let line = value.replace(['\r', '\n'], " ");
            prop_assert_eq!(header.value, line.trim_matches([' ', '\t']).as_bytes());
        }
        touch(&parsed);
    }

    /// Bytes that nobody meant as a message.
    #[test]
    fn noise(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut stream = Stream::new(Limits::DEFAULT, End::Opened);
        stream.push(&bytes);
        while let Ok(Some(_)) = stream.next() {}
        let mut framed = b"INVITE sip:a SIP/2.0\r\nVia:".to_vec();
        framed.extend_from_slice(&bytes);
        if let Ok(message) = parse(&framed.into()) {
            verdict(&message);
            touch(&message);
        }
    }

    /// Values of a shape that comes close to what they should be.
    #[test]
    fn near_misses(value in "[\"<>@:;,=?%\\[\\]\\\\ a1sip.*/()+-]{0,40}") {
        for name in ["Via", "From", "To", "Contact", "Route", "WWW-Authenticate", "Replaces",
            "Event", "RAck", "Session-Expires", "Refer-To", "CSeq", "Alert-Info", "Warning"] {
            let text = format!("INVITE sip:a SIP/2.0\r\n{name}: {value}\r\n\r\n");
            touch(&parse(&text.into()).unwrap());
        }
        let text = format!("INVITE sip:{value} SIP/2.0\r\n\r\n");
        if let Ok(message) = parse(&text.into()) {
            touch(&message);
        }
    }

    #[test]
    fn stored_messages(values in prop::collection::vec("\\PC{0,20}", 0..4)) {
        let mut builder = ResponseBuilder::new(Status::BUSY_HERE).reason("no");
        for value in &values {
            builder = builder.header(HeaderName::Subject, value);
        }
        let response = builder.build();
        let json = serde_json::to_string(&response).unwrap();
        prop_assert_eq!(serde_json::from_str::<Response>(&json).unwrap(), response);
    }
}
