//! Lists, as RFC 4662 §5 has them, and as they must not be.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of news.

use super::*;
use expect_test::{Expect, expect};
use sip_message::Headers;

/// A part of its own, as a multipart body has it.
fn part(kind: &str, id: &str, body: &str) -> Part {
    Part {
        kind: kind.to_owned(),
        id: (!id.is_empty()).then(|| id.to_owned()),
        disposition: None,
        required: true,
        plain: true,
        content: Content::Leaf(Bytes::from(body.to_owned())),
    }
}

fn rlmi(version: u32, full: bool, inner: &str) -> Vec<Part> {
    let body = format!(
        "<list xmlns='urn:ietf:params:xml:ns:rlmi' uri='sip:l@x' version='{version}' fullState='{full}'>{inner}</list>"
    );
    vec![
        part(RLMI, "top@x", &body),
        part("application/pidf+xml", "b@x", "<presence/>"),
        part("application/pidf+xml", "c@x", "<presence/>"),
    ]
}

fn resource(user: &str, instances: &str) -> String {
    format!("<resource uri='sip:{user}@x'><name>{user} there</name>{instances}</resource>")
}

const ACTIVE: &str = "<instance id='1' state='active' cid='b@x'/>";

fn check(list: &mut List, parts: &[Part], gap: bool, expected: &Expect) {
    let said = match list.take(parts, gap) {
        Ok(Took::News(all)) => {
            let lines = all.iter().map(|told| {
                let news = match &told.news {
                    Ok(News::Document {
                        fork,
                        content_type,
                        body,
                        ..
                    }) => {
                        format!("document {fork} {content_type} {}", body.len())
                    }
                    Ok(other) => format!("{other:?}"),
                    Err(bad) => format!("! {bad}"),
                };
                format!("{} {news}\n", told.uri)
            });
            lines.collect::<String>()
        }
        other => format!("{other:?}\n"),
    };
    let members = list.members().map(|all| {
        let all = all.iter().map(|member| member.uri.as_str());
        all.collect::<Vec<_>>().join(" ")
    });
    expected.assert_eq(&format!("{said}= {members:?}\n"));
}

