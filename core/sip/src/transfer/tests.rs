//! Transfers alone: inputs in, outputs out. And whatever happens in whatever order: one end, in bounded time.

use super::transferee::{self, Policy};
use super::transferor::{self, Begin, Step, Way};
use super::{Outcome, Report, Target, Transferee, Transferor, Unfit, Why, fragment};
use base::{Duration, Instant, Machine, Rng};
use sip_message::{Method, RequestBuilder, Status};

const BLIND: Begin = Begin {
    asks: false,
    answered: false,
    held: false,
    stays: false,
    early: false,
};
const ASK: Begin = Begin {
    asks: true,
    answered: false,
    held: false,
    stays: false,
    early: false,
};

fn status(code: u16) -> Status {
    Status::new(code).unwrap()
}

fn report(code: u16) -> transferor::Input {
    transferor::Input::Reported(Report {
        status: Status::new(code),
        last: code >= 200,
    })
}

fn answered(code: u16) -> transferor::Input {
    transferor::Input::Answered(Status::new(code))
}

/// Feeds `inputs` a second apart, then lets time pass until nothing waits; what came out, and when it was over.
fn run(begin: Begin, inputs: &[transferor::Input]) -> (Vec<transferor::Output>, Instant) {
    let mut now = Instant::ZERO;
    let mut machine = Transferor::start(begin, now);
    let mut all = Vec::new();
    let drain = |machine: &mut Transferor, all: &mut Vec<_>| {
        while let Some(output) = machine.poll_output() {
            if !matches!(output, transferor::Output::Tell(_)) {
                all.push(output);
            }
        }
    };
    drain(&mut machine, &mut all);
    for input in inputs {
        now += Duration::from_secs(1);
        machine.handle(*input, now);
        drain(&mut machine, &mut all);
    }
    while let Some(at) = machine.deadline() {
        now = now.max(at);
        machine.handle_time(now);
        drain(&mut machine, &mut all);
    }
    (all, now)
}

#[test]
fn m_073_blind() {
    use transferor::{Input::*, Output::*};
    let told = [Held, answered(202), report(100), report(180), report(200)];
    let (all, _) = run(BLIND, &told);
    let over = Over(Outcome::Completed);
    assert_eq!(all, [Hold, Refer(Way::Plain), DropCaller, over]);
    // Where the hold has no answer, REFER goes all the same.
    let (all, _) = run(BLIND, &[]);
    let over = Over(Outcome::Lost(Why::Unanswered));
    assert_eq!(all, [Hold, Refer(Way::Plain), Resume, over]);
}

#[test]
fn m_075_m_076_the_caller_is_back_and_it_is_said_why() {
    use transferor::{Input::*, Output::*};
    for (inputs, why) in [
        (vec![answered(403)], Why::Refused(status(403))),
        (vec![answered(202), report(486)], Why::Target(status(486))),
        (vec![report(404)], Why::Target(status(404))),
        (vec![Answered(None)], Why::Unanswered),
        (
            vec![
                answered(202),
                Reported(Report {
                    status: None,
                    last: true,
                }),
            ],
            Why::Unknown,
        ),
    ] {
        let inputs = [vec![Held], inputs, vec![Resumed]].concat();
        let (all, _) = run(BLIND, &inputs);
        let over = Over(Outcome::Recovered(why));
        assert_eq!(all, [Hold, Refer(Way::Plain), Resume, over]);
    }
    // Who waits while the person is in the conference that it did not get to, waits on.
    let begin = Begin {
        stays: true,
        ..BLIND
    };
    let (all, _) = run(begin, &[transferor::Input::Held, answered(405)]);
    let over = Over(Outcome::Recovered(Why::Refused(status(405))));
    assert_eq!(all, [Hold, Refer(Way::Plain), over]);
    // Whom a person held stays so.
    let begin = Begin {
        held: true,
        ..BLIND
    };
    let (all, _) = run(begin, &[answered(603)]);
    let over = Over(Outcome::Recovered(Why::Refused(status(603))));
    assert_eq!(all, [Refer(Way::Plain), over]);
}

