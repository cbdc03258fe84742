//! `calls`, `accounts`, `status`, `ladder`, `shutdown`.

use crate::fake::{Step, account, answered, engine, run};
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
    let line = |line: &str| {
        line.split_whitespace()
            .map(word)
            .collect::<Vec<_>>()
            .join(" ")
    };
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
    expect![[r#"
        call way state for with account
        c7k2 out answered, muted TIME 600@demo (Echo) demo
        --- exit 0
    "#]]
    .assert_eq(&without_clock(&ran.told()));
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
    expect![[r#"
        account  state       address   server               more
        demo     registered  101@demo  127.0.0.1:35060 udp  default, refresh within 300 s
        office   failed      101@demo  127.0.0.1:35060 udp  OH-2003 the server does not answer, next try in 4 s
        --- exit 0
    "#]].assert_eq(&run(&["accounts"], script()).told());
    expect![[r#"
        {"kind":"accounts","accounts":[{"account":"demo","aor":"sip:101@demo","state":"registered","is_default":true,"transport":"udp","server":"127.0.0.1:35060","server_name":"demo","contact":"127.0.0.1:5062","expires_s":300,"rtt_ms":8},{"account":"office","aor":"sip:101@demo","state":"failed","is_default":false,"transport":"udp","server":"127.0.0.1:35060","server_name":"demo","contact":"127.0.0.1:5062","rtt_ms":8,"next_try_s":4,"error":{"code":"OH-2003","title":"the server does not answer","detail":"no answer in 32 s","fix":"check the address and port; try the other transport (udp or tcp)"}}]}
        --- exit 0
    "#]].assert_eq(&run(&["accounts", "--json"], script()).told());
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
    expect![[r#"
        offhook 0.1.0 — profile demo, running for TIME
        listening udp:127.0.0.1:5060
        plugins 0 loaded

        account state address server more
        demo registered 101@demo 127.0.0.1:35060 udp default, refresh within 300 s

        call way state for with account
        c7k2 out answered TIME 600@demo (Echo) demo
        trouble OH-6005 a part of the engine failed too often and stays down
        part lamps failed 5 times in 30 s
        fix restart the engine, and report the fault with its log
        --- exit 0
    "#]]
    .assert_eq(&without_clock(&ran.told()));
    let ran = run(&["status", "--json"], vec![Step::On("status", reply())]);
    assert!(
        ran.out.starts_with("{\"kind\":\"status\",\"engine\":{") && ran.out.lines().count() == 1,
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
    expect![[r#"
                101 (you)                              600
         0.000  │─────────── INVITE sdp: pcmu ──────────▶│
         0.012  │◀──────────── 180 Ringing ──────────────│
        save: offhook ladder c7k2 --format svg|mermaid|json
        --- exit 0
    "#]]
    .assert_eq(&run(&["ladder", "c7k2"], ladder()).told());
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
    expect![[r#"
        {"call":"c7k2","local":"101","remote":"600","steps":[{"at_ms":0,"kind":"sip_out","text":"INVITE sdp: pcmu"},{"at_ms":12,"kind":"sip_in","text":"180 Ringing"}]}
        --- exit 0
    "#]].assert_eq(&run(&["ladder", "c7k2", "--format", "json"], ladder()).told());
    expect![[r#"
        {"kind":"ladder","ladder":{"call":"c7k2","local":"101","remote":"600","steps":[{"at_ms":0,"kind":"sip_out","text":"INVITE sdp: pcmu"},{"at_ms":12,"kind":"sip_in","text":"180 Ringing"}]}}
        --- exit 0
    "#]].assert_eq(&run(&["ladder", "c7k2", "--json"], ladder()).told());
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
    expect![[r#"
        the engine has stopped
        --- exit 0
        {"op":"call","id":"r1","command":"shutdown","body":{"reason":"update"}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
    let stuck = vec![Step::On("shutdown", Reply::Taken)];
    assert_eq!(run(&["shutdown", "--timeout", "50ms"], stuck).exit, Some(5));
}
