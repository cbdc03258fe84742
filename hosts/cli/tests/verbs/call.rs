//! `call`.

use crate::fake::{Hello, Step, answered, call, engine, figures, run, run_with};
use control::event::{
    AnsweredBy, CallAnswered, CallEnded, CallOpenUrl, CallRinging, CallSent, CallWarning,
    StreamLagged,
};
use control::snapshot::{CallSnapshot, CallState, MediaState};
use control::{Code, EndCause, EndReason, EndedBy, ErrorObject, EventBody, Reply};
use expect_test::expect;

fn sent() -> Step {
    let sent = CallSent {
        address: "127.0.0.1:35060".into(),
        transport: "udp".into(),
        snapshot: call(),
    };
    Step::Tell(1, EventBody::CallSent(Box::new(sent)))
}

fn dial() -> Step {
    Step::On(
        "dial",
        Reply::Call {
            call: Box::new(call()),
        },
    )
}

fn ringing() -> Step {
    let snapshot = CallSnapshot {
        state: CallState::Ringing,
        ..call()
    };
    let body = CallRinging {
        early_media: false,
        snapshot,
    };
    Step::Tell(12, EventBody::CallRinging(Box::new(body)))
}

fn picked_up(snapshot: CallSnapshot) -> Step {
    let body = CallAnswered {
        by: AnsweredBy::User,
        setup_ms: 210,
        codec: Some("PCMU".into()),
        security: "none".into(),
        snapshot,
    };
    Step::Tell(210, EventBody::CallAnswered(Box::new(body)))
}

fn ended(ms: u64, end: EndReason, call: CallSnapshot) -> Step {
    let body = CallEnded {
        by: end.by,
        cause: end.cause,
        sip_status: end.sip_status,
        reason_header: None,
        q850_cause: None,
        reason_text: None,
        duration_ms: 0,
        mos_avg: None,
        codec: None,
        error: None,
        snapshot: CallSnapshot {
            state: CallState::Ended,
            ended: Some(crate::fake::at(ms)),
            end: Some(end),
            ..call
        },
    };
    Step::Tell(ms, EventBody::CallEnded(Box::new(body)))
}

fn with_figures(packets_in: u64) -> CallSnapshot {
    CallSnapshot {
        quality: Some(figures(packets_in)),
        ..answered()
    }
}

fn good_call() -> Vec<Step> {
    vec![
        dial(),
        sent(),
        ringing(),
        picked_up(answered()),
        Step::On("hang_up", Reply::Taken),
        ended(5000, EndReason::normal(EndedBy::Local), with_figures(238)),
    ]
}

fn warning() -> Step {
    let body = CallWarning {
        code: Code::MEDIA_UNREACHABLE,
        text: "604 asked for media at 192.0.2.10:9, which is not reachable from here".into(),
        fix: "turn on symmetric RTP".into(),
    };
    Step::Tell(3000, EventBody::CallWarning(Box::new(body)))
}

