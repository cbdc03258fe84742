//! `rules test` and `open`.

use crate::fake::{Step, run, run_alone};
use control::rules::{RuleStep, RulesOutcome, RulesTested};
use control::{Code, ErrorObject, Reply};
use expect_test::expect;

fn tested(number: &str, outcome: RulesOutcome) -> RulesTested {
    RulesTested {
        account: "demo".parse().unwrap(),
        number: number.into(),
        outcome,
        reason: "no rule says otherwise".into(),
        becomes: number.trim_start_matches("tel:").into(),
        located: None,
        steps: Vec::new(),
        emergency: false,
        record: false,
        through: None,
        headers: Default::default(),
        after: String::new(),
        confirm: false,
        forward_to: None,
        forward_after_s: None,
        answer_after_s: None,
    }
}

fn rules(tested: RulesTested) -> Step {
    let tested = Box::new(tested);
    Step::On("rules.test", Reply::Rules { tested })
}

#[test]
fn rules_test_says_what_would_happen_and_why() {
    let dial = || RulesTested {
        reason: "rule 2 of rewriting".into(),
        located: Some("0042".into()),
        steps: vec![RuleStep {
            rule: 2,
            before: "0042".into(),
            after: "+42".into(),
            continues: false,
        }],
        becomes: "+42".into(),
        record: true,
        through: Some("mobile".parse().unwrap()),
        headers: [("X-Ticket".to_owned(), "7".to_owned())].into(),
        after: ",,1".into(),
        confirm: true,
        ..tested("tel:42", RulesOutcome::Dial)
    };
    let ran = run(&["rules", "test", "tel:42"], vec![rules(dial())]);
    expect![[r#"
        account   demo
        located   tel:42 → 0042
        rule 2    0042 → +42
        becomes   a call to +42
        why       rule 2 of rewriting
        through   account mobile
        adds      X-Ticket: 7
        then      ,,1, each comma a pause of 2 s
        records   the call
        asks      before a clicked link calls it
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let ran = run(&["rules", "test", "42", "--json"], vec![rules(dial())]);
    assert!(
        ran.out.starts_with("{\"kind\":\"rules\",\"tested\":{"),
        "{}",
        ran.out
    );
    let ring = RulesTested {
        forward_to: Some("500".into()),
        forward_after_s: Some(15),
        ..tested("7", RulesOutcome::Ring)
    };
    let ran = run(&["rules", "test", "7", "--incoming"], vec![rules(ring)]);
    expect![[r#"
        account   demo
        becomes   ringing, sent to 500 after 15 s
        why       no rule says otherwise
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    assert!(
        ran.asked[0].contains("\"incoming\":true"),
        "{:?}",
        ran.asked
    );
    let none = tested("", RulesOutcome::NotDialled);
    let ran = run(&["rules", "test", ""], vec![rules(none)]);
    assert_eq!(ran.exit, Some(1));
}

/// M-064: a link that waits for a yes is not called where nobody can say it.
#[test]
fn open_calls_nothing_without_a_yes() {
    let asks = || RulesTested {
        confirm: true,
        ..tested("tel:+4971112345", RulesOutcome::Dial)
    };
    let ran = run(&["open", "tel:+49-711-12345"], vec![rules(asks())]);
    expect![[r#"
        --- stderr
        ! OH-6008 that is not permitted
          why   the link to '+4971112345' waits for a yes
          fix   call it with: offhook open --yes URI; when to ask is dial.uri_confirm in the settings
          more  offhook explain OH-6008
        --- exit 10
    "#]]
    .assert_eq(&ran.told());
    assert!(
        ran.asked[0].contains("\"number\":\"tel:+4971112345\""),
        "{:?}",
        ran.asked
    );
}

/// M-064: a link that nobody has to be asked about is called, without what a stranger hid in it.
#[test]
fn open_dials_what_the_link_says_and_no_more() {
    let free = tested("sip:600@demo", RulesOutcome::Dial);
    let busy = ErrorObject::new(Code::ENGINE_BUSY, "enough for this test");
    let link = "sip:600@demo;method=REFER?Replaces=x";
    let script = vec![rules(free), Step::Refuse("dial", busy)];
    let ran = run(&["open", link], script);
    assert!(
        ran.asked[0].contains("\"number\":\"sip:600@demo\""),
        "{:?}",
        ran.asked
    );
    assert!(
        ran.asked[1].contains("\"to\":\"sip:600@demo\""),
        "{:?}",
        ran.asked
    );
}

/// M-064: what is no link of a call is refused before any engine hears of it.
#[test]
fn open_refuses_what_is_no_link() {
    for (uri, why) in [
        ("600", "its scheme is none of tel, sip, sips, callto"),
        (
            "im:alice@demo",
            "im: starts a chat, and this phone has none",
        ),
        (
            "tel:12%0d%0a",
            "it has '\\r', which no number and no address has",
        ),
        (
            "javascript:alert(1)",
            "its scheme is none of tel, sip, sips, callto",
        ),
    ] {
        let ran = run_alone(&["open", uri]);
        assert_eq!(ran.exit, Some(2), "{uri}");
        assert!(
            ran.err.contains(&format!("starts no call: {why}")),
            "{}",
            ran.err
        );
    }
    assert_eq!(run_alone(&["open", "--settings=x"]).exit, Some(2));
}
