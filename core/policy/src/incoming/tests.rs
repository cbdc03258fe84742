use super::*;
use crate::answer::Callers;
use crate::disturb::{Entry, Who};
use crate::rewrite::{Contact, Source};
use crate::rule::Direction;
use expect_test::{Expect, expect};

const NOON: Moment = Moment::new(1_795_435_200_000, 0);

fn arrival<'a>(caller: &'a str, around: &'a Surroundings) -> Arrival<'a> {
    Arrival {
        caller,
        around,
        own: "sip:101@pbx.example",
        diverted_by: &[],
        trusted: true,
        answer_after_s: None,
        alert: &[],
        other_calls: 0,
        now: NOON,
    }
}

fn policy(change: impl FnOnce(&mut Receiving)) -> Policy {
    let mut policy = Policy::default();
    policy.dialling.emergency = vec!["112".to_owned()];
    change(&mut policy.receiving);
    policy
}

fn rules(lines: &[&str]) -> Rules {
    Rules::read(lines.iter().copied(), Direction::Incoming).unwrap()
}

fn target(to: &str) -> Option<String> {
    Some(to.to_owned())
}

/// One line a call: what is done, and why.
fn check(policy: &Policy, calls: &[Arrival<'_>], expected: Expect) {
    let mut trace = String::new();
    for call in calls {
        let Decided {
            decision,
            reason,
            number,
            record,
            ringtone,
            circle,
        } = policy.decide(call);
        let done = match decision {
            Decision::Ring {
                pick_up,
                forward_after,
            } => {
                let answer = pick_up.map_or(String::new(), |p| {
                    format!(
                        ", answer after {:?}{}",
                        p.after,
                        if p.muted { " muted" } else { "" }
                    )
                });
                let later = forward_after
                    .map_or(String::new(), |(wait, to)| format!(", {to} after {wait:?}"));
                format!("ring{answer}{later}")
            }
            Decision::Reject(status) => format!("{status}"),
            Decision::Forward(to) => format!("302 {to}"),
        };
        let circle = circle.map_or(String::new(), |circle| format!(" (circle: {circle:?})"));
        let ringtone = ringtone.map_or(String::new(), |tone| format!(", ringtone {tone}"));
        let record = if record { ", record" } else { "" };
        trace += &format!("{number}: {done}{record}{ringtone}; {reason}{circle}\n");
    }
    expected.assert_eq(&trace);
}

/// K-138 to K-140, C-44: rules of the caller come before all else.
#[test]
fn rules_about_the_caller() {
    let policy = policy(|r| {
        r.rules = rules(&[
            "startsWith 00 => replace +, continue",
            "equals +666 => rejectCall",
            "startsWith +49 => forwardCall 500",
            "equals 101 => forwardCall 101",
            "equals 7 => answerImmediately, recordCall",
        ]);
        r.do_not_disturb.on = true;
    });
    let around = Surroundings::default();
    let busy = Arrival {
        other_calls: 1,
        ..arrival("7", &around)
    };
    let calls = [
        arrival("00666", &around),
        arrival("+49711", &around),
        arrival("101", &around),
        arrival("7", &around),
        busy,
        arrival("8", &around),
    ];
    check(
        &policy,
        &calls,
        expect![[r#"
            +666: 486; rule 2 of incoming_rewriting
            +49711: 302 500; rule 3 of incoming_rewriting
            101: 486; do not disturb is on (circle: Itself)
            7: ring, answer after 0ns, record; rule 5 of incoming_rewriting
            7: 486, record; do not disturb is on
            8: 486; do not disturb is on
        "#]],
    );
}

/// K-091; M-135: a schedule, by number and by contact, and who comes through.
#[test]
fn m_135_do_not_disturb_refuses_without_ringing() {
    let policy = policy(|r| {
        let entry = "daily 11:00-13:00 for +12223334455, dav:7";
        r.do_not_disturb.schedule = vec![Entry::read(entry).unwrap()];
        r.do_not_disturb.except = vec![Who::read("500").unwrap()];
    });
    let around = Surroundings::default();
    let known = Surroundings {
        contacts: vec![Contact {
            source: Source::Dav,
            identifier: "7".to_owned(),
            label: None,
        }],
        ..Surroundings::default()
    };
    let early = Arrival {
        now: Moment::new(1_795_424_400_000, 0),
        ..arrival("0012223334455", &around)
    };
    let calls = [
        arrival("0012223334455", &around),
        early,
        arrival("9", &known),
        arrival("500", &known),
        arrival("112", &known),
        arrival("9", &around),
    ];
    check(
        &policy,
        &calls,
        expect![[r#"
            0012223334455: 486; line 1 of do_not_disturb_schedule
            0012223334455: ring; no rule says otherwise
            9: 486; line 1 of do_not_disturb_schedule
            500: ring; no rule says otherwise
            112: ring; it is an emergency number
            9: ring; no rule says otherwise
        "#]],
    );
}

/// M-133, K-176, K-177: at once, on busy, after a time; and never in a circle.
#[test]
fn m_133_calls_are_sent_elsewhere() {
    let around = Surroundings::default();
    let busy = || Arrival {
        other_calls: 1,
        ..arrival("500", &around)
    };
    let later = policy(|r| {
        r.forwarding.busy = target("200");
        r.forwarding.no_answer = Some((Duration::from_secs(15), "300".to_owned()));
    });
    let been = ["sip:200@pbx.example".to_owned()];
    let diverted = Arrival {
        diverted_by: &been,
        ..busy()
    };
    check(
        &later,
        &[arrival("500", &around), busy(), diverted],
        expect![[r#"
            500: ring, 300 after 15s; no rule says otherwise
            500: 302 200; another call is up, and calls are forwarded then
            500: ring, 300 after 15s; another call is up, and this one waits (circle: Before)
        "#]],
    );
    let always = policy(|r| r.forwarding.always = target("sip:500@pbx.example"));
    check(
        &always,
        &[
            arrival("600", &around),
            arrival("sip:500@pbx.example", &around),
        ],
        expect![[r#"
            600: 302 sip:500@pbx.example; all calls are forwarded
            sip:500@pbx.example: ring; no rule says otherwise (circle: Caller)
        "#]],
    );
}

/// K-178: with call waiting a second call rings, without it the caller is told that we are busy.
#[test]
fn call_waiting_is_a_setting() {
    let around = Surroundings::default();
    let second = || Arrival {
        other_calls: 1,
        ..arrival("500", &around)
    };
    check(
        &policy(|_| {}),
        &[second()],
        expect![[r#"
            500: ring; another call is up, and this one waits
        "#]],
    );
    check(
        &policy(|r| r.call_waiting = false),
        &[second(), arrival("500", &around)],
        expect![[r#"
            500: 486; another call is up, and call waiting is off
            500: ring; no rule says otherwise
        "#]],
    );
}

fn asks<'a>(caller: &'a str, after_s: u32, around: &'a Surroundings) -> Arrival<'a> {
    Arrival {
        answer_after_s: Some(after_s),
        ..arrival(caller, around)
    }
}

/// M-137, K-195, K-196: what the person wishes, never beside another call.
#[test]
fn m_137_calls_are_answered_by_our_own_wish() {
    let around = Surroundings::default();
    let own = policy(|r| r.auto_answer.own = Some(Duration::from_secs(5)));
    check(
        &own,
        &[
            arrival("9", &around),
            Arrival {
                other_calls: 2,
                ..arrival("9", &around)
            },
            asks("9", 0, &around),
        ],
        expect![[r#"
            9: ring, answer after 5s; calls are answered automatically
            9: ring; another call is up, and this one waits
            9: ring, answer after 5s; calls are answered automatically
        "#]],
    );
}

/// M-137, K-197: whose wish counts, and how far; ten cases with those of our own wish.
#[test]
fn m_137_callers_are_answered_who_are_listed_and_trusted() {
    let around = Surroundings::default();
    let asks = |caller, after_s| asks(caller, after_s, &around);
    let listed = policy(|r| {
        r.auto_answer.asked = true;
        r.auto_answer.muted = true;
        r.auto_answer.callers = Callers::These(vec![Who::read("500").unwrap()]);
    });
    let everybody = policy(|r| {
        r.auto_answer.asked = true;
        r.auto_answer.callers = Callers::All;
        r.forwarding.no_answer = Some((Duration::from_secs(20), "300".to_owned()));
    });
    let beside = Arrival {
        other_calls: 1,
        ..asks("500", 0)
    };
    let stranger = Arrival {
        trusted: false,
        ..asks("500", 0)
    };
    check(
        &listed,
        &[
            asks("500", 3),
            asks("501", 3),
            stranger,
            beside,
            asks("500", 4_000_000_000),
        ],
        expect![[r#"
            500: ring, answer after 3s muted; the caller asked for an answer, and may
            501: ring; no rule says otherwise
            500: ring; no rule says otherwise
            500: ring; another call is up, and this one waits
            500: ring, answer after 60s muted; the caller asked for an answer, and may
        "#]],
    );
    check(
        &everybody,
        &[asks("501", 0), asks("501", 30)],
        expect![[r#"
            501: ring, answer after 0ns; the caller asked for an answer, and may
            501: ring, 300 after 20s; the caller asked for an answer, and may
        "#]],
    );
}

/// A tone of 200 ms at least is heard before any microphone opens by itself.
#[test]
fn nobody_is_heard_before_the_tone() {
    let around = Surroundings::default();
    let by_rule = policy(|r| r.rules = rules(&["=> answerImmediately"]));
    let by_setting = policy(|r| r.auto_answer.own = Some(Duration::ZERO));
    for policy in [by_rule, by_setting] {
        let Decision::Ring {
            pick_up: Some(pick_up),
            ..
        } = policy.decide(&arrival("9", &around)).decision
        else {
            panic!("it is picked up");
        };
        assert!(pick_up.tone >= Duration::from_millis(200));
    }
}