#[test]
fn m_081_a_ringing_call_is_replaced_where_that_is_set() {
    use transferor::{Input::*, Output::*};
    let begin = Begin { early: true, ..ASK };
    let early = Refer(Way::Early);
    let plain = Refer(Way::Plain);
    let over = Over(Outcome::Completed);
    let (all, _) = run(begin, &[Held, Complete, answered(202), report(200)]);
    assert_eq!(all, [Hold, early, DropCaller, DropTarget, over]);
    // Who does not know how is asked the usual way.
    let refused = [
        vec![answered(501)],
        vec![answered(202), report(481)],
        vec![Answered(None)],
    ];
    for refused in refused {
        let inputs = [
            vec![Held, Complete],
            refused,
            vec![TargetGone(Some(status(487)))],
        ]
        .concat();
        let inputs = [inputs, vec![answered(202), report(200)]].concat();
        let (all, _) = run(begin, &inputs);
        assert_eq!(all, [Hold, early, DropTarget, plain, DropCaller, over]);
    }
    // It was picked up before it could be replaced: then it can be replaced as any other.
    let inputs = [
        Held,
        Complete,
        TargetAnswered,
        answered(202),
        report(486),
        report(200),
    ];
    let (all, _) = run(begin, &inputs);
    assert_eq!(
        all,
        [
            Hold,
            early,
            Refer(Way::Replaces),
            DropCaller,
            DropTarget,
            over
        ]
    );
    // Without a word from anybody it rings no longer either.
    let (all, _) = run(begin, &[Held, Complete, answered(202), Resumed]);
    let over = Over(Outcome::Recovered(Why::Unknown));
    assert_eq!(
        all.get(..4),
        Some([Hold, early, DropTarget, Resume].as_slice())
    );
    assert!(all.len() == 5 && all.last() != Some(&over));
}

#[test]
fn m_077_a_target_that_is_not_found_by_its_contact_is_called_by_its_address() {
    use transferor::{Input::*, Output::*};
    let (first, second) = (Refer(Way::Replaces), Refer(Way::ByAddress));
    let spoken = vec![Held, TargetAnswered, Complete, answered(202)];
    let after = [
        spoken.clone(),
        vec![report(404), answered(202), report(200)],
    ]
    .concat();
    let (all, _) = run(ASK, &after);
    let over = Over(Outcome::Completed);
    assert_eq!(all, [Hold, first, second, DropCaller, DropTarget, over]);
    // Once.
    let after = [
        spoken,
        vec![report(404), answered(202), report(404), Resumed],
    ]
    .concat();
    let (all, _) = run(ASK, &after);
    let over = Over(Outcome::Recovered(Why::Target(status(404))));
    assert_eq!(all, [Hold, first, second, Resume, over]);
}

#[test]
fn m_077_attended_and_its_fallback() {
    use transferor::{Input::*, Output::*};
    let (all, _) = run(
        ASK,
        &[Held, TargetAnswered, Complete, answered(202), report(200)],
    );
    let over = Over(Outcome::Completed);
    let refer = Refer(Way::Replaces);
    assert_eq!(all, [Hold, refer, DropCaller, DropTarget, over]);
    // The target's BYE says it as well as a report (RFC 3891 §3).
    let (all, _) = run(
        ASK,
        &[TargetAnswered, Complete, answered(202), TargetGone(None)],
    );
    assert_eq!(all, [Hold, refer, DropCaller, over]);
}

#[test]
fn m_078_replaces_is_not_understood() {
    use transferor::{Input::*, Output::*};
    let (refer, beside, plain) = (Refer(Way::Replaces), Refer(Way::Beside), Refer(Way::Plain));
    let ask = [Held, TargetAnswered, Complete];
    // By the caller, who goes without: our call with the target ends when it does.
    let goes = |rest: &[transferor::Input]| {
        let inputs = [&ask[..], &[answered(420), answered(202)], rest].concat();
        run(ASK, &inputs).0
    };
    let over = Over(Outcome::Completed);
    let taken = [Hold, refer, beside, DropTarget];
    assert_eq!(
        goes(&[TargetGone(None), report(200)]),
        [&taken[..], &[DropCaller, over]].concat()
    );
    // The target was busy with that call: it is free now.
    let busy = goes(&[report(486), answered(202), report(200)]);
    assert_eq!(busy, [&taken[..], &[plain, DropCaller, over]].concat());
    // By the target: it is freed before the caller calls again.
    let inputs = [
        &ask[..],
        &[
            answered(202),
            report(420),
            TargetGone(Some(status(487))),
            answered(202),
            report(200),
        ],
    ]
    .concat();
    let (all, _) = run(ASK, &inputs);
    assert_eq!(all, [Hold, refer, DropTarget, plain, DropCaller, over]);
}