#[test]
fn a_call_is_told_from_invite_to_quality() {
    let ran = run(&["call", "600", "--for", "10ms"], good_call());
    expect![[r#"
        calling 600 (Echo)                                            call c7k2
          0.00  INVITE   → 127.0.0.1:35060 udp
          0.01  ringing
          0.21  answered   PCMU 8 kHz · RTP 127.0.0.1:40012 ↔ 41000 · not encrypted
          5.00  ended by you
        sound    out ok     in ok
        quality  MOS 4.4   loss 0.0 %   jitter 0.3 ms   round trip 0.4 ms
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    expect![[r#"
        {"op":"call","id":"r1","command":"dial","body":{"to":"600"}}
        {"op":"call","id":"r2","command":"hang_up","body":{"call":"c7k2"}}
    "#]]
    .assert_eq(&ran.asked.concat());
}

#[test]
fn json_is_one_object_with_the_whole_call() {
    let ran = run(&["call", "600", "--for", "10ms", "--json"], good_call());
    assert_eq!(ran.out.lines().count(), 1);
    expect![[r#"
        {"kind":"call","call":{"call":"c7k2","account":"demo","direction":"outgoing","state":"ended","from":{"uri":"sip:101@demo"},"to":{"uri":"sip:600@demo","display":"Echo"},"created":"2026-11-21T14:02:11.000Z","answered":"2026-11-21T14:02:11.210Z","ended":"2026-11-21T14:02:16.000Z","muted":false,"held_by_remote":false,"media":{"state":"flowing","codec":"PCMU","clock":8000,"ptime":20,"security":"none","local":"127.0.0.1:40012","remote":"127.0.0.1:41000"},"quality":{"mos":4.4,"loss_pct":0.0,"burst":0,"jitter_ms":0.3,"rtt_ms":0.4,"jb_ms":0.0,"concealed_pct":0.0,"packets_in":238,"packets_out":250},"end":{"by":"local","cause":"normal"}},"exit":0}
        --- exit 0
    "#]].assert_eq(&ran.told());
}

#[test]
fn json_stream_is_the_events_and_then_the_call() {
    let ran = run(
        &["call", "600", "--for", "10ms", "--json-stream"],
        good_call(),
    );
    let names: Vec<String> = ran
        .out
        .lines()
        .map(|line| {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            object
                .get("type")
                .or(object.get("kind"))
                .unwrap()
                .to_string()
        })
        .collect();
    assert_eq!(
        names,
        [
            "\"call.sent\"",
            "\"call.ringing\"",
            "\"call.answered\"",
            "\"call.ended\"",
            "\"call\""
        ]
    );
}

#[test]
fn ascii_is_for_terminals_without_utf8() {
    let hello = Hello::Welcome(engine());
    let plain = [("LC_ALL", "C")];
    let ran = run_with(
        &["call", "600", "--for", "10ms"],
        hello,
        good_call(),
        &plain,
        None,
    );
    assert!(ran.out.is_ascii(), "{}", ran.out);
    assert!(
        ran.out.contains("INVITE   -> 127.0.0.1:35060 udp"),
        "{}",
        ran.out
    );
}

#[test]
fn no_media_received_is_oh_3107_and_exit_7() {
    let one_way = |packets_in| {
        let mut snapshot = with_figures(packets_in);
        snapshot.media.as_mut().unwrap().state = MediaState::OneWayOut;
        snapshot
    };
    let script = |warned: bool| {
        let mut steps = vec![dial(), ringing(), picked_up(answered())];
        steps.extend(warned.then(warning));
        steps.push(Step::On("hang_up", Reply::Taken));
        steps.push(ended(5000, EndReason::normal(EndedBy::Local), one_way(0)));
        steps
    };
    let ran = run(&["call", "604", "--for", "200ms"], script(true));
    expect![[r#"
        calling 604 (Echo)                                            call c7k2
          0.01  ringing
          0.21  answered   PCMU 8 kHz · RTP 127.0.0.1:40012 ↔ 41000 · not encrypted
        ! OH-3107 you are sending sound but nothing comes back
          why   604 asked for media at 192.0.2.10:9, which is not reachable from here
          fix   turn on symmetric RTP
          more  offhook ladder c7k2      offhook explain OH-3107
          5.00  ended by you
        sound    out ok     in none
        --- exit 7
    "#]]
    .assert_eq(&ran.told());
    let ran = run(&["call", "604", "--for", "10ms"], script(false));
    expect![[r#"
        calling 604 (Echo)                                            call c7k2
          0.01  ringing
          0.21  answered   PCMU 8 kHz · RTP 127.0.0.1:40012 ↔ 41000 · not encrypted
          5.00  ended by you
        sound    out ok     in none
        --- stderr
        ! OH-3107 you are sending sound but nothing comes back
          why   250 packets sent, 0 received; their address for sound is 127.0.0.1:41000
          fix   on a real PBX turn on "NAT / symmetric RTP" for this phone
          more  offhook explain OH-3107
        --- exit 7
    "#]]
    .assert_eq(&ran.told());
}

#[test]
fn every_refusal_has_its_exit_code() {
    for (status, exit) in [
        (486, 6),
        (404, 3),
        (503, 1),
        (603, 3),
        (403, 4),
        (480, 5),
        (488, 3),
    ] {
        let script = vec![
            dial(),
            ringing(),
            ended(20, EndReason::from_status(status), call()),
        ];
        let ran = run(&["call", "104"], script);
        assert_eq!(ran.exit, Some(exit), "{status}: {}", ran.err);
        assert!(ran.err.starts_with("! OH-"), "{}", ran.err);
        if status == 486 {
            expect![[r#"
                calling 104 (Echo)                                            call c7k2
                  0.01  ringing
                  0.02  ended by them: busy (SIP 486)
                --- stderr
                ! OH-4001 busy
                  why   600@demo (Echo) did not take the call (SIP 486)
                  fix   try again later
                  more  offhook explain OH-4001
                --- exit 6
            "#]]
            .assert_eq(&ran.told());
        }
    }
}

#[test]
fn a_call_that_nobody_answers_ends_with_5() {
    let script = vec![
        dial(),
        sent(),
        ringing(),
        Step::On("hang_up", Reply::Taken),
        ended(300, EndReason::from_status(487), call()),
    ];
    let ran = run(&["call", "103", "--timeout", "300ms"], script);
    expect![[r#"
        calling 103 (Echo)                                            call c7k2
          0.00  INVITE   → 127.0.0.1:35060 udp
          0.01  ringing
          0.30  ended by them: given up (SIP 487)
        --- stderr
        ! OH-4002 no answer
          why   nobody answered in time
          fix   try again later
          more  offhook explain OH-4002
        --- exit 5
    "#]]
    .assert_eq(&ran.told());
    assert!(
        ran.asked[0].contains("\"ring_for_s\":1"),
        "{}",
        ran.asked[0]
    );
}

#[test]
fn ctrl_c_hangs_up_and_ends_with_130() {
    let script = vec![
        dial(),
        sent(),
        ringing(),
        picked_up(answered()),
        Step::Interrupt,
        Step::On("hang_up", Reply::Taken),
        ended(900, EndReason::normal(EndedBy::Local), with_figures(30)),
    ];
    let ran = run(&["call", "600"], script);
    assert_eq!(ran.exit, Some(130), "{}", ran.told());
    assert_eq!(ran.asked.len(), 2);
    assert!(ran.out.contains("ended by you"), "{}", ran.out);
}

#[test]
fn an_engine_that_closes_in_mid_call_is_told() {
    let script = vec![dial(), ringing(), picked_up(answered()), Step::Close];
    expect![[r#"
        calling 600 (Echo)                                            call c7k2
          0.01  ringing
          0.21  answered   PCMU 8 kHz · RTP 127.0.0.1:40012 ↔ 41000 · not encrypted
        --- stderr
        ! OH-6001 no engine to talk to
          why   SOCKET: the engine closed the connection
          fix   start one: offhook demo, or systemctl start offhookd; or name its socket with --socket
          more  offhook explain OH-6001
        --- exit 8
    "#]].assert_eq(&run(&["call", "600"], script).told());
}

#[test]
fn garbage_and_newer_words_are_skipped() {
    let mut script = good_call();
    let newer = EventBody::Unknown {
        name: "call.sparkles".into(),
        data: serde_json::Value::Null,
    };
    script.insert(1, Step::Raw(b"nonsense\n".to_vec()));
    script.insert(2, Step::Tell(1, newer));
    script.insert(3, Step::Raw(b"{\"op\":\"sing\"}\n".to_vec()));
    let ran = run(&["call", "600", "--for", "10ms"], script);
    assert_eq!(ran.exit, Some(0), "{}", ran.told());
    expect![[r#"
        note: a line of the engine is skipped: the line is not one JSON object: expected ident at line 1 column 2
    "#]].assert_eq(&ran.err);
}

fn lagged(calls: Vec<CallSnapshot>) -> Step {
    let mut snapshot = engine();
    snapshot.calls = calls;
    let body = StreamLagged {
        from: 42,
        to: 50,
        missed: 9,
        snapshot,
    };
    Step::TellOf(None, EventBody::StreamLagged(Box::new(body)))
}

#[test]
fn who_falls_behind_goes_on_from_the_snapshot() {
    let script = vec![
        dial(),
        lagged(vec![answered()]),
        Step::On("hang_up", Reply::Taken),
        ended(5000, EndReason::normal(EndedBy::Local), with_figures(238)),
    ];
    let ran = run(&["call", "600", "--for", "10ms"], script);
    expect![[r#"
        calling 600 (Echo)                                            call c7k2
          0.21  answered   PCMU 8 kHz · RTP 127.0.0.1:40012 ↔ 41000 · not encrypted
          5.00  ended by you
        sound    out ok     in ok
        quality  MOS 4.4   loss 0.0 %   jitter 0.3 ms   round trip 0.4 ms
        --- stderr
        note: 9 events were missed
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let ran = run(&["call", "600"], vec![dial(), lagged(Vec::new())]);
    expect![[r#"
        calling 600 (Echo)                                            call c7k2
        --- stderr
        note: 9 events were missed
        ! OH-6007 the engine is too busy for that now
          why   9 events were missed, the end of call c7k2 among them
          fix   see how it went: offhook ladder c7k2
          more  offhook explain OH-6007
        --- exit 1
    "#]]
    .assert_eq(&ran.told());
}

#[test]
fn a_call_that_cannot_be_made_is_told() {
    for (error, exit) in [
        (
            ErrorObject::new(Code::UNKNOWN_ACCOUNT, "no account nobody"),
            2,
        ),
        (ErrorObject::new(Code::BAD_ADDRESS, "'???'"), 2),
        (ErrorObject::new(Code::TOO_MANY_CALLS, "32 of 32"), 1),
    ] {
        let code = error.code.to_string();
        let ran = run(
            &["call", "600", "--account", "nobody"],
            vec![Step::Refuse("dial", error)],
        );
        assert_eq!(ran.exit, Some(exit));
        assert!(
            ran.err.contains(&code) && ran.out.is_empty(),
            "{}",
            ran.told()
        );
    }
    let late = run(
        &["call", "600", "--timeout", "50ms"],
        vec![Step::Ignore("dial")],
    );
    assert_eq!(late.exit, Some(5), "{}", late.told());
}

#[test]
fn a_short_or_unanswered_call_says_nothing_of_sound() {
    let end = EndReason::normal(EndedBy::Remote);
    let script = vec![
        dial(),
        picked_up(answered()),
        ended(300, end, with_figures(0)),
    ];
    let ran = run(&["call", "609"], script);
    assert_eq!(ran.exit, Some(0), "{}", ran.told());
    assert!(ran.out.contains("sound    not known"), "{}", ran.out);
}

#[test]
fn what_the_far_end_calls_itself_does_not_command_the_terminal() {
    let mut evil = answered();
    evil.media.as_mut().unwrap().codec = Some("\u{1b}[2JPCMU\u{202e}".into());
    let mut script = good_call();
    script[2] = picked_up(evil);
    let ran = run(&["call", "600", "--for", "10ms"], script);
    assert!(ran.out.contains("?[2JPCMU?"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}

/// K-220: the page that the phone opens instead of a call is given to the desktop's opener; what that says is told.
#[test]
fn k_220_the_page_for_a_number_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (opener, seen) = (folder.path().join("xdg-open"), folder.path().join("seen"));
    let url = "https://crm.test/?n=600&x=1";
    for (ends, exit) in [("0", Some(0)), ("3", Some(1))] {
        let text = format!("#!/bin/sh\necho \"$1\" > {}\nexit {ends}\n", seen.display());
        std::fs::write(&opener, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&opener, mode).unwrap();
        let opens = EventBody::CallOpenUrl(Box::new(CallOpenUrl { url: url.into() }));
        let redirected = EndReason {
            cause: EndCause::Redirected,
            ..EndReason::normal(EndedBy::Engine)
        };
        let script = vec![dial(), Step::Tell(10, opens), ended(10, redirected, call())];
        let path = folder.path().to_str().unwrap();
        let ran = run_with(
            &["call", "600", "--action", "openUrl"],
            Hello::Welcome(engine()),
            script,
            &[("PATH", path)],
            None,
        );
        assert_eq!(ran.exit, exit, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains(&format!("opens    {url}")), "{}", ran.out);
        assert_eq!(std::fs::read_to_string(&seen).unwrap(), format!("{url}\n"));
        assert_eq!(ran.err.contains(url), exit == Some(1), "{}", ran.err);
    }
}
