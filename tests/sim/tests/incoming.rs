//! Calls that come in, and how calls of ours fail, with whole phones.
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::{Code, EndCause, EventBody};
use offhook_sim::{LinkSettings, Peer, Phone, Settings, World};
use sip_message::Message;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn world(seed: u64) -> World {
    let world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    });
    world
}

/// A peer whose INVITE rings at a phone.
fn ringing(world: &mut World) -> (Peer, sip_message::Request, Phone) {
    let alice = Peer::new(world, "alice");
    let bob = world.phone(&Settings::new("bob"));
    let invite = alice.script().invite(&bob.uri(), true, |_, _| {});
    world.run_for(secs(1));
    assert!(bob.ringing().is_some());
    (alice, invite, bob)
}

/// The statuses that came to the peer's INVITE, above 100.
fn answers(peer: &Peer) -> Vec<u16> {
    let script = peer.script();
    let codes = script
        .heard
        .iter()
        .filter_map(|(_, message)| match message {
            Message::Response(response) => Some(response.status().code()),
            Message::Request(_) => None,
        });
    codes.filter(|code| *code > 100).collect()
}

fn ends(phone: &Phone) -> Vec<(EndCause, Option<u16>, Option<Code>)> {
    let ended = phone.events().into_iter().filter_map(|event| {
        let EventBody::CallEnded(told) = event.body else {
            return None;
        };
        let code = told.error.map(|error| error.code);
        Some((told.cause, told.sip_status, code))
    });
    ended.collect()
}

#[test]
fn m_055_a_silenced_call_rings_on_for_its_caller() {
    let mut world = world(1);
    let (alice, invite, bob) = ringing(&mut world);
    let call = bob.ringing().unwrap();
    bob.silence(call);
    world.run_for(secs(5));
    assert!(bob.calls()[0].silenced);
    let told = bob.events().into_iter();
    let told: Vec<_> = told.filter(|e| e.body.name() == "call.silenced").collect();
    assert!(told.len() == 1 && told[0].command.is_some());
    assert_eq!(answers(&alice), [180]);
    alice.script().cancel(&invite);
    world.run_for(secs(1));
    assert_eq!(
        ends(&bob),
        [(EndCause::Cancelled, Some(487), Some(Code::CANCELLED))]
    );
}

#[test]
fn m_055_a_silenced_call_can_be_answered() {
    let mut world = world(2);
    let (alice, _, bob) = ringing(&mut world);
    let call = bob.ringing().unwrap();
    bob.silence(call);
    bob.accept(call);
    world.run_for(secs(1));
    assert_eq!(answers(&alice), [180, 200]);
    assert_eq!(bob.count("call.answered"), 1);
}

#[test]
fn m_055_a_call_is_sent_elsewhere() {
    for (to, contact) in [
        ("sip:carol@10.0.0.9:5070", "<sip:carol@10.0.0.9:5070>"),
        ("200", "<sip:200@pbx.test>"),
    ] {
        let mut world = world(3);
        let (alice, _, bob) = ringing(&mut world);
        let call = bob.ringing().unwrap();
        bob.redirect(call, "no number at all");
        world.run_for(secs(1));
        assert_eq!((bob.count("call.warning"), bob.count("call.ended")), (1, 0));
        bob.redirect(call, to);
        world.run_for(secs(1));
        assert_eq!(answers(&alice), [180, 302]);
        let script = alice.script();
        let said = script
            .heard
            .iter()
            .rev()
            .find_map(|(_, message)| match message {
                Message::Response(response) => {
                    response.headers().text("Contact").map(|t| t.to_string())
                }
                Message::Request(_) => None,
            });
        assert_eq!(said.as_deref(), Some(contact));
        assert_eq!(ends(&bob), [(EndCause::Redirected, Some(302), None)]);
        let ended = bob
            .events()
            .into_iter()
            .find(|e| e.body.name() == "call.ended");
        assert!(ended.unwrap().command.is_some());
    }
}

#[test]
fn m_055_a_caller_who_is_sent_elsewhere_gets_there() {
    let mut world = world(4);
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    let carol = world.phone(&Settings::new("carol"));
    alice.dial(&bob.uri());
    world.run_for(secs(1));
    bob.redirect(bob.ringing().unwrap(), &carol.uri());
    world.run_for(secs(1));
    carol.accept(carol.ringing().unwrap());
    world.run_for(secs(1));
    assert_eq!((alice.count("call.answered"), bob.calls().len()), (1, 0));
}

/// What a person is told of each way to fail; with `None` nobody is there.
#[test]
fn m_054_each_failure_has_its_reason() {
    let table = [
        (Some(404), EndCause::Failed, Code::UNKNOWN_NUMBER),
        (Some(403), EndCause::Failed, Code::WRONG_PASSWORD),
        (Some(480), EndCause::NoAnswer, Code::NO_ANSWER),
        (Some(486), EndCause::Busy, Code::BUSY),
        (Some(487), EndCause::Cancelled, Code::CANCELLED),
        (Some(503), EndCause::Failed, Code::SERVER_FAILED),
        (Some(603), EndCause::Declined, Code::DECLINED),
        (None, EndCause::Failed, Code::SERVER_SILENT),
    ];
    for (status, cause, code) in table {
        let mut world = world(5);
        let alice = world.phone(&Settings::new("alice"));
        let bob = Peer::new(&mut world, "bob");
        bob.on("INVITE", move |script, invite| {
            if let Some(status) = status {
                script.ring(invite);
                script.reply(invite, status, |r| r);
            }
        });
        alice.dial(&bob.uri());
        world.run_for(secs(60));
        assert_eq!(ends(&alice), [(cause, status, Some(code))], "{status:?}");
        let rang = usize::from(status.is_some());
        assert_eq!(alice.count("call.ringing"), rang, "{status:?}");
    }
}
