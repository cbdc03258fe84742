//! Calls that are parked at a slot of the PBX, which is a transfer to the slot, and fetched from there.
#![allow(clippy::unwrap_used)]
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use base::Duration;
use control::command::{CallRef, Command};
use control::transfer::{TransferCall, TransferMode, TransferSnapshot, TransferState};
use control::{Code, EventBody};
use offhook_sim::{Leg, LinkSettings, Peer, Phone, Script, Settings, World};
use sip_message::{HeaderName, Method, Request};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The end of the only transfer.
fn end(phone: &Phone) -> TransferSnapshot {
    let told = phone
        .events()
        .into_iter()
        .find_map(|event| match event.body {
            EventBody::TransferDone(told) | EventBody::TransferFailed(told) => Some(*told),
            _ => None,
        });
    told.unwrap()
}

/// What answers an offer: recvonly where we are held.
fn answer(script: &Script, request: &Request) -> String {
    let offer = String::from_utf8_lossy(request.body()).into_owned();
    let version = request.headers().cseq().map_or(1, |cseq| cseq.number);
    let held = offer.contains("a=sendonly");
    script.sdp(version) + if held { "a=recvonly\r\n" } else { "" }
}

/// Alice, and the PBX through which she calls everybody: it is the far end of each call, and its slots are `slot`:
/// free, or answering so.
fn with_pbx(world: &mut World, slot: u16) -> (Phone, Peer) {
    world.set_links(&LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    });
    let pbx = Peer::new(world, "pbx");
    let mut settings = Settings::new("alice");
    settings.outbound_proxy = Some(format!("{};lr", pbx.uri()).parse().unwrap());
    let alice = world.phone(&settings);
    pbx.on("INVITE", move |script, invite| {
        let is_slot = invite.uri_text().starts_with("sip:701@");
        match slot {
            200 => {}
            status if is_slot => return script.reply(invite, status, |r| r),
            _ => {}
        }
        let sdp = answer(script, invite);
        script.reply(invite, 200, |r| r.body("application/sdp", sdp));
    });
    pbx.on("REFER", move |script, refer| {
        script.reply(refer, 202, |r| r);
        let leg = Leg::called(script, refer);
        script.later(Duration::from_millis(100), move |script| {
            let mut leg = leg;
            let notify = leg
                .request(Method::Notify)
                .header("Contact", script.contact())
                .header("Event", "refer")
                .header("Subscription-State", "terminated;reason=noresource")
                .body("message/sipfrag", format!("SIP/2.0 {slot} Said\r\n"));
            script.send(notify, leg.to, |_, _| {});
        });
    });
    (alice, pbx)
}

fn park(alice: &Phone, mode: TransferMode) {
    let park = TransferCall {
        to: Some("701".to_owned()),
        mode,
        ..TransferCall::default()
    };
    alice.command(Command::Transfer(park)).unwrap();
}

#[test]
fn m_085_one_touch_and_by_hand_park_the_same() {
    for mode in [TransferMode::Now, TransferMode::Ask] {
        let mut world = World::new(1);
        let (alice, pbx) = with_pbx(&mut world, 200);
        alice.dial("200");
        world.run_for(secs(1));
        park(&alice, mode);
        world.run_for(secs(2));
        if mode == TransferMode::Ask {
            alice
                .command(Command::TransferComplete(CallRef::default()))
                .unwrap();
            world.run_for(secs(2));
        }
        assert_eq!(end(&alice).state, TransferState::Completed, "{mode:?}");
        assert!(alice.calls().is_empty(), "{mode:?}: {:?}", alice.calls());
        let refer = pbx.last("REFER").unwrap();
        let to = refer
            .headers()
            .text(HeaderName::ReferTo)
            .unwrap()
            .to_string();
        match mode {
            TransferMode::Now => assert_eq!(to, "<sip:701@pbx.test>"),
            TransferMode::Ask => assert!(to.contains("?Replaces="), "{to}"),
        }
    }
}

#[test]
fn m_086_a_call_that_cannot_be_parked_is_back() {
    for (status, code) in [
        (486, Code::TRANSFER_NOT_TAKEN),
        (404, Code::TRANSFER_NO_TARGET),
        (403, Code::TRANSFER_BARRED),
    ] {
        for mode in [TransferMode::Now, TransferMode::Ask] {
            let mut world = World::new(2);
            let (alice, _) = with_pbx(&mut world, status);
            let call = alice.dial("200");
            world.run_for(secs(1));
            park(&alice, mode);
            world.run_for(secs(5));
            let end = end(&alice);
            assert_eq!(
                (end.state, end.sip_status),
                (TransferState::Recovered, Some(status))
            );
            let told = end.error.unwrap().code;
            // Who was asked says no by itself: why is in the status.
            let expected = match mode {
                TransferMode::Now => code,
                TransferMode::Ask => Code::TRANSFER_NOT_TAKEN,
            };
            assert_eq!(told, expected, "{status} {mode:?}");
            let left = alice.calls();
            assert!(left.len() == 1 && left[0].call == call && !left[0].held_by_local);
        }
    }
}

#[test]
fn m_087_a_parked_call_is_fetched_by_its_number() {
    let mut world = World::new(3);
    let (alice, pbx) = with_pbx(&mut world, 200);
    alice.dial("701");
    world.run_for(secs(1));
    let invite = pbx.last("INVITE").unwrap();
    assert_eq!(invite.uri_text(), "sip:701@pbx.test");
    assert_eq!(alice.count("call.answered"), 1);
}
