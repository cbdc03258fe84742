//! `dnd` and `forward`.

use crate::fake::{Step, account, run, run_alone};
use control::receiving::Forwarding;
use control::{AccountSnapshot, Reply};
use expect_test::expect;

fn accounts(all: Vec<AccountSnapshot>) -> Vec<Step> {
    vec![Step::On("list_accounts", Reply::Accounts { accounts: all })]
}

#[test]
fn m_133_m_135_without_a_word_it_is_said_how_it_is() {
    let busy = AccountSnapshot {
        account: "office".parse().unwrap(),
        do_not_disturb: true,
        forwarding: Forwarding {
            busy: Some("900".into()),
            no_answer: Some("sip:a@b.test".into()),
            after_s: Some(20),
            ..Forwarding::default()
        },
        ..account()
    };
    let ran = run(&["dnd"], accounts(vec![account(), busy.clone()]));
    expect![[r#"
        demo takes calls
        office is not disturbed: callers hear busy
    "#]]
    .assert_eq(&ran.out);
    let ran = run(&["forward"], accounts(vec![account(), busy.clone()]));
    expect![[r#"
        calls of demo stay here
        calls beside another of office go to 900
        calls that nobody answers for 20 s of office go to sip:a@b.test
    "#]]
    .assert_eq(&ran.out);
    let ran = run(
        &["forward", "--account", "office", "--json"],
        accounts(vec![account(), busy]),
    );
    assert!(ran.out.contains("\"busy\":\"900\""), "{}", ran.out);
    assert!(!ran.out.contains("demo\",\"aor"), "{}", ran.out);
    let ran = run(&["dnd", "--account", "nobody"], accounts(vec![account()]));
    assert!(
        ran.err.contains("there is no account nobody"),
        "{}",
        ran.err
    );
    // Half of a word is none.
    let ran = run_alone(&["forward", "busy"]);
    assert_eq!(ran.exit, Some(2), "{}", ran.err);
}