#[test]
fn m098_a_list_tells_who_is_in_it_and_how_each_stands() {
    let mut list = List::default();
    let all = [
        resource("a", ACTIVE),
        resource("b", "<instance id='1' state='pending'/>"),
        resource(
            "c",
            "<instance id='1' state='terminated' reason='noresource'/>",
        ),
        resource("d", ""),
        resource("e", "<instance id='1' state='active'/>"),
    ];
    check(
        &mut list,
        &rlmi(4, true, &all.concat()),
        false,
        &expect![[r#"
        sip:a@x document 0 application/pidf+xml 11
        sip:b@x Pending
        sip:c@x Lost { cause: Ended(NoResource), next_try: None }
        sip:d@x document 0  0
        sip:e@x document 0  0
        = Some("sip:a@x sip:b@x sip:c@x sip:d@x sip:e@x")
    "#]],
    );
    assert_eq!(list.members().unwrap()[0].name.as_deref(), Some("a there"));
}

#[test]
fn m098_changes_count_one_by_one_and_a_gap_asks_for_the_whole() {
    let mut list = List::default();
    let partial = |version| rlmi(version, false, &resource("a", ACTIVE));
    check(
        &mut list,
        &partial(0),
        false,
        &expect![[r#"
        Ok(Missing)
        = None
    "#]],
    );
    let two = [resource("a", ACTIVE), resource("b", "")].concat();
    check(
        &mut list,
        &rlmi(0, true, &two),
        false,
        &expect![[r#"
        sip:a@x document 0 application/pidf+xml 11
        sip:b@x document 0  0
        = Some("sip:a@x sip:b@x")
    "#]],
    );
    check(
        &mut list,
        &partial(1),
        false,
        &expect![[r#"
        sip:a@x document 0 application/pidf+xml 11
        = Some("sip:a@x sip:b@x")
    "#]],
    );
    check(
        &mut list,
        &partial(3),
        false,
        &expect![[r#"
        Ok(Missing)
        = None
    "#]],
    );
    check(
        &mut list,
        &partial(4),
        false,
        &expect![[r#"
        Ok(Missing)
        = None
    "#]],
    );
}

/// Whatever its version says, a change after a NOTIFY that was not heard is none; a full state always is.
#[test]
fn m098_a_notify_that_was_not_heard_is_a_gap_too() {
    let mut list = List::default();
    let partial = |version| rlmi(version, false, &resource("a", ACTIVE));
    let two = [resource("a", ACTIVE), resource("b", "")].concat();
    check(
        &mut list,
        &rlmi(0, true, &two),
        true,
        &expect![[r#"
        sip:a@x document 0 application/pidf+xml 11
        sip:b@x document 0  0
        = Some("sip:a@x sip:b@x")
    "#]],
    );
    check(
        &mut list,
        &partial(1),
        true,
        &expect![[r#"
        Ok(Missing)
        = None
    "#]],
    );
}

#[test]
fn m098_a_list_that_shrinks_lets_go_and_instances_come_and_go() {
    let mut list = List::default();
    let two =
        "<instance id='1' state='active' cid='b@x'/><instance id='2' state='active' cid='c@x'/>";
    let full = [resource("a", two), resource("b", "")].concat();
    check(
        &mut list,
        &rlmi(0, true, &full),
        false,
        &expect![[r#"
        sip:a@x document 0 application/pidf+xml 11
        sip:a@x document 1 application/pidf+xml 11
        sip:b@x document 0  0
        = Some("sip:a@x sip:b@x")
    "#]],
    );
    let over = resource(
        "a",
        "<instance id='1' state='terminated' reason='timeout'/>",
    );
    check(
        &mut list,
        &rlmi(1, false, &over),
        false,
        &expect![[r#"
        sip:a@x ForkGone { fork: 0 }
        = Some("sip:a@x sip:b@x")
    "#]],
    );
    let last = resource(
        "a",
        "<instance id='2' state='terminated' reason='rejected'/>",
    );
    check(
        &mut list,
        &rlmi(2, false, &last),
        false,
        &expect![[r#"
        sip:a@x ForkGone { fork: 1 }
        sip:a@x Lost { cause: Ended(Rejected), next_try: None }
        = Some("sip:a@x sip:b@x")
    "#]],
    );
    check(
        &mut list,
        &rlmi(7, true, &resource("b", ACTIVE)),
        false,
        &expect![[r#"
        sip:b@x document 0 application/pidf+xml 11
        = Some("sip:b@x")
    "#]],
    );
    check(
        &mut list,
        &rlmi(8, true, ""),
        false,
        &expect![[r#"
        = Some("")
    "#]],
    );
}

/// Who is asked again whether we may look shows nothing of what was said before.
#[test]
fn m098_an_instance_that_waits_for_consent_again_says_nothing_any_more() {
    let mut list = List::default();
    list.take(&rlmi(0, true, &resource("a", ACTIVE)), false)
        .unwrap();
    let waits = resource("a", "<instance id='1' state='pending'/>");
    check(
        &mut list,
        &rlmi(1, false, &waits),
        false,
        &expect![[r#"
        sip:a@x ForkGone { fork: 0 }
        sip:a@x Pending
        = Some("sip:a@x")
    "#]],
    );
    check(
        &mut list,
        &rlmi(2, false, &resource("a", ACTIVE)),
        false,
        &expect![[r#"
        sip:a@x document 1 application/pidf+xml 11
        = Some("sip:a@x")
    "#]],
    );
}

#[test]
fn m098_what_is_no_list_is_not_believed() {
    let full = || rlmi(0, true, &resource("a", ACTIVE));
    let cases = [
        (Vec::new(), "list"),
        (vec![part("text/plain", "", "x")], "list"),
        (vec![part(RLMI, "", "<resource/>")], "root element"),
        (
            vec![part(RLMI, "", "<list version='x' fullState='true'/>")],
            "version",
        ),
        (
            vec![part(RLMI, "", "<list version='1' fullState='yes'/>")],
            "fullState",
        ),
    ];
    for (parts, what) in cases {
        let mut list = List::default();
        list.take(&full(), false).unwrap();
        let bad = list.take(&parts, false).unwrap_err();
        assert_eq!(bad, Bad::Malformed(what));
        assert_eq!(list.members(), None, "{what}");
    }
}

/// What is wrong with one member is that one's trouble: the others are told, also in the next change.
#[test]
fn m098_one_bad_member_darkens_nobody_else() {
    let many: String = (0..9)
        .map(|n| format!("<instance id='{n}' state='active'/>"))
        .collect();
    let twice = "<instance id='1' state='active'/><instance id='1' state='active'/>";
    for (bad, what) in [
        ("<instance id='1' state='active' cid='gone@x'/>", "cid"),
        ("<instance id='1' state='active' cid='b@x'/>", "cid"),
        ("<instance state='active'/>", "id"),
        ("<instance id='1'/>", "state"),
        (twice, "id"),
        (many.as_str(), "instances"),
    ] {
        let mut list = List::default();
        let other = "<instance id='1' state='active' cid='c@x'/>";
        list.take(&rlmi(0, true, &resource("bad", other)), false)
            .unwrap();
        let all = [
            resource("a", ACTIVE),
            resource("bad", bad),
            "<resource/>".to_owned(),
            resource("z", other),
        ];
        let Ok(Took::News(news)) = list.take(&rlmi(1, false, &all.concat()), false) else {
            panic!("{what}");
        };
        let of = |user: &str| {
            let uri = format!("sip:{user}@x");
            let all = news.iter().filter(|told| told.uri == uri);
            all.map(|told| told.news.clone()).last().unwrap()
        };
        assert!(of("a").is_ok() && of("z").is_ok(), "{what}");
        let (Bad::Malformed(named) | Bad::TooMuch(named)) = of("bad").unwrap_err() else {
            panic!("{what}");
        };
        assert_eq!(named, what);
        assert_eq!(list.members().map(<[Member]>::len), Some(3), "{what}");
    }
    // Nobody knows which of two counts.
    let mut list = List::default();
    let twice = [resource("a", ACTIVE), resource("a", ""), resource("b", "")];
    check(
        &mut list,
        &rlmi(0, true, &twice.concat()),
        false,
        &expect![[r#"
        sip:a@x document 0 application/pidf+xml 11
        sip:a@x ! the document has no valid uri
        sip:b@x document 0  0
        = Some("sip:a@x sip:b@x")
    "#]],
    );
}

#[test]
fn m098_of_more_members_than_there_may_be_the_first_are_told() {
    let long = |from: usize| -> String {
        (from..=MAX_MEMBERS)
            .map(|n| resource(&n.to_string(), ""))
            .collect()
    };
    let mut list = List::default();
    for (version, from) in [(0, 0), (1, 0), (2, 1)] {
        let Ok(Took::News(news)) = list.take(&rlmi(version, true, &long(from)), false) else {
            panic!("{from}");
        };
        assert_eq!(news.len(), MAX_MEMBERS);
        let members = list.members().unwrap();
        assert_eq!(members.len(), MAX_MEMBERS);
        let has_last = members
            .iter()
            .any(|one| one.uri == format!("sip:{MAX_MEMBERS}@x"));
        assert_eq!(has_last, from == 1, "there is room for it now");
    }
}

/// The example of RFC 4662 §6, shortened, as it travels: parts are found by their Content-ID.
#[test]
fn m098_a_list_is_read_as_it_travels() {
    let body = "--50UBfW7LSCVLtggUPe5z\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <nXYxAE@pres.vancouver.example.com>\r\n\
        Content-Type: application/rlmi+xml;charset=\"UTF-8\"\r\n\r\n\
        <?xml version=\"1.0\" encoding=\"UTF-8\"?><list xmlns=\"urn:ietf:params:xml:ns:rlmi\" \
        uri=\"sip:adam-friends@pres.vancouver.example.com\" version=\"1\" fullState=\"true\">\
        <name xml:lang=\"en\">Buddy List at COM</name><resource uri=\"sip:bob@vancouver.example.com\">\
        <name>Bob Smith</name><instance id=\"juwigmtboe\" state=\"active\" cid=\"bUZBsM@pres.vancouver.example.com\"/>\
        </resource></list>\r\n--50UBfW7LSCVLtggUPe5z\r\nContent-Transfer-Encoding: binary\r\n\
        Content-ID: <bUZBsM@pres.vancouver.example.com>\r\nContent-Type: application/pidf+xml;charset=\"UTF-8\"\r\n\r\n\
        <presence/>\r\n--50UBfW7LSCVLtggUPe5z--";
    let text = format!(
        "NOTIFY sip:a@x SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nFrom: <sip:l@x>;tag=1\r\nTo: <sip:a@x>;tag=2\r\n\
         Call-ID: c\r\nCSeq: 1 NOTIFY\r\nMax-Forwards: 70\r\nContent-Type: multipart/related;\
         type=\"application/rlmi+xml\";start=\"<nXYxAE@pres.vancouver.example.com>\";boundary=\"50UBfW7LSCVLtggUPe5z\"\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let message =
        sip_message::parse_datagram(Bytes::from(text), &sip_message::Limits::DEFAULT).unwrap();
    let sip_message::Message::Request(request) = message else {
        panic!("it is a request");
    };
    let headers: &Headers = request.headers();
    let whole = Part::of_up_to(8, headers, request.body()).unwrap().unwrap();
    let Content::All(parts) = whole.content else {
        panic!("{whole:?}");
    };
    check(
        &mut List::default(),
        &parts,
        false,
        &expect![[r#"
        sip:bob@vancouver.example.com document 0 application/pidf+xml 11
        = Some("sip:bob@vancouver.example.com")
    "#]],
    );
}
