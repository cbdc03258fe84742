//! Transfers that go wrong, each in its way: every one ends in a named state, and no call stays on hold.
//!
//! The whole matrix: what goes wrong × blind, attended, semi-attended × transferor, transferee.
#![allow(clippy::unwrap_used)]
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use base::Duration;
use control::command::{CallRef, Command, Reply};
use control::transfer::{TransferCall, TransferMode, TransferSnapshot, TransferState};
use control::{CallHandle, Code, EventBody};
use offhook_sim::{Leg, LinkSettings, Peer, Phone, Script, Settings, World};
use sip::transfer::transferee::Policy;
use sip_message::{HeaderName, Message, Method, Request};
use std::cell::Cell;
use std::rc::Rc;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn world(seed: u64) -> World {
    let world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    world
}

/// How a call is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blind,
    Attended,
    SemiAttended,
}

const KINDS: [Kind; 3] = [Kind::Blind, Kind::Attended, Kind::SemiAttended];

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    Refer4xx,
    Refer5xx,
    ReferTimeout,
    NoNotify,
    NotifyLost,
    EarlyBye,
    CrossedRefer,
    TargetBusy,
    TargetCancels,
    TargetLate,
    Mismatch,
    NetworkLost,
}

const FAULTS: [Fault; 13] = [
    Fault::Nothing,
    Fault::Refer4xx,
    Fault::Refer5xx,
    Fault::ReferTimeout,
    Fault::NoNotify,
    Fault::NotifyLost,
    Fault::EarlyBye,
    Fault::CrossedRefer,
    Fault::TargetBusy,
    Fault::TargetCancels,
    Fault::TargetLate,
    Fault::Mismatch,
    Fault::NetworkLost,
];

/// The last word on the only transfer of `phone`, and when it came.
fn ends(phone: &Phone) -> Vec<(TransferSnapshot, u64)> {
    let told = phone.events().into_iter().filter_map(|event| {
        let at = event.ts.unix_ms();
        match event.body {
            EventBody::TransferDone(told) | EventBody::TransferFailed(told) => Some((*told, at)),
            _ => None,
        }
    });
    told.collect()
}

/// A description that answers any offer: what is held is heard no more.
fn answer(script: &Script, request: &Request) -> String {
    let offer = String::from_utf8_lossy(request.body()).into_owned();
    let version = request.headers().cseq().map_or(1, |cseq| cseq.number);
    let direction = match () {
        () if offer.contains("a=sendonly") => "a=recvonly\r\n",
        () if offer.contains("a=inactive") => "a=inactive\r\n",
        () => "",
    };
    script.sdp(version) + direction
}

/// It picks up, and answers every later offer.
fn takes_calls(peer: &Peer) {
    peer.on("INVITE", |script, invite| {
        let sdp = answer(script, invite);
        script.reply(invite, 200, |r| {
            r.header("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY")
                .body("application/sdp", sdp)
        });
    });
}

/// A report in the dialog of `leg`.
fn notify(script: &mut Script, leg: &mut Leg, code: u16) {
    let state = if code >= 200 {
        "terminated;reason=noresource"
    } else {
        "active;expires=60"
    };
    let request = leg
        .request(Method::Notify)
        .header("Contact", script.contact())
        .header("Event", "refer")
        .header("Subscription-State", state)
        .body(
            "message/sipfrag;version=2.0",
            format!("SIP/2.0 {code} Said\r\n"),
        );
    script.send(request, leg.to, |_, _| {});
}

