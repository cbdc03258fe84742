//! Calls that were handed on or parked, and come back; and park slots with their lamps.
//!
//! The PBX is a double: it takes every call, goes where REFER sends it, watches a slot, and rings back.
#![allow(clippy::unwrap_used)]
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use base::Duration;
use control::lamp::LampRef;
use control::transfer::{Returned, TransferCall, TransferMode, TransferState};
use control::{CallHandle, Command, EventBody, LampState};
use offhook_sim::{Leg, LinkSettings, Peer, Phone, Script, Settings, World};
use ports::blf::LampWish;
use sip_message::{HeaderName, Method, Request};
use std::net::SocketAddr;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A report on a REFER: it worked.
fn reports(script: &mut Script, refer: &Request) {
    let mut leg = Leg::called(script, refer);
    let notify = leg
        .request(Method::Notify)
        .header("Contact", script.contact())
        .header("Event", "refer")
        .header("Subscription-State", "terminated;reason=noresource")
        .body("message/sipfrag", "SIP/2.0 200 OK\r\n");
    script.send(notify, leg.to, |_, _| {});
}

/// What the PBX says of a slot: who is in it.
fn watches(script: &mut Script, subscribe: &Request, number: u32, parked: bool) {
    let mut leg = Leg::called(script, subscribe);
    for _ in 0..number {
        leg.request(Method::Notify);
    }
    let call = match parked {
        true => {
            "<dialog id='1' direction='recipient'><state>confirmed</state>\
             <remote><identity display='Eve'>sip:500@pbx.test</identity></remote></dialog>"
        }
        false => "",
    };
    let notify = leg
        .request(Method::Notify)
        .header("Contact", script.contact())
        .header("Event", "dialog")
        .header("Subscription-State", "active;expires=300")
        .body(
            "application/dialog-info+xml",
            format!("<dialog-info version='{number}' state='full' entity='x'>{call}</dialog-info>"),
        );
    script.send(notify, leg.to, |_, _| {});
}

/// Alice, who watches slot 701, and the PBX through which all goes.
fn with_pbx(world: &mut World) -> (Phone, Peer) {
    world.set_links(&LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    });
    let pbx = Peer::new(world, "pbx");
    let mut settings = Settings::new("alice");
    settings.outbound_proxy = Some(format!("{};lr", pbx.uri()).parse().unwrap());
    settings.watches.lamps = vec![LampWish {
        target: "701".to_owned(),
        label: "Slot 1".to_owned(),
        slot: true,
    }];
    let alice = world.phone(&settings);
    pbx.on("INVITE", |script, invite| {
        let offer = String::from_utf8_lossy(invite.body()).into_owned();
        let version = invite.headers().cseq().map_or(1, |cseq| cseq.number);
        let held = offer.contains("a=sendonly");
        let sdp = script.sdp(version) + if held { "a=recvonly\r\n" } else { "" };
        script.reply(invite, 200, |r| r.body("application/sdp", sdp));
        // Whoever calls the slot takes whom it holds.
        if invite.uri_text().starts_with("sip:701@") {
            lamp(script, 2, false);
        }
    });
    pbx.on("SUBSCRIBE", |script, subscribe| {
        script.reply(subscribe, 200, |r| {
            r.header("Expires", "300")
                .header("Contact", "<sip:701@10.0.0.1>")
        });
        watches(script, subscribe, 0, false);
    });
    pbx.on("REFER", |script, refer| {
        script.reply(refer, 202, |r| r);
        let to = refer.headers().text(HeaderName::ReferTo).unwrap();
        let is_slot = to.contains("sip:701@");
        let refer = refer.clone();
        script.later(Duration::from_millis(100), move |script| {
            reports(script, &refer);
            if is_slot {
                lamp(script, 1, true);
            }
        });
    });
    (alice, pbx)
}

/// Says how the slot is now, to whoever watches it.
fn lamp(script: &mut Script, number: u32, parked: bool) {
    let all = script.heard.iter();
    let subscribe = all.rev().find_map(|(_, message)| match message {
        sip_message::Message::Request(request) if *request.method() == Method::Subscribe => {
            Some(request.clone())
        }
        _ => None,
    });
    if let Some(subscribe) = subscribe {
        watches(script, &subscribe, number, parked);
    }
}

