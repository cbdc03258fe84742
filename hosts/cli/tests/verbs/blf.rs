//! `blf` and `voicemail`.

use crate::fake::{Step, run};
use control::lamp::{LampChange, LampSource, VoiceMessages};
use control::snapshot::{CallDirection, Party};
use control::{
    Code, ErrorObject, EventBody, LampSnapshot, LampState, MailboxSnapshot, Reply, Timestamp,
};
use expect_test::expect;

fn lamp(label: &str, state: LampState) -> LampSnapshot {
    LampSnapshot {
        account: "demo".parse().unwrap(),
        target: format!("sip:{label}@demo"),
        label: label.to_owned(),
        slot: false,
        state,
        since: Timestamp::from_unix_ms(u64::MAX / 2),
        why: None,
        direction: None,
        peer: None,
        pickup: None,
        source: LampSource::Dialog,
        polled: false,
        presence: None,
        note: None,
        listed: false,
    }
}

fn ringing() -> LampSnapshot {
    LampSnapshot {
        direction: Some(CallDirection::Incoming),
        peer: Some(Party {
            uri: "sip:600@demo".into(),
            display: None,
        }),
        ..lamp("103", LampState::Ringing)
    }
}

fn lamps() -> Reply {
    let why = "notifications of 'sip:104@demo' are lost on the network: none followed the 200";
    let unknown = LampSnapshot {
        why: Some(ErrorObject::new(Code::LAMP_SILENT, why)),
        ..lamp("104", LampState::Unknown)
    };
    Reply::Lamps {
        lamps: vec![ringing(), unknown, lamp("105", LampState::Idle)],
        mailboxes: vec![MailboxSnapshot {
            account: "demo".parse().unwrap(),
            waiting: Some(true),
            voice: Some(VoiceMessages {
                new: 2,
                old: 8,
                new_urgent: 1,
                old_urgent: 0,
            }),
            since: Timestamp::from_unix_ms(0),
            why: None,
        }],
    }
}

/// M-094: state, partner and duration; M-096: why something is not known.
#[test]
fn m094_m096_the_board_shows_state_partner_duration_and_why() {
    expect![[r#"
        name  address   state    for    more
        103   103@demo  ringing  00:00  from 600@demo
        104   104@demo  unknown  00:00  OH-4034 notifications of 'sip:104@demo' are lost on the network: none followed the 200
        105   105@demo  idle     00:00
        --- exit 0
    "#]]
    .assert_eq(&run(&["blf"], vec![Step::On("blf.list", lamps())]).told());
    let none = Reply::Lamps {
        lamps: Vec::new(),
        mailboxes: Vec::new(),
    };
    expect![[r#"
        no lamps; watch an extension with: offhook blf add 103
        --- exit 0
    "#]]
    .assert_eq(&run(&["blf", "list"], vec![Step::On("blf.list", none)]).told());
}

#[test]
fn changes_are_shown_as_they_come() {
    let change = EventBody::BlfChanged(Box::new(LampChange {
        was: Some(LampState::Idle),
        removed: false,
        snapshot: ringing(),
    }));
    let script = vec![Step::On("blf.list", lamps()), Step::TellOf(None, change)];
    let ran = run(&["blf", "watch", "--timeout", "300ms"], script);
    let last = ran.out.lines().last().unwrap_or_default();
    assert!(
        last.ends_with("103              ringing      from 600@demo"),
        "{last}"
    );
    assert_eq!(ran.exit, Some(0));
}

#[test]
fn lamps_are_added_removed_and_called() {
    let ran = run(
        &["blf", "add", "106", "--label", "Fay"],
        vec![Step::On("blf.add", Reply::Taken)],
    );
    assert!(
        ran.asked[0].contains(r#""target":"106","label":"Fay""#),
        "{:?}",
        ran.asked
    );
    assert_eq!(ran.exit, Some(0));
    let gone = EventBody::BlfChanged(Box::new(LampChange {
        was: Some(LampState::Idle),
        removed: true,
        snapshot: lamp("105", LampState::Idle),
    }));
    let script = vec![
        Step::On("blf.remove", Reply::Taken),
        Step::TellOf(None, gone),
    ];
    let ran = run(&["blf", "remove", "105"], script);
    assert_eq!(ran.out, "105 is not watched any more\n");
    let busy = ErrorObject::new(Code::LAMP_BUSY, "'103' is in a call");
    let ran = run(
        &["blf", "dial", "103"],
        vec![Step::Refuse("blf.dial", busy)],
    );
    assert_eq!(ran.exit, Some(6), "{}", ran.told());
}

#[test]
fn m091_what_rings_elsewhere_is_picked_up_or_it_is_said_why_not() {
    for (code, exit) in [(Code::NOTHING_RINGS, 2), (Code::PICKUP_UNTOLD, 1)] {
        let why = ErrorObject::new(code, "'103'");
        let ran = run(&["pickup", "103"], vec![Step::Refuse("blf.pickup", why)]);
        assert_eq!(ran.exit, Some(exit), "{}", ran.told());
        assert!(
            ran.asked[0].contains(r#""target":"103""#),
            "{:?}",
            ran.asked
        );
    }
}

#[test]
fn m061_voicemail_shows_what_waits() {
    let ran = run(&["voicemail"], vec![Step::On("blf.list", lamps())]);
    assert_eq!(ran.out, "demo  2 new (1 urgent), 8 old\n");
    let none = ErrorObject::new(
        Code::NO_VOICEMAIL_NUMBER,
        "account 'demo' has no voicemail_number",
    );
    let ran = run(
        &["voicemail", "--dial"],
        vec![Step::Refuse("voicemail.dial", none)],
    );
    assert_eq!(ran.exit, Some(2), "{}", ran.told());
}
