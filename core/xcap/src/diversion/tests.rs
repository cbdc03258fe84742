use super::*;
use proptest::option;
use proptest::prelude::*;

const DOMAIN: &str = "pbx.test";

/// As a server's portal writes it: with conditional rules, another service, and actions of its own.
const PORTAL: &str = "<?xml version=\"1.0\"?><ss:simservs xmlns:ss=\"http://uri.etsi.org/ngn/params/xml/simservs/xcap\" \
    xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\" xmlns:x=\"urn:x\"><ss:communication-waiting active=\"true\"/>\
    <ss:communication-diversion active=\"true\" x:by=\"portal\"><ss:NoReplyTimer>20</ss:NoReplyTimer><cp:ruleset>\
    <cp:rule id=\"night\"><cp:conditions><cp:validity><cp:from>2026-01-01T00:00:00Z</cp:from></cp:validity></cp:conditions>\
    <cp:actions><ss:forward-to><ss:target>sip:999@pbx.test</ss:target></ss:forward-to></cp:actions></cp:rule>\
    <cp:rule id=\"cfb\"><cp:conditions><ss:busy/></cp:conditions><cp:actions><ss:forward-to>\
    <ss:target>sip:600@pbx.test</ss:target><ss:notify-caller>false</ss:notify-caller></ss:forward-to></cp:actions></cp:rule>\
    <cp:rule id=\"cfnr\"><cp:conditions><ss:no-answer/></cp:conditions><cp:actions><ss:forward-to>\
    <ss:target>tel:+49711555</ss:target></ss:forward-to></cp:actions></cp:rule>\
    <cp:rule id=\"cfu\"><cp:conditions><ss:rule-deactivated/></cp:conditions><cp:actions><ss:forward-to>\
    <ss:target>sip:700@pbx.test</ss:target></ss:forward-to></cp:actions></cp:rule>\
    </cp:ruleset></ss:communication-diversion></ss:simservs>";

fn read(text: &str) -> Diversion {
    Diversion::read(text.as_bytes(), DOMAIN).unwrap()
}

fn to(always: Option<&str>, busy: Option<&str>, no_answer: Option<(&str, u32)>) -> Forwarding {
    Forwarding {
        always: always.map(str::to_owned),
        busy: busy.map(str::to_owned),
        no_answer: no_answer.map(|(to, _)| to.to_owned()),
        after_s: no_answer.map(|(_, after_s)| after_s),
    }
}