#[test]
fn m_078_refer_is_not_understood_and_the_two_are_joined() {
    use transferor::{Input::*, Output::*};
    let (refer, beside) = (Refer(Way::Replaces), Refer(Way::Beside));
    for first in [405, 420, 501] {
        let refused = |second: u16, rest: &[transferor::Input]| {
            let inputs = [TargetAnswered, Complete, answered(first), answered(second)];
            run(ASK, &[&[Held], &inputs[..], rest].concat())
        };
        let over = Over(Outcome::Joined);
        let (all, _) = refused(501, &[Joined(true)]);
        assert_eq!(all, [Hold, refer, beside, Join, over]);
        // Neither can they be joined.
        let why = Over(Outcome::Recovered(Why::Refused(status(501))));
        let (all, _) = refused(501, &[Joined(false), Resumed]);
        assert_eq!(all, [Hold, refer, beside, Join, Resume, why]);
        let (all, _) = refused(501, &[]);
        assert_eq!(
            all.get(..5),
            Some([Hold, refer, beside, Join, Resume].as_slice())
        );
        // Who forbids it, or does not want it, is not joined behind their back.
        let why = Over(Outcome::Recovered(Why::Refused(status(603))));
        let (all, _) = refused(603, &[Resumed]);
        assert_eq!(all, [Hold, refer, beside, Resume, why]);
    }
    // There is nobody any more whom to join with.
    let gone = [
        Held,
        TargetAnswered,
        Complete,
        answered(501),
        TargetGone(None),
        answered(501),
        Resumed,
    ];
    let (all, _) = run(ASK, &gone);
    let why = Over(Outcome::Recovered(Why::Refused(status(501))));
    assert_eq!(all, [Hold, refer, beside, Resume, why]);
}

#[test]
fn m_079_m_081_the_target_does_not_answer() {
    use transferor::{Input::*, Output::*};
    let gone = TargetGone(Some(status(603)));
    let (all, _) = run(ASK, &[Held, gone, Resumed]);
    let why = Why::TargetGone(Some(status(603)));
    assert_eq!(all, [Hold, Resume, Over(Outcome::Recovered(why))]);
    let (all, _) = run(
        ASK,
        &[
            Complete,
            TargetGone(Some(status(487))),
            answered(202),
            report(200),
        ],
    );
    let over = Over(Outcome::Completed);
    assert_eq!(all, [Hold, DropTarget, Refer(Way::Plain), DropCaller, over]);
    let (all, _) = run(ASK, &[TargetAnswered, Cancel, Resumed]);
    let over = Over(Outcome::Recovered(Why::Cancelled));
    assert_eq!(all, [Hold, DropTarget, Resume, over]);
}

/// Whatever comes in whatever order: exactly one end, at most four minutes after the last input.
#[test]
fn m_074_any_order_ends_once() {
    use transferor::Input::*;
    let inputs = [
        Held,
        Resumed,
        CallerGone,
        TargetAnswered,
        TargetGone(None),
        TargetGone(Some(status(486))),
        Complete,
        Cancel,
        answered(202),
        answered(491),
        answered(420),
        Answered(None),
        report(100),
        report(180),
        report(200),
        report(503),
        answered(501),
        Joined(true),
        Joined(false),
    ];
    for seed in 0..2_000 {
        let mut rng = Rng::from_number(seed);
        let mut pick = || inputs[usize::try_from(rng.below(inputs.len() as u64)).unwrap()];
        let mut some: Vec<_> = (0..12).map(|_| pick()).collect();
        let begin = [BLIND, ASK][usize::try_from(seed % 2).unwrap()];
        some.push(Cancel);
        let (all, end) = run(begin, &some);
        let overs = all
            .iter()
            .filter(|o| matches!(o, transferor::Output::Over(_)));
        assert_eq!(overs.count(), 1, "seed {seed}: {some:?}\n{all:?}");
        assert!(matches!(all.last(), Some(transferor::Output::Over(_))));
        assert!(end <= Instant::ZERO + Duration::from_secs(240), "{end:?}");
    }
}

#[test]
fn m_074_a_person_sees_each_step() {
    let now = Instant::ZERO;
    let mut machine = Transferor::start(BLIND, now);
    machine.handle(transferor::Input::Held, now);
    for input in [answered(202), report(180), report(486)] {
        machine.handle(input, now);
    }
    let mut steps = Vec::new();
    while let Some(output) = machine.poll_output() {
        if let transferor::Output::Tell(step) = output {
            steps.push(step);
        }
    }
    let rings = Step::Going(Some(status(180)));
    let back = Step::Returning(Why::Target(status(486)));
    assert_eq!(steps, [Step::Asked, Step::Going(None), rings, back]);
}

