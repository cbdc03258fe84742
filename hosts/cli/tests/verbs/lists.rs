//! `calls`, `accounts`, `status`, `ladder`, `shutdown`.

use crate::fake::{Step, account, answered, at, engine, run};
use control::event::EngineChange;
use control::ladder::{Ladder, Step as Rung, StepKind};
use control::snapshot::AccountState;
use control::{Code, ErrorObject, EventBody, Reply, Timestamp};
use expect_test::expect;

/// Lengths of time until now change while the test runs.
fn without_clock(text: &str) -> String {
    let word = |word: &str| {
        let is_clock = word.contains(':') && word.chars().all(|c| c.is_ascii_digit() || c == ':');
        if is_clock {
            "TIME".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn calls_are_a_table() {
    let mut muted = answered();
    muted.muted = true;
    muted.answered = Some(Timestamp::from_unix_ms(0));
    let script = || {
        vec![Step::On(
            "list_calls",
            Reply::Calls {
                calls: vec![muted.clone()],
            },
        )]
    };
    let ran = run(&["calls"], script());
    expect![[r#""#]].assert_eq(&without_clock(&ran.told()));
    let ran = run(&["calls", "--json"], script());
    assert!(ran.out.contains("\"kind\":\"calls\""), "{}", ran.out);
    let ran = run(&["calls", "--json-stream"], script());
    assert!(
        ran.out.contains("\"kind\":\"call\"") && ran.out.lines().count() == 1,
        "{}",
        ran.out
    );
    let none = vec![Step::On("list_calls", Reply::Calls { calls: Vec::new() })];
    assert_eq!(run(&["calls"], none).out, "no calls\n");
}

#[test]
fn accounts_are_a_table() {
    let mut failed = account();
    failed.account = "office".parse().unwrap();
    failed.state = AccountState::Failed;
    failed.is_default = false;
    failed.expires_s = None;
    failed.next_try_s = Some(4);
    failed.error = Some(ErrorObject::new(Code::SERVER_SILENT, "no answer in 32 s"));
    let accounts = vec![account(), failed];
    let script = || {
        vec![Step::On(
            "list_accounts",
            Reply::Accounts {
                accounts: accounts.clone(),
            },
        )]
    };
    expect![[r#""#]].assert_eq(&run(&["accounts"], script()).told());
    expect![[r#""#]].assert_eq(&run(&["accounts", "--json"], script()).told());
}

#[test]
fn status_tells_all() {
    let mut troubled = engine();
    troubled.calls = vec![answered()];
    troubled.troubles = vec![ErrorObject::new(
        Code::DEGRADED,
        "part lamps failed 5 times in 30 s",
    )];
    let reply = || Reply::Status {
        engine: Box::new(troubled.clone()),
    };
    let ran = run(&["status"], vec![Step::On("status", reply())]);
    expect![[r#""#]].assert_eq(&without_clock(&ran.told()));
    let ran = run(&["status", "--json"], vec![Step::On("status", reply())]);
    assert!(
        ran.out.starts_with("{\"engine\":{") && ran.out.lines().count() == 1,
        "{}",
        ran.out
    );
}

fn ladder() -> Vec<Step> {
    let rung = |at_ms, kind, text: &str| Rung {
        at_ms,
        kind,
        text: text.into(),
        repeat: false,
    };
    let ladder = Ladder {
        call: "c7k2".parse().unwrap(),
        local: "101".into(),
        remote: "600".into(),
        steps: vec![
            rung(0, StepKind::SipOut, "INVITE sdp: pcmu"),
            rung(12, StepKind::SipIn, "180 Ringing"),
        ],
    };
    vec![Step::On("ladder", Reply::Ladder { ladder })]
}

#[test]
fn ladder_has_four_forms() {
    expect![[r#""#]].assert_eq(&run(&["ladder", "c7k2"], ladder()).told());
    let ran = run(&["ladder", "c7k2", "--ascii"], ladder());
    assert!(ran.out.is_ascii(), "{}", ran.out);
    let ran = run(&["ladder", "c7k2", "--format", "mermaid"], ladder());
    assert!(ran.out.starts_with("sequenceDiagram\n"), "{}", ran.out);
    let ran = run(&["ladder", "c7k2", "--format", "svg"], ladder());
    assert!(
        ran.out.starts_with("<svg ") && ran.out.ends_with("</svg>\n"),
        "{}",
        ran.out
    );
    expect![[r#""#]].assert_eq(&run(&["ladder", "c7k2", "--format", "json"], ladder()).told());
    expect![[r#""#]].assert_eq(&run(&["ladder", "c7k2", "--json"], ladder()).told());
}

#[test]
fn shutdown_waits_until_the_engine_is_gone() {
    let body = EngineChange {
        version: "0.1.0".into(),
        reason: Some("update".into()),
        error: None,
        snapshot: engine(),
    };
    let script = vec![
        Step::On("shutdown", Reply::Taken),
        Step::TellOf(None, EventBody::EngineStopping(Box::new(body))),
        Step::Close,
    ];
    let ran = run(&["shutdown", "--reason", "update"], script);
    expect![[r#""#]].assert_eq(&(ran.told() + &ran.asked.concat()));
    let stuck = vec![Step::On("shutdown", Reply::Taken)];
    assert_eq!(run(&["shutdown", "--timeout", "50ms"], stuck).exit, Some(5));
    assert_eq!(at(0).ms_since(at(0)), 0);
}