#[test]
fn m_134_what_a_portal_wrote_is_read_and_stays() {
    let mut document = read(PORTAL);
    let theirs = to(None, Some("600"), Some(("+49711555", 20)));
    assert_eq!(document.forwarding(), theirs);
    document.write(&theirs);
    assert_eq!(
        document,
        read(PORTAL),
        "what it says already it says as before"
    );
    let ours = to(Some("800"), None, Some(("+49711555", 30)));
    document.write(&ours);
    assert_eq!(document.forwarding(), ours);
    let text = document.text();
    for kept in [
        "<ss:communication-waiting active=\"true\"/>",
        "x:by=\"portal\"",
        "<cp:rule id=\"night\"><cp:conditions><cp:validity><cp:from>2026-01-01T00:00:00Z</cp:from></cp:validity>",
        "<ss:target>sip:999@pbx.test</ss:target>",
        "<ss:notify-caller>false</ss:notify-caller>",
        "<ss:target>tel:+49711555</ss:target>",
        "<ss:NoReplyTimer>30</ss:NoReplyTimer>",
        "<cp:rule id=\"cfu\"><cp:conditions/>",
        "<ss:busy/><ss:rule-deactivated/>",
    ] {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
    assert!(
        !text.contains("offhook"),
        "the portal's own rules are used: {text}"
    );
}

#[test]
fn m_134_a_service_that_is_off_stays_off_but_for_what_is_switched_on() {
    let mut document =
        read(&PORTAL.replace("diversion active=\"true\"", "diversion active=\"false\""));
    assert!(document.is_there() && document.forwarding().is_off());
    let ours = to(Some("800"), None, None);
    document.write(&ours);
    assert_eq!(document.forwarding(), ours);
}

#[test]
fn m_134_the_first_word_makes_a_document_that_servers_read() {
    let mut document = Diversion::new(DOMAIN);
    assert!(!document.is_there());
    document.write(&Forwarding::default());
    assert!(!document.is_there(), "who says nothing writes nothing");
    let ours = to(Some("*21#5"), Some("sip:a@b.test"), Some(("600", 3)));
    document.write(&ours);
    let again = read(&document.text());
    let least = to(Some("*21#5"), Some("sip:a@b.test"), Some(("600", LEAST_S)));
    assert_eq!(again.forwarding(), least);
    let text = document.text();
    let timer = text.find("<NoReplyTimer>5</NoReplyTimer><cp:ruleset xmlns:cp=");
    assert!(timer.is_some(), "the timer stands before the rules: {text}");
    assert!(
        text.contains("<target>sip:*21%235@pbx.test</target>"),
        "{text}"
    );
}

#[test]
fn m_134_a_target_that_no_call_can_be_sent_to_is_none() {
    for bad in [
        "",
        "mailto:a@b",
        "sip:",
        "urn:offhook:name:Ann",
        "sip:a b@c",
    ] {
        let document = read(&PORTAL.replace("sip:600@pbx.test", bad));
        assert_eq!(document.forwarding().busy, None, "{bad}");
    }
    for timer in ["0", "-1", "soon", "99999999999"] {
        let timer = format!("<ss:NoReplyTimer>{timer}<");
        let document = read(&PORTAL.replace("<ss:NoReplyTimer>20<", &timer));
        let after_s = document.forwarding().after_s.unwrap();
        assert!((1..=600).contains(&after_s), "{timer}: {after_s}");
    }
    assert!(Diversion::read(b"<resource-lists/>", DOMAIN).is_err());
}

/// A rule whose target says nothing to us is not ours to switch along with another.
#[test]
fn m_134_a_portals_rule_that_we_cannot_read_stays_as_it_is() {
    let mut document = read(&PORTAL.replace("sip:600@pbx.test", "voicemail:101"));
    let ours = to(Some("800"), None, None);
    document.write(&ours);
    assert_eq!(document.forwarding(), ours);
    let text = document.text();
    assert!(text.contains("<ss:busy/></cp:conditions>"), "{text}");
    document.write(&to(None, Some("801"), None));
    assert_eq!(document.forwarding(), to(None, Some("801"), None));
}

/// The rule: rule by rule, what was said here and has not reached the server is stronger; all else is the server's.
#[test]
fn m_134_of_two_changes_that_of_this_phone_holds_rule_by_rule() {
    let agreed = to(Some("1"), Some("2"), Some(("3", 20)));
    let ours = to(Some("10"), Some("2"), Some(("3", 20)));
    let theirs = to(Some("100"), None, Some(("300", 25)));
    let wanted = to(Some("10"), None, Some(("300", 25)));
    assert_eq!(joined(&ours, Some(&agreed), Some(&theirs)), wanted);
    assert_eq!(
        joined(&ours, None, Some(&theirs)),
        theirs,
        "who never agreed"
    );
    assert_eq!(joined(&ours, Some(&agreed), None), ours, "no document");
}

fn any_forwarding() -> impl Strategy<Value = Forwarding> {
    let target = || prop_oneof!["[0-9*]{1,4}", Just("sip:a@b.test".to_owned())];
    let silence = option::of((target(), LEAST_S..=MOST_S));
    (option::of(target()), option::of(target()), silence).prop_map(|(always, busy, silence)| {
        let (no_answer, after_s) = silence.unzip();
        Forwarding {
            always,
            busy,
            no_answer,
            after_s,
        }
    })
}

proptest! {
    /// Whatever is written is read the same, whatever was there before, and a second time nothing changes.
    #[test]
    fn m_134_what_is_written_is_what_is_read(first in any_forwarding(), then in any_forwarding(), portal in any::<bool>()) {
        let mut document = if portal { read(PORTAL) } else { Diversion::new(DOMAIN) };
        for wanted in [&first, &then, &first] {
            document.write(wanted);
            let mut again = read(&document.text());
            prop_assert_eq!(&again.forwarding(), wanted);
            let before = again.clone();
            again.write(wanted);
            prop_assert_eq!(again, before);
        }
    }

    /// One side alone that changed something has its will; both the same: that.
    #[test]
    fn m_134_who_alone_changed_something_has_their_will(a in any_forwarding(), b in any_forwarding()) {
        prop_assert_eq!(joined(&a, Some(&b), Some(&b)), a.clone());
        prop_assert_eq!(joined(&b, Some(&b), Some(&a)), a.clone());
        prop_assert_eq!(joined(&a, Some(&b), Some(&a)), a);
    }
}
