//! The rule alone: what it hears, what it wishes for.

use super::*;
use control::conference::CallConference;
use control::event::{AnsweredBy, CallAnswered, CallEnded, CallWarning};
use control::reason::{EndCause, EndedBy};
use control::snapshot::Party;
use control::{CallHandle, Code, Timestamp};

fn handle(name: &str) -> CallHandle {
    name.parse().unwrap()
}

fn told(call: &str, body: EventBody) -> Event {
    Event {
        seq: 1,
        ts: Timestamp::from_unix_ms(0),
        account: None,
        call: Some(handle(call)),
        command: None,
        body,
    }
}

fn snapshot(call: &str, direction: CallDirection, to: &str) -> CallSnapshot {
    let party = |uri: &str| Party {
        uri: uri.to_owned(),
        display: None,
    };
    let parties = (
        party("sip:101@pbx.test"),
        party(&format!("sip:{to}@pbx.test:5070")),
    );
    CallSnapshot::begun(
        handle(call),
        None,
        direction,
        parties,
        Timestamp::from_unix_ms(0),
    )
}

fn answered(operator: &mut Operator, call: &str, direction: CallDirection, to: &str) -> Vec<Wish> {
    let body = CallAnswered {
        by: AnsweredBy::Auto,
        setup_ms: 1,
        codec: None,
        security: "none".to_owned(),
        snapshot: snapshot(call, direction, to),
    };
    operator.hears(&told(call, EventBody::CallAnswered(Box::new(body))))
}

fn came(operator: &mut Operator, call: &str, to: &str) -> Vec<Wish> {
    answered(operator, call, CallDirection::Incoming, to)
}

fn ended(operator: &mut Operator, call: &str) -> Vec<Wish> {
    let body = CallEnded {
        by: EndedBy::Remote,
        cause: EndCause::Normal,
        sip_status: None,
        reason_header: None,
        q850_cause: None,
        reason_text: None,
        duration_ms: 1_000,
        mos_avg: None,
        codec: None,
        error: None,
        snapshot: snapshot(call, CallDirection::Incoming, "701"),
    };
    operator.hears(&told(call, EventBody::CallEnded(Box::new(body))))
}

fn warning() -> EventBody {
    EventBody::CallWarning(Box::new(CallWarning {
        code: Code::WRONG_STATE,
        text: "not to be joined".to_owned(),
        fix: String::new(),
    }))
}

fn held(call: &str) -> Vec<Wish> {
    let call = Some(handle(call));
    vec![Wish::Do(Command::Hold(CallRef { call }))]
}

/// The pair is told by each that it is in a conversation with the PBX, or without.
fn met(operator: &mut Operator, calls: [&str; 2], person: bool) -> Vec<Wish> {
    let told = calls.map(|call| {
        let mut snapshot = snapshot(call, CallDirection::Incoming, "701");
        snapshot.conference = Some(InConference { id: 1, person });
        let with = Vec::new();
        let body = Box::new(CallConference { with, snapshot });
        operator.hears(&told(call, EventBody::CallMerged(body)))
    });
    told.into_iter().flatten().collect()
}

fn joined(calls: [&str; 2]) -> Vec<Wish> {
    vec![Wish::Join(calls.map(handle))]
}

fn left() -> Vec<Wish> {
    let leave = EndConference { keep: true };
    vec![Wish::Do(Command::EndConference(leave))]
}

fn hung_up(call: &str) -> Wish {
    let call = Some(handle(call));
    Wish::Do(Command::HangUp(CallRef { call }))
}

#[test]
fn pairs_are_joined_one_after_the_other() {
    let mut operator = Operator::default();
    for (call, slot) in [("c7k2", "701"), ("c8m3", "702")] {
        came(&mut operator, call, slot);
    }
    assert_eq!(came(&mut operator, "c9n4", "701"), joined(["c9n4", "c7k2"]));
    // Meanwhile the PBX's own conference is taken.
    assert_eq!(came(&mut operator, "cp2d", "702"), []);
    assert_eq!(met(&mut operator, ["c9n4", "c7k2"], true), left());
    let next = met(&mut operator, ["c9n4", "c7k2"], false);
    assert_eq!(next, joined(["cp2d", "c8m3"]));
}