fn hand_on(world: &World, alice: &Phone, transfer: TransferCall) -> CallHandle {
    let call = alice.dial("500");
    world.run_for(secs(1));
    alice.command(Command::Transfer(transfer)).unwrap();
    world.run_for(secs(2));
    let done = alice
        .events()
        .into_iter()
        .rev()
        .find_map(|event| match event.body {
            EventBody::TransferDone(told) => Some(told.state),
            _ => None,
        });
    assert_eq!(done, Some(TransferState::Completed));
    assert!(alice.calls().is_empty());
    call
}

/// The PBX rings Alice; as what the call is told.
fn rings_back(
    world: &World,
    (pbx, alice): (&Peer, &Phone),
    from: &str,
    header: Option<(&str, &str)>,
) -> Option<Returned> {
    let before = alice.count("call.incoming");
    {
        let mut script = pbx.script();
        let sdp = script.sdp(1);
        let invite = script.invitation("sip:alice@pbx.test");
        let mut invite = invite
            .replace("From", format!("{from};tag=back-{before}"))
            .body("application/sdp", sdp);
        if let Some((name, value)) = header {
            invite = invite.header(name, value);
        }
        let to = SocketAddr::new(alice.ip(), 5060);
        script.send(invite, to, |_, _| {});
    }
    world.run_for(secs(1));
    assert_eq!(alice.count("call.incoming"), before + 1);
    let told = alice
        .events()
        .into_iter()
        .rev()
        .find_map(|event| match event.body {
            EventBody::CallIncoming(told) => Some(told.snapshot),
            _ => None,
        });
    let told = told.unwrap();
    alice.decline(told.call, Some(486));
    world.run_for(secs(1));
    told.returned.map(|returned| *returned)
}

fn to_1002() -> TransferCall {
    TransferCall {
        to: Some("1002".to_owned()),
        ..TransferCall::default()
    }
}

#[test]
fn m_076_a_call_that_the_pbx_rings_back_is_told_as_returned() {
    let mut world = World::new(1);
    let (alice, pbx) = with_pbx(&mut world);
    let call = hand_on(&world, &alice, to_1002());
    world.run_for(secs(30));
    let eve = "\"Eve\" <sip:500@pbx.test>";
    let returned = rings_back(&world, (&pbx, &alice), eve, None).unwrap();
    assert_eq!(returned.call, call);
    assert_eq!(returned.who.uri, "sip:500@pbx.test");
    assert_eq!((returned.target.as_str(), returned.parked), ("1002", false));
    // Once; what Eve does later is her own call.
    assert_eq!(rings_back(&world, (&pbx, &alice), eve, None), None);
    // Minutes later only where the PBX says whence it comes.
    let history = (
        "History-Info",
        "<sip:1002@pbx.test>;index=1, <sip:alice@pbx.test>;index=2",
    );
    for (header, known) in [(None, false), (Some(history), true)] {
        hand_on(&world, &alice, to_1002());
        world.run_for(secs(150));
        let returned = rings_back(&world, (&pbx, &alice), eve, header);
        assert_eq!(returned.is_some(), known, "{header:?}");
    }
}

fn parks() -> TransferCall {
    TransferCall {
        to: Some("701".to_owned()),
        park: true,
        ..TransferCall::default()
    }
}