/// Bob does with REFER what the fault says.
fn misbehave(bob: &Peer, carol: &Peer, fault: Fault, kind: Kind) {
    let carol = carol.clone();
    bob.on("REFER", move |script, refer| {
        let mut leg = Leg::called(script, refer);
        match fault {
            Fault::Refer4xx => return script.reply(refer, 403, |r| r),
            Fault::Refer5xx => return script.reply(refer, 501, |r| r),
            Fault::ReferTimeout => return,
            Fault::CrossedRefer => {
                let crossing = leg
                    .request(Method::Refer)
                    .header("Contact", script.contact())
                    .header("Refer-To", "<sip:dave@10.9.9.9>");
                script.send(crossing, leg.to, |_, _| {});
                return script.reply(refer, 491, |r| r);
            }
            _ => script.reply(refer, 202, |r| r),
        }
        let says: &[(u64, u16)] = match fault {
            Fault::Nothing => &[(10, 100), (200, 180), (900, 200)],
            Fault::TargetBusy => &[(10, 100), (200, 486)],
            Fault::TargetCancels => &[(10, 100), (200, 180), (3_000, 603)],
            Fault::TargetLate => &[(10, 100), (200, 180), (100_000, 200)],
            Fault::Mismatch => &[(10, 100), (200, 481)],
            Fault::EarlyBye | Fault::NetworkLost => &[(10, 100)],
            _ => &[],
        };
        for (wait, code) in says.iter().copied() {
            let mut leg = leg.clone();
            // Later reports have later numbers.
            for _ in 0..wait {
                leg.request(Method::Notify);
            }
            script.later(ms(wait), move |script| notify(script, &mut leg, code));
        }
        let takes_place = matches!(fault, Fault::Nothing | Fault::NoNotify | Fault::NotifyLost);
        if takes_place && kind == Kind::Attended {
            // The target's call was replaced: it takes leave.
            let carol = carol.clone();
            script.later(ms(950), move |_| {
                let invite = carol.last("INVITE").unwrap();
                let mut script = carol.script();
                let mut leg = Leg::called(&script, &invite);
                let bye = leg.request(Method::Bye);
                script.send(bye, leg.to, |_, _| {});
            });
        }
        if fault == Fault::EarlyBye {
            let mut leg = leg.clone();
            for _ in 0..500 {
                leg.request(Method::Notify);
            }
            script.later(ms(500), move |script| {
                let bye = leg.request(Method::Bye);
                script.send(bye, leg.to, |_, _| {});
            });
        }
    });
}

/// Alice hands Bob on to Carol; how it ended, after how long, and what is left of Alice's calls.
fn hands_on(kind: Kind, fault: Fault) -> (TransferSnapshot, u64, Vec<control::CallSnapshot>) {
    let mut world = world(7);
    let alice = world.phone(&Settings::new("alice"));
    let bob = Peer::new(&mut world, "bob");
    let carol = Peer::new(&mut world, "carol");
    takes_calls(&bob);
    match kind {
        Kind::SemiAttended => carol.on("INVITE", |script, invite| script.ring(invite)),
        Kind::Blind | Kind::Attended => takes_calls(&carol),
    }
    misbehave(&bob, &carol, fault, kind);
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    let transfer = TransferCall {
        call: Some(call),
        to: Some(carol.uri()),
        mode: match kind {
            Kind::Blind => TransferMode::Now,
            Kind::Attended | Kind::SemiAttended => TransferMode::Ask,
        },
        ..TransferCall::default()
    };
    alice.command(Command::Transfer(transfer)).unwrap();
    if kind != Kind::Blind {
        world.run_for(secs(2));
        let held = alice
            .calls()
            .into_iter()
            .any(|c| c.call == call && c.held_by_local);
        assert!(held, "{kind:?} {fault:?}: {:?}", alice.events());
        alice
            .command(Command::TransferComplete(CallRef::default()))
            .unwrap();
    }
    if fault == Fault::NetworkLost {
        world.run_while_not(secs(5), || bob.count("REFER") > 0);
        world.run_for(ms(300));
        for peer in [&bob, &carol] {
            world.space_mut().cut(alice.node(), peer.node());
        }
    }
    world.run_for(secs(400));
    let ends = ends(&alice);
    assert_eq!(ends.len(), 1, "{kind:?} {fault:?}: {ends:?}");
    let (end, at) = ends.into_iter().next().unwrap();
    let began = alice.events().into_iter();
    let mut began = began.filter(|event| event.body.name() == "call.transfer.requested");
    let took = at - began.next().unwrap().ts.unix_ms();
    (end, took, alice.calls())
}

/// What each cell ends with: the state, and the code where it did not work.
fn expected(kind: Kind, fault: Fault) -> (TransferState, Option<Code>) {
    use TransferState::{Completed, Lost, Recovered};
    let attended = kind == Kind::Attended;
    match fault {
        Fault::Nothing | Fault::TargetLate => (Completed, None),
        // Carol, whose call was replaced, took leave: that says it as well.
        Fault::NoNotify | Fault::NotifyLost if attended => (Completed, None),
        Fault::NoNotify | Fault::NotifyLost | Fault::ReferTimeout => {
            (Recovered, Some(Code::TRANSFER_UNKNOWN))
        }
        // Who knows no REFER is joined with Carol here (M-078).
        Fault::Refer5xx if attended => (Completed, None),
        Fault::Refer4xx | Fault::Refer5xx | Fault::CrossedRefer => {
            (Recovered, Some(Code::TRANSFER_REFUSED))
        }
        Fault::EarlyBye => (Lost, Some(Code::TRANSFER_CALLER_GONE)),
        Fault::TargetBusy | Fault::TargetCancels | Fault::Mismatch => {
            (Recovered, Some(Code::TRANSFER_NOT_TAKEN))
        }
        Fault::NetworkLost => (Lost, Some(Code::TRANSFER_UNKNOWN)),
    }
}

