use super::*;

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

fn sip(text: &str) -> SipUri {
    text.parse().unwrap()
}

/// RFC 3261 §19.1.1 forbids it; whoever sends it must not have a URI that is not itself.
#[test]
fn a_uri_with_a_parameter_twice_is_itself() {
    let one = uri("sip:a@b;x=1;x=2;transport=tcp;transport=udp");
    assert!(one.equivalent(&one));
    assert!(!one.equivalent(&uri("sip:a@b;x=2;transport=udp")));
    let number = uri("tel:+49-30;ext=7;ext=8");
    assert!(number.equivalent(&number));
    assert!(!number.equivalent(&uri("tel:+49-30;ext=8")));
}

#[test]
fn a_uri_comes_apart() {
    let uri =
        sip("sips:al%69ce:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=hi&Priority=urgent");
    assert!(uri.is_secure());
    assert_eq!(uri.user(), Some("al%69ce"));
    assert_eq!(unescape(uri.user().unwrap()).as_ref(), b"alice");
    assert_eq!(uri.password(), Some("secret"));
    assert_eq!(uri.host().to_string(), "[2001:db8::1]");
    assert_eq!(uri.port(), Some(5061));
    assert_eq!(uri.param("Transport"), Some("tcp"));
    assert!(uri.is_loose_router());
    assert_eq!(uri.headers().count(), 2);
    assert_eq!(
        uri.without_extras().to_string(),
        "sips:al%69ce@[2001:db8::1]:5061"
    );
}

#[test]
fn changes_are_made_in_place() {
    let uri = sip("sip:a@b.example;x=1;lr?h=v");
    assert_eq!(
        uri.with_param("ob", "").as_str(),
        "sip:a@b.example;x=1;lr;ob?h=v"
    );
    assert_eq!(uri.without_param("X").as_str(), "sip:a@b.example;lr?h=v");
    assert_eq!(
        uri.with_secure(true).as_str(),
        "sips:a@b.example;x=1;lr?h=v"
    );
    let made = SipUri::new(Some("ä b@\r\n"), &"c.example".parse().unwrap(), Some(5070));
    assert_eq!(made.as_str(), "sip:%C3%A4%20b%40%0D%0A@c.example:5070");
    let made = made.with_param("evil", ">\r\nVia: x");
    assert_eq!(made.param("evil"), Some("%3E%0D%0AVia:%20x"));
}

#[test]
fn what_is_no_uri_is_refused() {
    for text in [
        "",
        "sip",
        "sip:",
        ":x",
        "sip:@a",
        "sip:a@",
        "sip:a b",
        "sip:a@b@c",
        "<sip:a>",
        "sip:a;",
        "sip:a;;b",
        "sip:a?",
        "sip:a:0",
        "sip:a:65536",
        "sip:a%4",
        "sip:%zz@a",
        "sip:2001:db8::10",
        "sip:[::1",
        "tel:",
        "tel:+",
        "9:x",
        "sip:ä@b",
        "sip:a@999.1.1.1",
    ] {
        assert!(text.parse::<Uri>().is_err(), "{text}");
    }
}

/// The examples of RFC 3261 §19.1.4.
#[test]
fn equal_as_rfc_3261_says() {
    for (a, b) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("tel:+1-201-555-0123", "tel:+1(201)5550123"),
    ] {
        assert!(uri(a).equivalent(&uri(b)), "{a} = {b}");
        assert!(uri(b).equivalent(&uri(a)), "{b} = {a}");
    }
}

/// The counter-examples of RFC 3261 §19.1.4.
#[test]
fn different_as_rfc_3261_says() {
    for (a, b) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next%20meeting",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
        ("sip:a%3Bb@x.example", "sip:a;b@x.example"),
        ("sip:a@x.example", "sips:a@x.example"),
        ("sip:%00@h.example", "sip:%00%00@h.example"),
        (
            "tel:123;phone-context=a.example",
            "tel:123;phone-context=b.example",
        ),
    ] {
        assert!(!uri(a).equivalent(&uri(b)), "{a} != {b}");
        assert!(!uri(b).equivalent(&uri(a)), "{b} != {a}");
    }
}

#[test]
fn logs_do_not_say_who() {
    for text in [
        "sip:alice:pw@a.example",
        "tel:+12015550123",
        "mailto:alice@a.example",
    ] {
        let shown = format!("{:?}", uri(text));
        assert!(
            !shown.contains("alice") && !shown.contains("555"),
            "{shown}"
        );
    }
}

#[test]
fn serde_keeps_the_text() {
    let uri = uri("sip:a@b.example;lr");
    let json = serde_json::to_string(&uri).unwrap();
    assert_eq!(json, "\"sip:a@b.example;lr\"");
    assert_eq!(serde_json::from_str::<Uri>(&json).unwrap(), uri);
}
