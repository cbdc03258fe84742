//! `events`.

use crate::fake::{Step, answered, engine, run};
use control::event::{CallMute, CallQuality, CallWarning, StreamLagged};
use control::{Code, EventBody};
use expect_test::expect;

fn happenings() -> Vec<Step> {
    let mute = CallMute {
        muted: true,
        source: "command".into(),
        snapshot: answered(),
    };
    let quality = CallQuality {
        quality: crate::fake::figures(250),
        snapshot: answered(),
    };
    let warning = CallWarning {
        code: Code::MEDIA_UNREACHABLE,
        text: "nothing comes".into(),
        fix: String::new(),
    };
    let lagged = StreamLagged {
        from: 3,
        to: 5,
        missed: 3,
        snapshot: engine(),
    };
    let newer = EventBody::Unknown {
        name: "lamp.changed".into(),
        data: serde_json::json!({ "state": "busy" }),
    };
    vec![
        Step::Tell(0, EventBody::CallMute(Box::new(mute))),
        Step::Tell(5000, EventBody::CallQuality(Box::new(quality))),
        Step::Raw(b"nonsense\n".to_vec()),
        Step::Tell(5001, EventBody::CallWarning(Box::new(warning))),
        Step::TellOf(None, newer),
        Step::TellOf(None, EventBody::StreamLagged(Box::new(lagged))),
    ]
}

#[test]
fn events_are_a_line_each_newer_ones_too() {
    let ran = run(&["events", "--count", "5"], happenings());
    expect![[r#"
        14:02:11.000  call.mute            c7k2  600@demo (Echo)   on
        14:02:16.000  call.quality         c7k2  600@demo (Echo)   MOS 4.4   loss 0.0 %   jitter 0.3 ms   round trip 0.4 ms
        14:02:16.001  call.warning         c7k2  OH-3107 nothing comes
        14:02:11.000  lamp.changed               (newer than this program)
        14:02:11.000  stream.lagged              3 events were missed
        --- stderr
        note: a line of the engine is skipped: the line is not one JSON object: expected ident at line 1 column 2
        --- exit 0
    "#]].assert_eq(&ran.told());
}

#[test]
fn events_in_json_are_as_they_came() {
    let mut script = happenings();
    script.insert(
        0,
        Step::Raw(
            b"{\"seq\":1,\"ts\":\"2026-11-21T14:02:11.482Z\",\"type\":\"a.b\",\"new\":7}\n"
                .to_vec(),
        ),
    );
    let ran = run(&["events", "--count", "6", "--json-stream"], script);
    let first = "{\"seq\":1,\"ts\":\"2026-11-21T14:02:11.482Z\",\"type\":\"a.b\",\"new\":7}\n";
    assert!(ran.out.starts_with(first), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 6);
    for line in ran.out.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn events_end_after_a_time_on_ctrl_c_or_with_the_engine() {
    let ran = run(
        &["events", "--for", "100ms", "--filter", "call.mute"],
        happenings(),
    );
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    assert_eq!(ran.exit, Some(0));
    let mut script = happenings();
    script.push(Step::Interrupt);
    assert_eq!(run(&["events"], script).exit, Some(130));
    assert_eq!(run(&["events"], vec![Step::Close]).exit, Some(8));
}
