use super::*;

fn read(uri: &str) -> Result<String, Refused> {
    Link::read(uri).map(|link| link.to)
}

/// What a page or a program may hand over, and what each calls. An empty one calls nothing.
const LINKS: [(&str, &str); 58] = [
    ("tel:+4971112345", "tel:+4971112345"),
    ("TEL:+4971112345", "tel:+4971112345"),
    ("tel:+49-711-12345", "tel:+4971112345"),
    ("tel:+49 711 12345", "tel:+4971112345"),
    ("tel:%2B4971112345", "tel:+4971112345"),
    ("tel:+49%20711%2012345", "tel:+4971112345"),
    ("tel:(0711)%2012345", "tel:071112345"),
    ("tel:12345-45", "tel:1234545"),
    ("tel://+4971112345", "tel:+4971112345"),
    ("tel:600", "tel:600"),
    ("tel:600;phone-context=pbx.example", "tel:600"),
    (
        "tel:863-1234;phone-context=+1-914-555",
        "tel:+19145558631234",
    ),
    ("tel:+1-201-555-0123;ext=22", "tel:+12015550123,22"),
    ("tel:+15551234;isub=1411", "tel:+15551234"),
    ("tel:+1555,,1234%23", "tel:+1555,,1234#"),
    ("tel:*21*0900123%23", "tel:*21*0900123#"),
    ("tel:+4971112345?Route=evil", "tel:+4971112345"),
    ("callto:+4971112345", "tel:+4971112345"),
    ("callto://0711/12345", "tel:071112345"),
    ("callto:alice@pbx.example", "sip:alice@pbx.example"),
    ("callto:sip:alice@pbx.example", "sip:alice@pbx.example"),
    ("sip:alice@pbx.example", "sip:alice@pbx.example"),
    ("SIP:alice@pbx.example", "sip:alice@pbx.example"),
    ("sip://alice@pbx.example", "sip:alice@pbx.example"),
    ("sips:alice@pbx.example", "sips:alice@pbx.example"),
    (
        "sip:alice@pbx.example:5070;transport=TCP",
        "sip:alice@pbx.example:5070;transport=tcp",
    ),
    (
        "sip:alice@pbx.example?Replaces=x&From=y",
        "sip:alice@pbx.example",
    ),
    (
        "sip:alice@pbx.example?Authorization=x",
        "sip:alice@pbx.example",
    ),
    (
        "sip:alice@pbx.example;method=REFER",
        "sip:alice@pbx.example",
    ),
    (
        "sip:alice@pbx.example;maddr=192.0.2.9",
        "sip:alice@pbx.example",
    ),
    ("sip:alice:secret@pbx.example", "sip:alice@pbx.example"),
    (
        "sip:+49711@pbx.example;user=phone",
        "sip:+49711@pbx.example",
    ),
    ("sip:alice@[2001:db8::1]", "sip:alice@[2001:db8::1]"),
    ("sip:pbx.example", "sip:pbx.example"),
    // What starts no call.
    ("", ""),
    ("600", ""),
    ("-Q", ""),
    ("--settings=/tmp/x", ""),
    ("--opt tel:600", ""),
    ("tel:", ""),
    ("tel:alice", ""),
    ("tel:+", ""),
    ("tel:+49;rm", "tel:+49"),
    ("tel:12%0d%0aINVITE", ""),
    ("tel:12%00", ""),
    ("tel:12\n34", ""),
    ("tel:\"600\"", ""),
    ("tel:$(reboot)", ""),
    ("tel:`reboot`", ""),
    ("sip:", ""),
    ("sip:alice@", ""),
    ("sip:al ice@pbx.example", ""),
    ("sip:a%0d%0aVia:x@pbx.example", ""),
    ("sip:<alice@pbx.example>", ""),
    ("im:alice@pbx.example", ""),
    ("http://pbx.example", ""),
    ("javascript:alert(1)", ""),
    ("file:///etc/passwd", ""),
];

/// M-064: sixty links, with the two that are too long.
#[test]
fn m_064_sixty_links() {
    for (uri, to) in LINKS {
        assert_eq!(read(uri).unwrap_or_default(), to, "{uri}");
    }
    let long = format!("tel:{}", "1".repeat(300));
    let context = format!("tel:600;phone-context=+{}", "1".repeat(70));
    assert_eq!(
        (read(&long), read(&context)),
        (Err(Refused::TooLong), Err(Refused::TooLong))
    );
}

#[test]
fn what_is_refused_says_why() {
    assert_eq!(read("im:alice@x"), Err(Refused::Chat));
    assert_eq!(read("tel:12%0d%0a"), Err(Refused::Sign('\r')));
    assert_eq!(read("http://x"), Err(Refused::Scheme));
    assert_eq!(read("tel:alice"), Err(Refused::Number));
    assert_eq!(read("sip:"), Err(Refused::Address));
    let longest = format!("tel:{}", "1".repeat(LONGEST - 4));
    assert!(read(&longest).is_ok());
    assert_eq!(read(&format!("{longest}1")), Err(Refused::TooLong));
}

#[test]
fn keys_that_switch_things_and_digits_for_later_are_risky() {
    let risky = |uri| Link::read(uri).unwrap().is_risky;
    for uri in [
        "tel:*21*0900%23",
        "tel:+1555,,99",
        "sip:*21*0900%23@pbx.example",
    ] {
        assert!(risky(uri), "{uri}");
    }
    assert!(!risky("tel:+4971112345") && !risky("sip:alice@pbx.example"));
}