fn follow(policy: Policy, inputs: &[transferee::Input]) -> Vec<transferee::Output> {
    let mut now = Instant::ZERO;
    let mut machine = Transferee::start(policy, now);
    let mut all = Vec::new();
    for input in inputs {
        now += Duration::from_secs(1);
        machine.handle(*input, now);
    }
    while let Some(at) = machine.deadline() {
        machine.handle_time(now.max(at));
    }
    while let Some(output) = machine.poll_output() {
        all.push(output);
    }
    all
}

#[test]
fn m_083_we_go_where_we_are_sent() {
    use transferee::{Input::*, Output::*};
    let says = |code: u16| {
        let status = Status::new(code);
        let last = code >= 200;
        transferee::Output::Report(super::Report { status, last })
    };
    let ok = Some(Status::OK);
    let inputs = [
        Delivered(ok),
        Progress(status(180)),
        Progress(status(183)),
        Delivered(ok),
        Answered,
        Delivered(ok),
        Delivered(ok),
    ];
    let all = follow(Policy::Allow, &inputs);
    let done = Over(Outcome::Completed);
    let first = [Respond(status(202)), says(100), Call];
    // The newest waits for the one before; what is older than it is left out.
    let rest = [says(180), says(183), done, says(200), Leave];
    assert_eq!(all, [first.as_slice(), &rest].concat());
    let all = follow(Policy::Refuse, &[]);
    let back = |why| Over(Outcome::Recovered(why));
    assert_eq!(all, [Respond(Status::DECLINE), back(Why::Cancelled)]);
    let all = follow(Policy::Ask, &[Delivered(ok), Allow, Failed(status(486))]);
    let why = Why::Target(status(486));
    let asked = [Respond(status(202)), says(100), Ask];
    assert_eq!(
        all,
        [asked.as_slice(), &[Call, says(486), back(why)]].concat()
    );
    let all = follow(Policy::Ask, &[Delivered(ok)]);
    let late = [says(603), back(Why::Cancelled)];
    assert_eq!(all, [asked.as_slice(), &late].concat());
    // Whoever sent us has gone: nobody is told, and a failure leaves nothing.
    let all = follow(
        Policy::Allow,
        &[CallerGone, Progress(status(180)), Failed(status(404))],
    );
    let lost = Over(Outcome::Lost(Why::Target(status(404))));
    assert_eq!(all, [first.as_slice(), &[lost]].concat());
}

#[test]
fn m_083_where_a_refer_may_send_us() {
    let read = |to: &str| {
        let refer = RequestBuilder::new(Method::Refer, "sip:a@a.test").header("Refer-To", to);
        Target::of(&refer.build())
    };
    let target =
        read("<sip:c@c.test;method=INVITE?Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2>").unwrap();
    assert_eq!(target.uri.to_string(), "sip:c@c.test");
    assert_eq!(
        target.replaces.unwrap().to_string(),
        "x@y;to-tag=1;from-tag=2"
    );
    assert_eq!(
        read("<tel:+15551234>").unwrap().uri.to_string(),
        "tel:+15551234"
    );
    for (to, why) in [
        ("<http://c.test/>", Unfit::Scheme),
        ("<mailto:c@c.test>", Unfit::Scheme),
        ("<sip:c@c.test;method=BYE>", Unfit::Method),
        ("<sip:c@c.test?Replaces=x>", Unfit::Malformed),
        ("<sip:c@c.test>, <sip:d@d.test>", Unfit::Malformed),
        ("", Unfit::Malformed),
    ] {
        assert_eq!(read(to), Err(why), "{to}");
    }
}

#[test]
fn m_074_what_a_report_says() {
    assert_eq!(fragment::write(status(180)), "SIP/2.0 180 Ringing\r\n");
    for (body, code) in [
        ("SIP/2.0 200 OK\r\n", Some(200)),
        ("sip/2.0 503", Some(503)),
        (
            "SIP/2.0 180 Ringing\r\nContact: <sip:c@c.test>\r\n",
            Some(180),
        ),
        ("SIP/2.0 2000 OK", None),
        ("SIP/2.0 099 Early", None),
        ("INVITE sip:a@a SIP/2.0", None),
        ("", None),
    ] {
        let read = fragment::read(body.as_bytes());
        assert_eq!(read.map(|status| status.code()), code, "{body}");
    }
}
