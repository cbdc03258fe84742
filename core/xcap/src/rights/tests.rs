use super::*;
use expect_test::expect;
use policy::watch::{Group, Watching, What};
use proptest::collection::vec;
use proptest::prelude::*;

const OWN: &str = "sip:10@a.test";

fn right(line: &str) -> Right {
    Right::read(line).unwrap()
}

fn rights(lines: &[&str]) -> Vec<Right> {
    lines.iter().map(|line| right(line)).collect()
}

fn together(ours: &[Right], agreed: Option<&[Right]>, theirs: &[Right]) -> Vec<Right> {
    joined(ours, agreed, theirs).unwrap().rights
}

fn seen(said: &[Right], groups: &[&str]) -> Seen {
    let of = Watching {
        groups: groups.iter().map(|l| Group::read(l).unwrap()).collect(),
        person: said.to_vec(),
        ..Watching::default()
    };
    of.seen(What::Presence, OWN)
}

#[test]
fn m_100_who_may_is_one_rule_and_who_else_may_not_another() {
    let said = rights(&[
        "presence allow domain b.test",
        "presence refuse user 2@b.test",
        "presence allow user 1",
        "dialog allow user 1",
        "presence allow group sales",
    ]);
    let mut document = Rules::default();
    document.write(&seen(&said, &["sales: 7, inactive 8"]), &said);
    let text = document.text().replace("<rule ", "\n<rule ");
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <ruleset xmlns="urn:ietf:params:xml:ns:common-policy">
        <rule id="offhook-refused" xmlns:pr="urn:ietf:params:xml:ns:pres-rules"><conditions><identity><one id="sip:2@b.test"/></identity></conditions><actions><pr:sub-handling>block</pr:sub-handling></actions></rule>
        <rule id="offhook-allowed" xmlns:pr="urn:ietf:params:xml:ns:pres-rules"><conditions><identity><one id="sip:1@a.test"/><one id="sip:7@a.test"/><many domain="b.test"><except id="sip:2@b.test"/></many></identity></conditions><actions><pr:sub-handling>allow</pr:sub-handling></actions><transformations><pr:provide-devices><pr:all-devices/></pr:provide-devices><pr:provide-persons><pr:all-persons/></pr:provide-persons><pr:provide-services><pr:all-services/></pr:provide-services><pr:provide-all-attributes/></transformations></rule>
        <rule id="offhook-others" xmlns:pr="urn:ietf:params:xml:ns:pres-rules" xmlns:offhook="urn:offhook:rights:1"><conditions><identity><many/></identity></conditions><actions><pr:sub-handling>block</pr:sub-handling><offhook:all count="5"/><offhook:said>presence allow domain b.test</offhook:said><offhook:said>presence refuse user 2@b.test</offhook:said><offhook:said>presence allow user 1</offhook:said><offhook:said>dialog allow user 1</offhook:said><offhook:said>presence allow group sales</offhook:said></actions></rule></ruleset>
    "#]]
    .assert_eq(&text);
}

/// What a newer phone says goes on to be said.
#[test]
fn m_100_lines_that_only_newer_phones_understand_stay() {
    let mut document = Rules::default();
    let said = rights(&["presence allow user 1"]);
    document.write(&Seen::default(), &said);
    let newer = "</offhook:said><offhook:said>video allow user 1</offhook:said>";
    let text = document.text().replace("</offhook:said>", newer);
    let text = text.replace("count=\"1\"", "count=\"2\"");
    let mut document = Rules::read(text.as_bytes()).unwrap();
    assert_eq!(document.said().as_ref(), Some(&said));
    document.write(&Seen::default(), &rights(&["presence refuse user 1"]));
    let text = document.text();
    assert!(text.contains("<offhook:said>video allow user 1<"), "{text}");
    assert_eq!(document.said(), Some(rights(&["presence refuse user 1"])));
}

/// As a server's portal writes it.
const PORTAL: &str = "<cr:ruleset xmlns:cr=\"urn:ietf:params:xml:ns:common-policy\" xmlns:x=\"urn:x\" \
    xmlns:pres=\"urn:ietf:params:xml:ns:pres-rules\"><!-- by hand --><cr:rule id=\"boss\" x:by=\"portal\"><cr:conditions>\
    <cr:identity><cr:one id=\"sip:99@a.test\"/></cr:identity></cr:conditions><cr:actions>\
    <pres:sub-handling>polite-block</pres:sub-handling></cr:actions></cr:rule></cr:ruleset>";

