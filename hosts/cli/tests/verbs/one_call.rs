//! `answer`, `decline`, `hangup`, `dtmf`, `mute`, `hold`, `resume`, `swap`.

use crate::fake::{Hello, Step, answered, at, engine, run, run_with};
use control::event::{
    AnsweredBy, CallAnswered, CallDtmf, CallEnded, CallHold, CallMute, CallWarning, DtmfMethod,
    Side,
};
use control::snapshot::{CallDirection, CallSnapshot, CallState};
use control::{Code, EndReason, EndedBy, ErrorObject, EventBody, Reply};
use expect_test::expect;

fn incoming(call: CallSnapshot) -> CallSnapshot {
    CallSnapshot {
        direction: CallDirection::Incoming,
        ..call
    }
}

pub(crate) fn over(end: EndReason) -> Step {
    let body = CallEnded {
        by: end.by,
        cause: end.cause,
        sip_status: None,
        reason_header: None,
        q850_cause: None,
        reason_text: None,
        duration_ms: 65_000,
        mos_avg: None,
        codec: None,
        error: None,
        snapshot: CallSnapshot {
            state: CallState::Ended,
            ended: Some(at(65_210)),
            end: Some(end),
            ..answered()
        },
    };
    Step::Tell(65_210, EventBody::CallEnded(Box::new(body)))
}

fn unknown(name: &'static str) -> Step {
    let error = ErrorObject::new(Code::UNKNOWN_CALL, "no call c7k2").call("c7k2".parse().unwrap());
    Step::Refuse(name, error)
}

