//! `presence`.

use crate::fake::{Step, run};
use control::{Code, ErrorObject, EventBody, PresenceSnapshot, PresenceState, Reply, Timestamp};
use expect_test::expect;

fn own(state: PresenceState, note: Option<&str>) -> PresenceSnapshot {
    PresenceSnapshot {
        account: "demo".parse().unwrap(),
        state,
        shown: state,
        note: note.map(str::to_owned),
        until: None,
        published: Some(Timestamp::from_unix_ms(1_795_269_731_482)),
        why: None,
    }
}

fn told(own: PresenceSnapshot) -> Step {
    Step::TellOf(None, EventBody::PresenceChanged(Box::new(own)))
}

#[test]
fn m097_what_is_set_is_told_once_the_server_has_it() {
    let away = || own(PresenceState::Away, Some("at lunch"));
    let script = vec![
        Step::On("presence.set", Reply::Taken),
        told(PresenceSnapshot {
            published: None,
            ..away()
        }),
        told(away()),
    ];
    let ran = run(&["presence", "set", "away", "--note", "at lunch"], script);
    assert_eq!(ran.out, "demo  away, 'at lunch', published\n");
    assert_eq!(ran.exit, Some(0));
    let asked = r#""state":"away","note":"at lunch""#;
    assert!(ran.asked[0].contains(asked), "{:?}", ran.asked);
    let why = ErrorObject::new(Code::PRESENCE_REFUSED, "the server says 489 to PUBLISH");
    let refused = PresenceSnapshot {
        published: None,
        why: Some(why),
        ..own(PresenceState::DoNotDisturb, None)
    };
    let script = vec![Step::On("presence.set", Reply::Taken), told(refused)];
    let ran = run(&["presence", "set", "dnd"], script);
    assert_eq!(ran.exit, Some(3), "{}", ran.told());
    let off = ErrorObject::new(
        Code::PRESENCE_OFF,
        "publish_presence of account 'demo' is false",
    );
    let ran = run(
        &["presence", "set", "busy"],
        vec![Step::Refuse("presence.set", off)],
    );
    assert_eq!(ran.exit, Some(2), "{}", ran.told());
}

#[test]
fn m097_m099_what_is_shown_is_listed() {
    let shown = PresenceSnapshot {
        shown: PresenceState::OnThePhone,
        published: None,
        ..own(PresenceState::Available, None)
    };
    let presences = vec![shown];
    let script = vec![Step::On("presence.list", Reply::Presences { presences })];
    expect![[r#"
        demo  available, shown as on the phone, not published yet
        --- exit 0
    "#]]
    .assert_eq(&run(&["presence"], script).told());
    let presences = Vec::new();
    let script = vec![Step::On("presence.list", Reply::Presences { presences })];
    let ran = run(&["presence", "list"], script);
    assert!(ran.out.contains("publish_presence"), "{}", ran.out);
    let script = vec![Step::On("presence.idle", Reply::Taken)];
    let ran = run(&["presence", "idle", "on"], script);
    assert_eq!(ran.out, "nobody is at this computer\n");
}