#[test]
fn m_088_a_parked_call_that_comes_back_is_told_with_whom_it_was() {
    for (from, header) in [
        (
            "\"Eve\" <sip:500@pbx.test>",
            Some((
                "History-Info",
                "<sip:701@pbx.test>;index=1, <sip:alice@pbx.test>;index=2",
            )),
        ),
        (
            "\"Eve\" <sip:500@pbx.test>",
            Some(("Referred-By", "<sip:alice@pbx.test>")),
        ),
        ("\"Park 701\" <sip:unknown@pbx.test>", None),
        ("<sip:701@pbx.test>", None),
    ] {
        let mut world = World::new(2);
        let (alice, pbx) = with_pbx(&mut world);
        hand_on(&world, &alice, parks());
        world.run_for(secs(300));
        let returned = rings_back(&world, (&pbx, &alice), from, header).unwrap();
        assert_eq!(returned.who.uri, "sip:500@pbx.test", "{from}");
        assert_eq!((returned.target.as_str(), returned.parked), ("701", true));
    }
    // Somebody else calls meanwhile.
    let mut world = World::new(3);
    let (alice, pbx) = with_pbx(&mut world);
    hand_on(&world, &alice, parks());
    let dave = "\"Dave\" <sip:600@pbx.test>";
    assert_eq!(rings_back(&world, (&pbx, &alice), dave, None), None);
}

fn slot(alice: &Phone) -> LampState {
    alice.snapshot().lamps[0].state
}

/// Both ways to park, by number and by lamp; both ways to fetch.
#[test]
fn m_084_m_085_m_087_the_slot_has_a_lamp() {
    for by_lamp in [false, true] {
        let mut world = World::new(4);
        let (alice, pbx) = with_pbx(&mut world);
        world.run_for(secs(1));
        assert_eq!(slot(&alice), LampState::Idle);
        let park = TransferCall {
            lamp: by_lamp.then(|| "Slot 1".to_owned()),
            to: (!by_lamp).then(|| "701".to_owned()),
            ..TransferCall::default()
        };
        hand_on(&world, &alice, park);
        let refer = pbx.last("REFER").unwrap();
        let to = refer.headers().text(HeaderName::ReferTo).unwrap();
        assert_eq!(to.to_string(), "<sip:701@pbx.test>");
        assert_eq!(slot(&alice), LampState::Parked);
        let lamp = &alice.snapshot().lamps[0];
        assert_eq!(lamp.peer.as_ref().unwrap().uri, "sip:500@pbx.test");
        match by_lamp {
            true => {
                let target = "Slot 1".to_owned();
                let dial = Command::DialLamp(LampRef {
                    target,
                    account: None,
                });
                alice.command(dial).unwrap();
            }
            false => {
                alice.dial("701");
            }
        }
        world.run_for(secs(1));
        let invite = pbx.last("INVITE").unwrap();
        assert_eq!(invite.uri_text(), "sip:701@pbx.test");
        assert_eq!((alice.calls().len(), slot(&alice)), (1, LampState::Idle));
        // A slot that is known as one is parked at, however it was named.
        let eve = "\"Eve\" <sip:500@pbx.test>";
        let returned = rings_back(&world, (&pbx, &alice), eve, None).unwrap();
        assert!(returned.parked);
    }
}

#[test]
fn m_082_a_lamp_is_a_target_like_its_number() {
    for mode in [TransferMode::Now, TransferMode::Ask] {
        let sent = [Some("701"), None].map(|typed| {
            let mut world = World::new(5);
            let (alice, pbx) = with_pbx(&mut world);
            alice.dial("500");
            world.run_for(secs(1));
            let transfer = TransferCall {
                to: typed.map(str::to_owned),
                lamp: typed.is_none().then(|| "Slot 1".to_owned()),
                mode,
                ..TransferCall::default()
            };
            alice.command(Command::Transfer(transfer)).unwrap();
            world.run_for(secs(2));
            let invite = pbx.last("INVITE").unwrap().uri_text().to_owned();
            let refer = pbx.last("REFER");
            let refer = refer.map(|r| r.headers().text(HeaderName::ReferTo).unwrap().to_string());
            (invite, refer)
        });
        assert_eq!(sent[0], sent[1], "{mode:?}");
    }
    let mut world = World::new(6);
    let (alice, _) = with_pbx(&mut world);
    alice.dial("500");
    world.run_for(secs(1));
    for (to, lamp) in [(None, Some("nobody")), (Some("701"), Some("Slot 1"))] {
        let transfer = TransferCall {
            to: to.map(str::to_owned),
            lamp: lamp.map(str::to_owned),
            ..TransferCall::default()
        };
        assert!(alice.command(Command::Transfer(transfer)).is_err());
    }
}