#[test]
fn answer_tells_who_it_is() {
    let body = CallAnswered {
        by: AnsweredBy::Api,
        setup_ms: 1,
        codec: None,
        security: "none".into(),
        snapshot: incoming(answered()),
    };
    let script = || {
        let body = EventBody::CallAnswered(Box::new(body.clone()));
        vec![Step::On("accept", Reply::Taken), Step::Tell(10, body)]
    };
    let ran = run(&["answer", "c7k2"], script());
    expect![[r#"
        answered c7k2 101@demo   PCMU 8 kHz · RTP 127.0.0.1:40012 ↔ 41000 · not encrypted
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let ran = run(&["answer", "c7k2", "--json"], script());
    assert!(
        ran.out.starts_with("{\"kind\":\"call\",\"call\":{") && ran.out.lines().count() == 1,
        "{}",
        ran.out
    );
    let gone = vec![
        Step::On("accept", Reply::Taken),
        over(EndReason::from_status(487)),
    ];
    expect![[r#"
        --- stderr
        ! OH-4008 there is no such call
          why   call c7k2 ended by them: given up (SIP 487) before it was answered
          fix   see: offhook calls
          more  offhook explain OH-4008
        --- exit 2
    "#]]
    .assert_eq(&run(&["answer", "c7k2"], gone).told());
}

#[test]
fn decline_and_hangup_wait_for_the_end() {
    let script = |name| {
        vec![
            Step::On(name, Reply::Taken),
            over(EndReason::normal(EndedBy::Local)),
        ]
    };
    let ran = run(&["decline", "c7k2", "--status", "486"], script("decline"));
    expect![[r#"
        declined c7k2 600@demo (Echo) after 01:05
        --- exit 0
        {"op":"call","id":"r1","command":"decline","body":{"call":"c7k2","status":486}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
    let named = || Reply::Call {
        call: Box::new(answered()),
    };
    let end = over(EndReason::normal(EndedBy::Local));
    let ran = run(&["hangup"], vec![Step::On("hang_up", named()), end]);
    expect![[r#"
        ended c7k2 600@demo (Echo) after 01:05
        --- exit 0
        {"op":"call","id":"r1","command":"hang_up","body":{}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
}

#[test]
fn hangup_all_waits_for_every_end() {
    let mut busy = engine();
    busy.calls = vec![answered()];
    let script = vec![
        Step::On("hang_up_all", Reply::Taken),
        over(EndReason::normal(EndedBy::Local)),
    ];
    let ran = run_with(
        &["hangup", "--all"],
        Hello::Welcome(busy),
        script,
        &[],
        None,
    );
    expect![[r#"
        ended c7k2 600@demo (Echo) after 01:05
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let ran = run(
        &["hangup", "--all"],
        vec![Step::On("hang_up_all", Reply::Taken)],
    );
    expect![[r#"
        no calls
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
}

#[test]
fn digits_are_counted_but_not_printed() {
    let digit = |digit| {
        let body = CallDtmf {
            digit,
            duration_ms: 160,
            method: DtmfMethod::Rtp,
            direction: Side::Local,
        };
        Step::Tell(500, EventBody::CallDtmf(Box::new(body)))
    };
    let script = vec![Step::On("send_dtmf", Reply::Taken), digit('4'), digit('2')];
    let ran = run(
        &["dtmf", "42", "--call", "c7k2", "--duration", "160"],
        script,
    );
    expect![[r#"
        sent 2 digits to c7k2, as RTP event
        --- exit 0
        {"op":"call","id":"r1","command":"send_dtmf","body":{"call":"c7k2","digits":"42","duration_ms":160}}
    "#]].assert_eq(&(ran.told() + &ran.asked.concat()));
    let script = vec![
        Step::On("send_dtmf", Reply::Taken),
        digit('4'),
        over(EndReason::normal(EndedBy::Remote)),
    ];
    expect![[r#"
        --- stderr
        ! OH-4009 the call is not in a state for that
          why   the call ended by them after 1 of 2 digits
          fix   see: offhook calls
          more  offhook explain OH-4009
        --- exit 2
    "#]]
    .assert_eq(&run(&["dtmf", "42", "--call", "c7k2"], script).told());
}

#[test]
fn mute_waits_only_where_something_changes() {
    let mut busy = engine();
    busy.calls = vec![answered()];
    let body = CallMute {
        muted: true,
        source: "command".into(),
        snapshot: answered(),
    };
    let script = vec![
        Step::On("mute", Reply::Taken),
        Step::Tell(1, EventBody::CallMute(Box::new(body))),
    ];
    let ran = run_with(&["mute", "on"], Hello::Welcome(busy), script, &[], None);
    expect![[r#"
        all calls: muted
        --- exit 0
        {"op":"call","id":"r1","command":"mute","body":{"on":true}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
    let ran = run(
        &["mute", "off", "--json"],
        vec![Step::On("mute", Reply::Taken)],
    );
    expect![[r#"
        {"kind":"taken"}
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
}

#[test]
fn an_unknown_call_is_refused_by_every_verb() {
    for (args, name) in [
        (&["answer", "c7k2"][..], "accept"),
        (&["decline", "c7k2"], "decline"),
        (&["hangup", "c7k2"], "hang_up"),
        (&["dtmf", "1", "--call", "c7k2"], "send_dtmf"),
        (&["mute", "on", "--call", "c7k2"], "mute"),
        (&["ladder", "c7k2"], "ladder"),
    ] {
        let ran = run(args, vec![unknown(name)]);
        assert_eq!(ran.exit, Some(2), "{args:?}");
        assert!(
            ran.err.starts_with("! OH-4008 there is no such call\n"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("fix   see: offhook calls"), "{}", ran.err);
    }
    let ran = run(&["hangup", "c7k2", "--json"], vec![unknown("hang_up")]);
    expect![[r#"
        {"error":{"code":"OH-4008","title":"there is no such call","detail":"no call c7k2","fix":"see: offhook calls","call":"c7k2"}}
        --- exit 2
    "#]].assert_eq(&ran.told());
}

fn held(held_by_local: bool) -> Step {
    let snapshot = CallSnapshot {
        held_by_local,
        ..answered()
    };
    let by = Side::Local;
    let told = Box::new(CallHold { by, snapshot });
    Step::Tell(
        10,
        match held_by_local {
            true => EventBody::CallHold(told),
            false => EventBody::CallResumed(told),
        },
    )
}

#[test]
fn m_068_hold_and_resume_wait_until_it_is_so() {
    let ran = run(
        &["hold", "c7k2"],
        vec![Step::On("hold", Reply::Taken), held(true)],
    );
    expect![[r#"
        on hold c7k2 600@demo (Echo)
        --- exit 0
        {"op":"call","id":"r1","command":"hold","body":{"call":"c7k2"}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
    for verb in ["resume", "swap"] {
        // The first is the call that has to wait for the other.
        let script = vec![Step::On(verb, Reply::Taken), held(true), held(false)];
        let ran = run(&[verb, "c7k2"], script);
        assert_eq!(ran.out, "talking to c7k2 600@demo (Echo)\n", "{verb}");
    }
    let refused = EventBody::CallWarning(Box::new(CallWarning {
        code: Code::HOLD_REFUSED,
        text: "the other side said 488 Not Acceptable Here; the call goes on as it was".into(),
        fix: "mute the microphone instead".into(),
    }));
    let script = vec![Step::On("hold", Reply::Taken), Step::Tell(10, refused)];
    expect![[r#"
        --- stderr
        ! OH-6007 the engine is too busy for that now
          why   the other side's consent did not come within 5 s
          fix   try again, or wait longer with --timeout; see: offhook status
          more  offhook explain OH-6007
        --- exit 5
    "#]]
    .assert_eq(&run(&["hold", "c7k2"], script).told());
    let gone = vec![
        Step::On("hold", Reply::Taken),
        over(EndReason::normal(EndedBy::Remote)),
    ];
    assert!(run(&["hold", "c7k2"], gone).told().contains("OH-4008"));
}