#[test]
fn whoever_is_left_of_a_pair_is_hung_up_and_the_next_is_joined() {
    let mut operator = Operator::default();
    for (call, slot) in [
        ("c7k2", "701"),
        ("c8m3", "702"),
        ("c9n4", "701"),
        ("cp2d", "702"),
    ] {
        came(&mut operator, call, slot);
    }
    let wishes = ended(&mut operator, "c7k2");
    let next = Wish::Join(["cp2d", "c8m3"].map(handle));
    assert_eq!(wishes, [hung_up("c9n4"), next]);
    // One whose turn has not come is left with nobody too.
    for (call, slot) in [("cq3d", "703"), ("cr4d", "703")] {
        came(&mut operator, call, slot);
    }
    assert_eq!(ended(&mut operator, "cr4d"), [hung_up("cq3d")]);
    // One that cannot be joined holds up none.
    operator.is_joining(CommandId(7));
    let mut warned = told("cp2d", warning());
    warned.command = Some(CommandId(7));
    assert_eq!(operator.hears(&warned), []);
    came(&mut operator, "cq3d", "703");
    assert_eq!(came(&mut operator, "cr4d", "703"), joined(["cr4d", "cq3d"]));
}

#[test]
fn a_slot_keeps_one_call_until_another_one_comes_for_it() {
    let mut operator = Operator::default();
    assert_eq!(came(&mut operator, "c7k2", "701"), held("c7k2"));
    assert_eq!(
        came(&mut operator, "c8m3", "702"),
        held("c8m3"),
        "each for itself"
    );
    assert_eq!(came(&mut operator, "c9n4", "701"), joined(["c9n4", "c7k2"]));
    assert_eq!(
        came(&mut operator, "cp2d", "701"),
        held("cp2d"),
        "free again"
    );
}

#[test]
fn a_slot_whose_call_ended_is_free() {
    let mut operator = Operator::default();
    came(&mut operator, "c7k2", "703");
    assert_eq!(ended(&mut operator, "c7k2"), []);
    assert_eq!(came(&mut operator, "c8m3", "703"), held("c8m3"));
}

#[test]
fn three_voices_are_brought_and_leave_with_who_called() {
    let mut operator = Operator::default();
    let wishes = came(&mut operator, "c7k2", "900");
    let numbers = wishes.iter().map(|wish| match wish {
        Wish::Bring { number, call } if *call == handle("c7k2") => *number,
        Wish::Bring { .. } | Wish::Do(_) | Wish::Join(_) => panic!("{wish:?}"),
    });
    assert_eq!(numbers.collect::<Vec<_>>(), ["9001", "9002", "9003"]);
    operator.calls(handle("c8m3"), handle("c7k2"));
    operator.calls(handle("c9n4"), handle("c7k2"));
    let wishes = answered(&mut operator, "c8m3", CallDirection::Outgoing, "9001");
    assert_eq!(wishes, joined(["c7k2", "c8m3"]));
    // The other end of what it calls is here too, and wants nothing.
    assert_eq!(came(&mut operator, "cp2d", "9001"), []);
    met(&mut operator, ["c7k2", "c8m3"], false);
    let left = ended(&mut operator, "c7k2");
    assert_eq!(left, [hung_up("c8m3"), hung_up("c9n4")]);
}

#[test]
fn keys_of_603_are_told_back_and_no_others() {
    let key = |method, direction| {
        EventBody::CallDtmf(Box::new(CallDtmf {
            digit: '5',
            duration_ms: 100,
            method,
            direction,
        }))
    };
    let mut operator = Operator::default();
    came(&mut operator, "c7k2", "603");
    came(&mut operator, "c8m3", "600");
    for (method, how) in [
        (DtmfMethod::Rtp, "you pressed 5, by RTP event"),
        (DtmfMethod::Info, "you pressed 5, by SIP INFO"),
        (DtmfMethod::Inband, "you pressed 5, by tones in the sound"),
    ] {
        let wishes = operator.hears(&told("c7k2", key(method, Side::Remote)));
        let [Wish::Do(Command::MessageSend(told))] = &wishes[..] else {
            panic!("{wishes:?}");
        };
        assert_eq!((told.text.as_str(), told.call), (how, Some(handle("c7k2"))));
    }
    let rtp = |operator: &mut Operator, call: &str, direction| {
        operator.hears(&told(call, key(DtmfMethod::Rtp, direction)))
    };
    assert_eq!(rtp(&mut operator, "c7k2", Side::Local), []);
    assert_eq!(rtp(&mut operator, "c8m3", Side::Remote), []);
}
