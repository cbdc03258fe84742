//! `merge`, `split`, `conference`.

use crate::fake::{Hello, Step, answered, engine, run, run_with};
use control::conference::{CallConference, InConference};
use control::event::CallWarning;
use control::snapshot::CallSnapshot;
use control::{CallHandle, Code, EventBody, Reply};
use expect_test::expect;

fn other() -> CallHandle {
    "c7k3".parse().unwrap()
}

fn merged(person: bool) -> CallSnapshot {
    CallSnapshot {
        conference: Some(InConference { id: 1, person }),
        ..answered()
    }
}

fn told(person: bool) -> Step {
    let told = CallConference {
        with: vec![other()],
        snapshot: merged(person),
    };
    Step::Outcome(EventBody::CallMerged(Box::new(told)))
}

#[test]
fn m_070_merge_says_who_is_with_whom_or_why_not() {
    let ran = run(
        &["merge", "c7k3", "c7k2"],
        vec![Step::On("merge", Reply::Taken), told(true)],
    );
    expect![[r#"
        merged c7k2, c7k3
        --- exit 0
        {"op":"call","id":"r1","command":"merge","body":{"calls":["c7k3","c7k2"]}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
    let refused = EventBody::CallWarning(Box::new(CallWarning {
        code: Code::WRONG_STATE,
        text: "there is no other call to merge with".into(),
        fix: "call somebody else too".into(),
    }));
    let script = vec![Step::On("merge", Reply::Taken), Step::Outcome(refused)];
    let ran = run(&["merge"], script);
    assert!(ran.err.contains("there is no other call"), "{}", ran.err);
    assert_ne!(ran.exit, Some(0));
}

#[test]
fn m_071_split_says_which_call_is_alone() {
    let told = CallConference {
        with: Vec::new(),
        snapshot: answered(),
    };
    let told = Step::Tell(10, EventBody::CallSplit(Box::new(told)));
    let ran = run(
        &["split", "c7k2"],
        vec![Step::On("split", Reply::Taken), told],
    );
    expect![[r#"
        split off c7k2 600@demo (Echo)
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
}

#[test]
fn m_071_participants_are_listed_and_left() {
    let calls = || Reply::Calls {
        calls: vec![
            merged(true),
            CallSnapshot {
                call: other(),
                ..answered()
            },
        ],
    };
    let ran = run(&["conference"], vec![Step::On("list_calls", calls())]);
    assert!(
        ran.out.contains("c7k2") && ran.out.contains("merged"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("c7k3"), "{}", ran.out);

    let script = vec![Step::On("conference.end", Reply::Taken), told(false)];
    let ran = run(&["conference", "end", "--keep"], script);
    expect![[r#"
        without you: c7k2, c7k3; back with: offhook merge
        --- exit 0
        {"op":"call","id":"r1","command":"conference.end","body":{"keep":true}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));

    let mut snapshot = engine();
    snapshot.calls = vec![merged(true)];
    let ended = crate::one_call::over(control::EndReason::normal(control::EndedBy::Local));
    let script = vec![Step::On("conference.end", Reply::Taken), ended];
    let ran = run_with(
        &["conference", "end"],
        Hello::Welcome(snapshot),
        script,
        &[],
        None,
    );
    assert!(ran.out.starts_with("ended c7k2"), "{}", ran.out);
}