#[test]
fn m_073_m_074_m_076_m_081_each_way_to_fail_for_a_transferor() {
    let mut wrong = Vec::new();
    for kind in KINDS {
        for fault in FAULTS {
            let (end, took, left) = hands_on(kind, fault);
            let code = end.error.as_ref().map(|error| error.code);
            let stranded = left.iter().any(|c| c.call == end.call && c.held_by_local);
            let right = (end.state, code) == expected(kind, fault);
            if !right || stranded || took > 260_000 {
                wrong.push(format!(
                    "{kind:?} {fault:?}: {:?} {code:?} after {took} ms, left {left:?}",
                    end.state
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// M-075: three kinds of failure, told apart, with the status.
#[test]
fn m_075_why_it_failed_is_named() {
    for (refer, reported, code) in [
        (403, 0, Code::TRANSFER_REFUSED),
        (405, 0, Code::TRANSFER_REFUSED),
        (501, 0, Code::TRANSFER_REFUSED),
        (603, 0, Code::TRANSFER_REFUSED),
        (202, 404, Code::TRANSFER_NO_TARGET),
        (202, 403, Code::TRANSFER_BARRED),
        (202, 486, Code::TRANSFER_NOT_TAKEN),
        (202, 480, Code::TRANSFER_NOT_TAKEN),
    ] {
        let mut world = world(3);
        let alice = world.phone(&Settings::new("alice"));
        let bob = Peer::new(&mut world, "bob");
        takes_calls(&bob);
        bob.on("REFER", move |script, request| {
            script.reply(request, refer, |r| r);
            if reported > 0 {
                let mut leg = Leg::called(script, request);
                script.later(ms(100), move |script| notify(script, &mut leg, reported));
            }
        });
        alice.dial(&bob.uri());
        world.run_for(secs(1));
        let to = Some("200".to_owned());
        let transfer = TransferCall {
            to,
            ..TransferCall::default()
        };
        assert_eq!(alice.command(Command::Transfer(transfer)), Ok(Reply::Taken));
        world.run_for(secs(5));
        let refer_to = bob.last("REFER").unwrap();
        let refer_to = refer_to
            .headers()
            .text(HeaderName::ReferTo)
            .unwrap()
            .to_string();
        assert_eq!(refer_to, "<sip:200@pbx.test>");
        let end = &ends(&alice)[0].0;
        let error = end.error.clone().unwrap();
        let status = if reported > 0 { reported } else { refer };
        assert_eq!((error.code, end.sip_status), (code, Some(status)));
        assert_eq!(end.state, TransferState::Recovered);
        assert!(!alice.calls()[0].held_by_local);
        assert_eq!(bob.count("INVITE"), 3, "dialled, held, resumed");
    }
}

/// M-079, M-080: the target declines, or its phone goes away; the caller is back without a further command.
#[test]
fn m_079_m_080_the_caller_is_back_where_the_target_is_not() {
    for (declines, cancels) in [(true, false), (false, true), (false, false)] {
        let mut world = world(4);
        let alice = world.phone(&Settings::new("alice"));
        let bob = Peer::new(&mut world, "bob");
        let carol = Peer::new(&mut world, "carol");
        takes_calls(&bob);
        takes_calls(&carol);
        if declines {
            carol.on("INVITE", |script, invite| script.reply(invite, 603, |r| r));
        }
        let call = alice.dial(&bob.uri());
        world.run_for(secs(1));
        let transfer = TransferCall {
            to: Some(carol.uri()),
            mode: TransferMode::Ask,
            ..TransferCall::default()
        };
        let reply = alice.command(Command::Transfer(transfer)).unwrap();
        let Reply::Call { call: second } = reply else {
            panic!("{reply:?}");
        };
        world.run_for(secs(2));
        match (declines, cancels) {
            (false, true) => {
                alice
                    .command(Command::TransferCancel(CallRef::default()))
                    .unwrap();
            }
            (false, false) => {
                let invite = carol.last("INVITE").unwrap();
                let mut script = carol.script();
                let mut leg = Leg::called(&script, &invite);
                let bye = leg.request(Method::Bye);
                script.send(bye, leg.to, |_, _| {});
            }
            (true, _) => {}
        }
        world.run_for(secs(3));
        let left = alice.calls();
        assert_eq!(left.len(), 1, "{second:?}");
        assert!(left[0].call == call && !left[0].held_by_local);
        let end = &ends(&alice)[0].0;
        assert_eq!(end.state, TransferState::Recovered);
        assert_eq!(end.error.is_none(), cancels);
        // Nothing is left to complete.
        let late = alice.command(Command::TransferComplete(CallRef::default()));
        assert_eq!(late.unwrap_err().code, Code::WRONG_STATE);
    }
}

/// What the transferor said of a REFER of Bob's, and what reports came.
fn reports(bob: &Peer) -> Vec<String> {
    let script = bob.script();
    let reports = script
        .heard
        .iter()
        .filter_map(|(_, message)| match message {
            Message::Request(request) if *request.method() == Method::Notify => {
                let body = String::from_utf8_lossy(request.body()).into_owned();
                let state = request.headers().text(HeaderName::SubscriptionState)?;
                let last = if state.starts_with("terminated") {
                    "!"
                } else {
                    ""
                };
                Some(format!("{}{last}", body.get(8..11)?))
            }
            Message::Request(_) | Message::Response(_) => None,
        });
    reports.collect()
}

/// The statuses with which REFER was answered.
fn answers(bob: &Peer) -> Vec<u16> {
    let script = bob.script();
    let answers = script
        .heard
        .iter()
        .filter_map(|(_, message)| match message {
            Message::Response(response) => {
                let cseq = response.headers().cseq().ok()?;
                (cseq.method == Method::Refer).then(|| response.status().code())
            }
            Message::Request(_) => None,
        });
    answers.collect()
}

/// Bob, whom Alice called, hands her on.
fn refers(bob: &Peer, to: &str) {
    let invite = bob.last("INVITE").unwrap();
    let mut script = bob.script();
    let mut leg = Leg::called(&script, &invite);
    let refer = leg
        .request(Method::Refer)
        .header("Contact", script.contact())
        .header("Referred-By", "<sip:bob@pbx.test>")
        .header("Refer-To", to);
    script.send(refer, leg.to, |_, _| {});
}

/// Bob hangs up.
fn hangs_up(bob: &Peer) {
    let invite = bob.last("INVITE").unwrap();
    let mut script = bob.script();
    let mut leg = Leg::called(&script, &invite);
    for _ in 0..50 {
        leg.request(Method::Notify);
    }
    let bye = leg.request(Method::Bye);
    script.send(bye, leg.to, |_, _| {});
}

/// Alice is handed on by Bob to Carol; how it ended, Alice, Bob and Carol afterwards.
#[allow(clippy::too_many_lines)] // Everything that one cell is made of.
fn is_handed_on(kind: Kind, fault: Fault) -> (Phone, CallHandle, Peer, Peer) {
    let mut world = world(9);
    let mut settings = Settings::new("alice");
    if fault == Fault::Refer4xx {
        settings.transfers.policy = Policy::Refuse;
    }
    let alice = world.phone(&settings);
    let bob = Peer::new(&mut world, "bob");
    let carol = Peer::new(&mut world, "carol");
    takes_calls(&bob);
    let late = Rc::new(Cell::new(false));
    carol.on("INVITE", move |script, invite| {
        let code = match fault {
            Fault::TargetBusy => 486,
            Fault::TargetCancels => 603,
            Fault::Mismatch => 481,
            Fault::NetworkLost => return,
            Fault::TargetLate if !late.replace(true) => {
                script.ring(invite);
                let invite = invite.clone();
                return script.later(secs(60), move |script| script.accept(&invite));
            }
            _ => 200,
        };
        match code {
            200 => {
                script.ring(invite);
                script.accept(invite);
            }
            _ => script.reply(invite, code, |r| r),
        }
    });
    let left = Rc::new(Cell::new(false));
    bob.on("NOTIFY", move |script, notify| match fault {
        Fault::NoNotify => {}
        Fault::Refer5xx => script.reply(notify, 481, |r| r),
        _ => {
            script.reply(notify, 200, |r| r);
            let done = String::from_utf8_lossy(notify.body()).contains(" 200 ");
            // Bob hangs up once he knows.
            if done && !left.replace(true) {
                let mut leg = Leg::called(script, notify);
                for _ in 0..50 {
                    leg.request(Method::Notify);
                }
                let bye = leg.request(Method::Bye);
                script.send(bye, leg.to, |_, _| {});
            }
        }
    });
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    if fault == Fault::CrossedRefer {
        bob.on("REFER", |script, refer| script.reply(refer, 491, |r| r));
        let to = Some("200".to_owned());
        let transfer = TransferCall {
            to,
            ..TransferCall::default()
        };
        alice.command(Command::Transfer(transfer)).unwrap();
        world.run_for(ms(30));
    }
    if fault == Fault::ReferTimeout {
        world.space_mut().lose_next(alice.node(), bob.node(), 3);
    }
    let to = match kind {
        Kind::Attended => {
            format!(
                "<{}?Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2>",
                carol.uri()
            )
        }
        Kind::Blind | Kind::SemiAttended => format!("<{}>", carol.uri()),
    };
    refers(&bob, &to);
    match fault {
        Fault::EarlyBye => {
            world.run_for(ms(30));
            hangs_up(&bob);
        }
        Fault::NotifyLost => world.space_mut().lose_next(alice.node(), bob.node(), 2),
        Fault::NetworkLost => {
            world.run_for(ms(100));
            for peer in [&bob, &carol] {
                world.space_mut().cut(alice.node(), peer.node());
            }
        }
        _ => {}
    }
    world.run_for(secs(300));
    (alice, call, bob, carol)
}

/// What each cell ends with.
fn expected_there(fault: Fault) -> (TransferState, usize) {
    use TransferState::{Completed, Lost, Recovered};
    match fault {
        Fault::Nothing
        | Fault::NoNotify
        | Fault::NotifyLost
        | Fault::ReferTimeout
        | Fault::Refer5xx
        | Fault::TargetLate
        | Fault::EarlyBye => (Completed, 1),
        Fault::Refer4xx | Fault::CrossedRefer => (Recovered, 1),
        Fault::TargetBusy | Fault::TargetCancels | Fault::Mismatch => (Recovered, 1),
        // The call with Bob has no session timer: nobody notices yet that it is gone.
        Fault::NetworkLost => (Lost, 0),
    }
}

#[test]
fn m_083_each_way_to_fail_for_a_transferee() {
    let mut wrong = Vec::new();
    for kind in KINDS {
        for fault in FAULTS {
            let (alice, call, bob, carol) = is_handed_on(kind, fault);
            let ends = ends(&alice);
            let left = alice.calls();
            let (state, stay) = expected_there(fault);
            let states: Vec<_> = ends.iter().map(|(end, _)| end.state).collect();
            let network = fault == Fault::NetworkLost;
            let states_right = match network {
                true => matches!(states[..], [TransferState::Lost | TransferState::Recovered]),
                false => states == [state],
            };
            let stranded = left.iter().any(|call| call.held_by_local);
            let stays_right = network || left.len() == stay;
            if state == TransferState::Completed && kind == Kind::Attended {
                let invite = carol.last("INVITE").unwrap();
                let replaces = invite.headers().replaces().unwrap().unwrap();
                assert_eq!(replaces.to_string(), "x@y;to-tag=1;from-tag=2");
                let by = invite.headers().referred_by().unwrap().unwrap();
                assert_eq!(by.to_string(), "<sip:bob@pbx.test>");
            }
            if !states_right || stranded || !stays_right {
                wrong.push(format!(
                    "{kind:?} {fault:?} of {call}: {states:?}, REFER {:?}, reports {:?}, left {left:?}",
                    answers(&bob),
                    reports(&bob)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn m_083_reports_go_one_after_the_other() {
    let (_, _, bob, _) = is_handed_on(Kind::Blind, Fault::Nothing);
    assert_eq!(answers(&bob), [202]);
    let all = reports(&bob);
    assert!(all.first().is_some_and(|first| first == "100"), "{all:?}");
    assert_eq!(all.last().map(String::as_str), Some("200!"), "{all:?}");
    let (_, _, bob, _) = is_handed_on(Kind::Blind, Fault::TargetBusy);
    assert_eq!(reports(&bob), ["100", "486!"]);
    let (_, _, bob, _) = is_handed_on(Kind::Blind, Fault::Refer4xx);
    assert_eq!((answers(&bob), reports(&bob)), (vec![603], Vec::new()));
}

/// A REFER to what is no phone is refused with a named error, and the call goes on.
#[test]
fn m_083_a_forbidden_target_is_refused() {
    for (to, status) in [
        ("<http://pbx.test/>", 403),
        ("<sip:carol@pbx.test;method=BYE>", 403),
        ("<sip:carol@pbx.test?Replaces=x>", 400),
        ("no address", 400),
    ] {
        let mut world = world(5);
        let alice = world.phone(&Settings::new("alice"));
        let bob = Peer::new(&mut world, "bob");
        takes_calls(&bob);
        alice.dial(&bob.uri());
        world.run_for(secs(1));
        refers(&bob, to);
        world.run_for(secs(2));
        assert_eq!(answers(&bob), [status], "{to}");
        let told = alice.events().into_iter().find_map(|event| {
            let EventBody::CallWarning(told) = event.body else {
                return None;
            };
            Some(told.code)
        });
        assert_eq!(told, Some(Code::TRANSFER_FORBIDDEN), "{to}");
        assert_eq!((alice.calls().len(), bob.count("NOTIFY")), (1, 0));
    }
}

/// A person who is asked goes, stays, or says nothing.
#[test]
fn m_083_a_person_is_asked() {
    for (decision, state) in [
        (Some(true), TransferState::Completed),
        (Some(false), TransferState::Recovered),
        (None, TransferState::Recovered),
    ] {
        let mut world = world(6);
        let mut settings = Settings::new("alice");
        settings.transfers.policy = Policy::Ask;
        let alice = world.phone(&settings);
        let bob = Peer::new(&mut world, "bob");
        let carol = Peer::new(&mut world, "carol");
        takes_calls(&bob);
        takes_calls(&carol);
        alice.dial(&bob.uri());
        world.run_for(secs(1));
        refers(&bob, &format!("<{}>", carol.uri()));
        world.run_for(secs(2));
        assert_eq!((answers(&bob), carol.count("INVITE")), (vec![202], 0));
        let open = alice.snapshot().transfers;
        assert_eq!(open[0].state, TransferState::Consulting);
        let on = CallRef::default();
        match decision {
            Some(true) => drop(alice.command(Command::TransferAllow(on)).unwrap()),
            Some(false) => drop(alice.command(Command::TransferRefuse(on)).unwrap()),
            None => world.run_for(secs(30)),
        }
        world.run_for(secs(10));
        assert_eq!(ends(&alice)[0].0.state, state);
        assert!(alice.snapshot().transfers.is_empty());
        let calls = usize::from(state == TransferState::Completed);
        assert_eq!(carol.count("INVITE"), calls);
        assert_eq!(alice.calls().len(), 1);
    }
}

/// What cannot be meant is refused before anything is sent.
#[test]
fn m_073_what_cannot_be_handed_on() {
    let mut world = world(8);
    let alice = world.phone(&Settings::new("alice"));
    let bob = Peer::new(&mut world, "bob");
    takes_calls(&bob);
    let ask = |transfer: TransferCall| alice.command(Command::Transfer(transfer));
    let to = |to: &str| TransferCall {
        to: Some(to.to_owned()),
        ..TransferCall::default()
    };
    assert_eq!(ask(to("200")).unwrap_err().code, Code::UNKNOWN_CALL);
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    assert_eq!(ask(TransferCall::default()).unwrap_err().code, Code::USAGE);
    let both = TransferCall {
        with: Some(call),
        ..to("200")
    };
    assert!(ask(both).is_err());
    // Where the number means nothing, the caller is back, and it is said why.
    ask(to("no number at all")).unwrap();
    world.run_for(secs(5));
    let end = &ends(&alice)[0].0;
    let code = end.error.as_ref().map(|error| error.code);
    assert_eq!(
        (end.state, code),
        (TransferState::Recovered, Some(Code::BAD_ADDRESS))
    );
    assert!(!alice.calls()[0].held_by_local && bob.count("REFER") == 0);
}

/// M-081 by setting: the call that rings is named in REFER and not given up first.
#[test]
fn m_081_a_ringing_call_is_handed_over_as_it_is_where_that_is_set() {
    let mut world = world(7);
    let mut settings = Settings::new("alice");
    settings.transfers.early_replaces = true;
    let alice = world.phone(&settings);
    let bob = Peer::new(&mut world, "bob");
    let carol = Peer::new(&mut world, "carol");
    takes_calls(&bob);
    carol.on("INVITE", |script, invite| script.ring(invite));
    misbehave(&bob, &carol, Fault::Nothing, Kind::SemiAttended);
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    let transfer = TransferCall {
        call: Some(call),
        to: Some(carol.uri()),
        mode: TransferMode::Ask,
        ..TransferCall::default()
    };
    alice.command(Command::Transfer(transfer)).unwrap();
    world.run_for(secs(1));
    let complete = Command::TransferComplete(CallRef::default());
    alice.command(complete).unwrap();
    world.run_while_not(secs(5), || bob.count("REFER") > 0);
    assert_eq!(carol.count("CANCEL"), 0, "it rings on");
    let refer = bob.last("REFER").unwrap();
    let to = refer.headers().refer_to().unwrap().unwrap();
    let uri = to.uri().sip().unwrap().clone();
    assert!(uri.to_string().starts_with(&carol.uri()), "{uri}");
    let replaces = sip_message::Replaces::in_uri(&uri).unwrap().unwrap();
    let invite = carol.last("INVITE").unwrap();
    let from = invite.headers().from().unwrap();
    let expected = format!(
        "{};to-tag=carol-tag;from-tag={};early-only",
        invite.headers().call_id().unwrap(),
        from.tag().unwrap()
    );
    assert_eq!(replaces.to_string(), expected);
    world.run_for(secs(5));
    assert_eq!(ends(&alice)[0].0.state, TransferState::Completed);
    assert_eq!((carol.count("CANCEL"), alice.calls().len()), (1, 0));
}

/// M-080: the network is away for 14 s while the target is asked; what the person does then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Takes the caller back during the outage.
    TakesBackAtOnce,
    /// Takes the caller back once the network is there again.
    TakesBack,
    /// Hands over once the network is there again.
    HandsOver,
}

#[test]
fn m_080_an_outage_of_14_s_while_the_target_is_asked_loses_nobody() {
    for then in [Then::TakesBackAtOnce, Then::TakesBack, Then::HandsOver] {
        let mut world = world(9);
        let alice = world.phone(&Settings::new("alice"));
        let bob = Peer::new(&mut world, "bob");
        let carol = Peer::new(&mut world, "carol");
        takes_calls(&bob);
        takes_calls(&carol);
        misbehave(&bob, &carol, Fault::Nothing, Kind::Attended);
        let call = alice.dial(&bob.uri());
        world.run_for(secs(1));
        let transfer = TransferCall {
            to: Some(carol.uri()),
            mode: TransferMode::Ask,
            ..TransferCall::default()
        };
        alice.command(Command::Transfer(transfer)).unwrap();
        world.run_for(secs(2));
        for peer in [&bob, &carol] {
            world.space_mut().cut(alice.node(), peer.node());
        }
        world.run_for(secs(2));
        let back = Command::TransferCancel(CallRef::default());
        if then == Then::TakesBackAtOnce {
            alice.command(back.clone()).unwrap();
        }
        world.run_for(secs(12));
        assert!(alice.calls().iter().any(|c| c.call == call), "{then:?}");
        for peer in [&bob, &carol] {
            world.space_mut().heal(alice.node(), peer.node());
        }
        match then {
            Then::TakesBackAtOnce => {}
            Then::TakesBack => drop(alice.command(back).unwrap()),
            Then::HandsOver => {
                let over = Command::TransferComplete(CallRef::default());
                alice.command(over).unwrap();
            }
        }
        world.run_for(secs(20));
        let end = &ends(&alice)[0].0;
        let left = alice.calls();
        match then {
            Then::HandsOver => {
                assert_eq!((end.state, left.len()), (TransferState::Completed, 0));
            }
            Then::TakesBackAtOnce | Then::TakesBack => {
                assert_eq!((end.state, left.len()), (TransferState::Recovered, 1));
                assert!(left[0].call == call && !left[0].held_by_local, "{then:?}");
                let resumed = bob.last("INVITE").unwrap();
                let offer = String::from_utf8_lossy(resumed.body()).into_owned();
                assert!(!offer.contains("a=sendonly"), "{offer}");
                assert_eq!(carol.count("BYE"), 1, "{then:?}");
            }
        }
    }
}
