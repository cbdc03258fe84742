//! `merge`, `split`, `conference`.

use crate::fake::{Hello, Step, answered, engine, run, run_with};
use control::conference::{
    CallConference, InConference, Participant, ParticipantState, ServerConference,
};
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

/// Our call with a conference of a server, in which these are, Alice first.
fn at_server(others: &[(&str, Option<&str>)]) -> CallSnapshot {
    let alice = Participant {
        uri: "sip:101@demo".into(),
        display: None,
        state: ParticipantState::Connected,
        you: true,
    };
    let other = |(uri, display): &(&str, Option<&str>)| Participant {
        uri: (*uri).into(),
        display: display.map(Into::into),
        state: ParticipantState::Joining,
        you: false,
    };
    let participants = [alice].into_iter().chain(others.iter().map(other));
    CallSnapshot {
        server_conference: Some(Box::new(ServerConference {
            uri: "sip:conf-7@demo".into(),
            participants: Some(participants.collect()),
        })),
        ..merged(true)
    }
}

fn told_of(snapshot: CallSnapshot) -> Box<CallConference> {
    let with = Vec::new();
    Box::new(CallConference { with, snapshot })
}

#[test]
fn m_070_merge_says_that_it_is_at_the_server_or_here_instead() {
    let there = Step::Outcome(EventBody::CallMerged(told_of(at_server(&[]))));
    let script = vec![Step::On("merge", Reply::Taken), there];
    let ran = run(&["merge"], script);
    assert_eq!(ran.out, "merging at the server: sip:conf-7@demo\n");
    let refused = EventBody::CallWarning(Box::new(CallWarning {
        code: Code::NO_CONFERENCE,
        text: "sip:conf@demo: it said 403; the calls are merged on this phone".into(),
        fix: "see why".into(),
    }));
    let script = vec![
        Step::On("merge", Reply::Taken),
        Step::Outcome(refused),
        told(true),
    ];
    let ran = run(&["merge"], script);
    expect![[r#"
        sip:conf@demo: it said 403; the calls are merged on this phone
        merged c7k2, c7k3
    "#]]
    .assert_eq(&ran.out);
    assert_eq!(ran.exit, Some(0));
}

#[test]
fn m_071_participants_at_a_server_are_listed_removed_and_left() {
    let bob = ("sip:102@demo", Some("Bob"));
    let calls = vec![at_server(&[bob])];
    let script = vec![Step::On("list_calls", Reply::Calls { calls })];
    let ran = run(&["conference"], script);
    let last = ran.out.lines().last().unwrap_or_default();
    assert_eq!(last, "c7k2 is with (you), Bob sip:102@demo (joining)");

    let gone = Step::Tell(10, EventBody::CallParticipants(told_of(at_server(&[]))));
    let script = vec![Step::On("conference.remove", Reply::Taken), gone];
    let ran = run(&["conference", "remove", "102"], script);
    expect![[r#"
        removed 102; there: (you)
        --- exit 0
        {"op":"call","id":"r1","command":"conference.remove","body":{"participant":"102"}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));

    let refused = EventBody::CallWarning(Box::new(CallWarning {
        code: Code::NOT_REMOVED,
        text: "the conference said 403 Forbidden".into(),
        fix: "look who is there".into(),
    }));
    let script = vec![
        Step::On("conference.remove", Reply::Taken),
        Step::Outcome(refused),
    ];
    let ran = run(&["conference", "remove", "102"], script);
    assert!(ran.err.contains("403 Forbidden"), "{}", ran.err);
    assert_ne!(ran.exit, Some(0));
}

/// M-071: the list of the conference that is meant counts, however the address is written, and no other.
#[test]
fn m_071_the_list_of_another_conference_says_nothing() {
    let (bob, carol) = (("sip:102@demo", None), ("sip:103@demo", None));
    let told = |snapshot| Step::Tell(10, EventBody::CallParticipants(told_of(snapshot)));
    let elsewhere = CallSnapshot {
        call: other(),
        ..at_server(&[])
    };
    let mut snapshot = engine();
    snapshot.calls = vec![elsewhere.clone(), at_server(&[bob])];
    let script = vec![
        Step::On("conference.remove", Reply::Taken),
        told(elsewhere),
        told(at_server(&[bob])),
        told(at_server(&[carol])),
    ];
    let remove = ["conference", "remove", "SIP:102@Demo"];
    let ran = run_with(&remove, Hello::Welcome(snapshot), script, &[], None);
    expect![[r#"
        removed SIP:102@Demo; there: (you), sip:103@demo (joining)
        --- exit 0
        {"op":"call","id":"r1","command":"conference.remove","body":{"call":"c7k2","participant":"SIP:102@Demo"}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
}

/// M-071: a server that names nobody says so by its report, under the command.
#[test]
fn m_071_who_is_removed_is_said_where_the_server_names_nobody() {
    let mut nameless = at_server(&[]);
    if let Some(at) = nameless.server_conference.as_mut() {
        at.participants = None;
    }
    let told = || EventBody::CallParticipants(told_of(nameless.clone()));
    let script = vec![
        Step::On("conference.remove", Reply::Taken),
        Step::Outcome(told()),
    ];
    let ran = run(&["conference", "remove", "sip:102@demo"], script);
    let said = "removed sip:102@demo; there: others whom the server does not name\n";
    assert_eq!((ran.out.as_str(), ran.exit), (said, Some(0)));
}
