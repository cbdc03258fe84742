//! `offhook call` through a running `offhookd`: SIPp answers in every way there is.

use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Rig, Sipp};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(40);

fn value(name: &'static str, text: &str) -> (&'static str, String) {
    (name, text.into())
}

/// Calls a scripted callee; returns the exit code of `offhook call`. The script has to go well.
fn dial(name: &str, script: &Script<'_>, words: &[&str]) -> anyhow::Result<Option<i32>> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(None);
    };
    let mut callee = Sipp::start(&rig, "callee", script)?;
    let engine = Daemon::start(&rig, "engine", &Wish::default())?;
    let uri = format!("sip:102@{}", callee.address);
    let done = engine.offhook(&[&["call", &uri], words].concat())?;
    println!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    callee.succeed(PATIENCE)?;
    Ok(done.status.code())
}

#[test]
fn busy_is_exit_code_6() {
    let values = [
        value("status", "486 Busy Here"),
        value("header", "Warning: 399 peer \"busy\""),
    ];
    let code = dial(
        "dial-busy",
        &Script {
            values: &values,
            ..Script::new("callee-refuses")
        },
        &[],
    )
    .unwrap();
    assert!(matches!(code, None | Some(6)), "{code:?}");
}

#[test]
fn unavailable_and_declined_are_exit_code_3() {
    for (name, status) in [
        ("unavailable", "503 Service Unavailable"),
        ("declined", "603 Decline"),
    ] {
        let values = [value("status", status), value("header", "Retry-After: 5")];
        let script = Script {
            values: &values,
            ..Script::new("callee-refuses")
        };
        let code = dial(&format!("dial-{name}"), &script, &[]).unwrap();
        assert!(matches!(code, None | Some(3)), "{name}: {code:?}");
    }
}

#[test]
fn no_answer_is_exit_code_5_and_cancels() {
    let code = dial(
        "dial-no-answer",
        &Script::new("callee-never-answers"),
        &["--timeout", "2s"],
    )
    .unwrap();
    assert!(matches!(code, None | Some(5)), "{code:?}");
}

#[test]
fn an_answer_that_crosses_cancel_is_acknowledged_and_hung_up() {
    let code = dial(
        "dial-late-answer",
        &Script::new("callee-answers-after-cancel"),
        &["--timeout", "1s"],
    )
    .unwrap();
    assert!(matches!(code, None | Some(5)), "{code:?}");
}

#[test]
fn a_second_challenge_is_exit_code_4() {
    let values = [value("realm", "offhook.test")];
    let script = Script {
        values: &values,
        ..Script::new("callee-challenges-forever")
    };
    let code = dial("dial-challenges", &script, &[]).unwrap();
    assert!(matches!(code, None | Some(4)), "{code:?}");
}

#[test]
fn forked_answers_leave_one_call() {
    dial(
        "dial-forked",
        &Script::new("callee-forks"),
        &["--for", "1s"],
    )
    .unwrap();
}

#[test]
fn reliable_ringing_hold_and_update_by_the_callee() {
    dial(
        "dial-reliable",
        &Script::new("callee-reliable"),
        &["--for", "1s"],
    )
    .unwrap();
    dial(
        "dial-reoffers",
        &Script::new("callee-reoffers"),
        &["--for", "2s"],
    )
    .unwrap();
    dial(
        "dial-updates",
        &Script::new("callee-updates"),
        &["--for", "1s"],
    )
    .unwrap();
}

#[test]
fn the_callee_hangs_up() {
    let values = [value("talk_ms", "500")];
    dial(
        "dial-left",
        &Script {
            values: &values,
            ..Script::new("callee-hangs-up")
        },
        &[],
    )
    .unwrap();
}