#[test]
fn m_100_rules_of_others_stay_between_ours() {
    let mut document = Rules::read(PORTAL.as_bytes()).unwrap();
    assert_eq!(document.said(), None, "none of us wrote it");
    let said = rights(&[
        "presence allow anybody",
        "presence refuse domain c.test",
        "presence refuse user 3",
    ]);
    document.write(&seen(&said, &[]), &said);
    let text = document.text();
    let boss = &PORTAL[PORTAL.find("<cr:rule ").unwrap()..PORTAL.find("</cr:ruleset>").unwrap()];
    let found = [
        "<!-- by hand -->",
        "offhook-allowed",
        boss,
        "offhook-others",
    ];
    let places: Vec<usize> = found.iter().map(|one| text.find(one).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains(
        "<cr:many><cr:except domain=\"c.test\"/><cr:except id=\"sip:3@a.test\"/></cr:many>"
    ));
    assert_eq!(Rules::read(text.as_bytes()).unwrap().said(), Some(said));
    document.write(&Seen::default(), &[]);
    let text = document.text();
    assert!(
        text.contains(boss) && !text.contains("offhook-allowed"),
        "{text}"
    );
    assert_eq!(document.said(), Some(Vec::new()));
}

#[test]
fn a_document_of_something_else_is_refused() {
    for (text, why) in [
        ("<ruleset/>", "begins with 'ruleset'"),
        ("<resource-lists/>", "begins with 'resource-lists'"),
        ("nothing", "no well-formed XML"),
    ] {
        let refused = Rules::read(text.as_bytes()).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let odd = "<ruleset xmlns=\"urn:ietf:params:xml:ns:common-policy\"><rule id=\"offhook-others\"><actions>\
               <said xmlns=\"urn:offhook:rights:1\">eat allow anybody</said><said xmlns=\"urn:offhook:rights:1\"/>\
               </actions></rule></ruleset>";
    let said = |text: &str| Rules::read(text.as_bytes()).unwrap().said();
    assert_eq!(said(odd), None, "nobody says how many there were");
    let all = |count: u32| {
        let all = format!("<actions><all xmlns=\"urn:offhook:rights:1\" count=\"{count}\"/>");
        odd.replace("<actions>", &all)
    };
    assert_eq!(said(&all(2)), Some(Vec::new()), "no right says them");
    assert_eq!(said(&all(3)), None, "one was taken away");
}

/// The rule of two changes, right by right.
#[test]
fn m_100_what_was_said_here_and_has_not_reached_the_server_holds() {
    let agreed = rights(&[
        "presence allow user 1",
        "presence allow user 2",
        "dialog allow user 3",
    ]);
    let ours = rights(&[
        "presence refuse user 1",
        "presence allow user 2",
        "presence allow user 4",
    ]);
    let theirs = rights(&[
        "presence allow user 1",
        "dialog allow user 3",
        "dialog allow user 5",
    ]);
    let held = rights(&[
        "presence refuse user 1",
        "dialog allow user 5",
        "presence allow user 4",
    ]);
    assert_eq!(together(&ours, Some(&agreed), &theirs), held);
    let both = rights(&[
        "presence refuse user 1",
        "dialog allow user 3",
        "dialog allow user 5",
        "presence allow user 2",
        "presence allow user 4",
    ]);
    assert_eq!(together(&ours, None, &theirs), both, "who never agreed");
}

fn any_rights() -> impl Strategy<Value = Vec<Right>> {
    let line =
        "(presence|dialog) (allow|refuse) (user [1-3]|domain [bc]\\.test|anybody|group [xy])";
    vec(line, 0..6).prop_map(|lines| {
        let mut of = Watching::default();
        for line in lines {
            of.keep(right(&line));
        }
        of.person
    })
}

fn sorted(of: &[Right]) -> Vec<String> {
    let mut lines: Vec<String> = of.iter().map(ToString::to_string).collect();
    lines.sort();
    lines
}

proptest! {
    #[test]
    fn m_100_what_is_written_is_what_is_read(first in any_rights(), then in any_rights(), portal in any::<bool>()) {
        let mut document = match portal {
            true => Rules::read(PORTAL.as_bytes()).unwrap(),
            false => Rules::default(),
        };
        for said in [&first, &then] {
            document.write(&seen(said, &["x: 1, 2", "y restricted: 3"]), said);
            let again = Rules::read(document.text().as_bytes()).unwrap();
            prop_assert_eq!(again.said(), Some(said.clone()));
            let mut twice = again.clone();
            twice.write(&seen(said, &["x: 1, 2", "y restricted: 3"]), said);
            prop_assert_eq!(twice.text(), document.text());
        }
    }

    /// One side alone that changed something has its will; both the same: that.
    #[test]
    fn m_100_who_alone_changed_something_has_their_will(a in any_rights(), b in any_rights()) {
        prop_assert_eq!(sorted(&together(&a, Some(&b), &b)), sorted(&a));
        prop_assert_eq!(sorted(&together(&b, Some(&b), &a)), sorted(&a));
        prop_assert_eq!(sorted(&together(&a, Some(&b), &a)), sorted(&a));
    }
}
