//! INVITE with Replaces: somebody takes the place of the one we talk with (RFC 3891).
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::{CallHandle, EventBody};
use offhook_sim::{LinkSettings, Peer, Phone, Settings, World};
use sip_message::{Message, Method, RequestBuilder};

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

/// Alice's phone, her call to Bob, who does `answers`, and Carol, who does nothing yet.
fn with_bob(world: &mut World, answers: bool) -> (Phone, CallHandle, Peer, Peer) {
    let alice = world.phone(&Settings::new("alice"));
    let bob = Peer::new(world, "bob");
    bob.on("INVITE", move |script, invite| match answers {
        true => script.accept(invite),
        false => script.ring(invite),
    });
    let carol = Peer::new(world, "carol");
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    (alice, call, bob, carol)
}

/// Alice's dialog with Bob, as a Replaces that comes to her names it.
fn dialog(bob: &Peer) -> String {
    let invite = bob.last("INVITE").unwrap();
    let headers = invite.headers();
    let from = headers.from().unwrap();
    let call = headers.call_id().unwrap();
    format!("{call};to-tag={};from-tag=bob-tag", from.tag().unwrap())
}

/// Carol's INVITE with Replaces, and its statuses above 100 once all is done.
fn takes_place(world: &World, carol: &Peer, alice: &Phone, replaces: &str) -> Vec<u16> {
    let mut script = carol.script();
    let invite = RequestBuilder::new(Method::Invite, alice.uri())
        .header("Max-Forwards", 70)
        .header(
            "From",
            format!("<sip:carol@{}>;tag=carol-tag", script.address),
        )
        .header("To", format!("<{}>", alice.uri()))
        .header(
            "Call-ID",
            format!("of {replaces}").replace([' ', ';', '=', '@'], "-"),
        )
        .header("CSeq", "1 INVITE")
        .header("Require", "replaces")
        .header("Contact", script.contact())
        .header("Replaces", replaces)
        .body("application/sdp", script.sdp(1));
    let to = std::net::SocketAddr::new(alice.ip(), 5060);
    script.send(invite, to, |_, _| {});
    drop(script);
    world.run_for(secs(2));
    let script = carol.script();
    let codes = script
        .heard
        .iter()
        .filter_map(|(_, message)| match message {
            Message::Response(response) => Some(response.status().code()),
            Message::Request(_) => None,
        });
    codes.filter(|code| *code > 100).collect()
}

#[test]
fn m_083_replaces_takes_over_the_right_call() {
    let mut world = world(1);
    let (alice, call, bob, carol) = with_bob(&mut world, true);
    let dave = Peer::new(&mut world, "dave");
    dave.on("INVITE", |script, invite| script.accept(invite));
    let other = alice.dial(&dave.uri());
    world.run_for(secs(1));
    alice.resume(call);
    world.run_for(secs(1));
    assert_eq!(takes_place(&world, &carol, &alice, &dialog(&bob)), [200]);
    // Bob is told goodbye, and Dave's call stays on hold.
    assert_eq!((bob.count("BYE"), dave.count("BYE")), (1, 0));
    let left = alice.calls();
    assert_eq!(left.len(), 2);
    assert!(left.iter().any(|c| c.call == other && c.held_by_local));
    assert!(
        left.iter()
            .any(|c| c.from.uri.starts_with("sip:carol@") && !c.held_by_local)
    );
    let replaces = alice.events().into_iter().find_map(|event| {
        let EventBody::CallIncoming(told) = event.body else {
            return None;
        };
        told.replaces
    });
    assert_eq!(replaces, Some(call));
    assert_eq!(alice.count("call.answered"), 3);
}

#[test]
fn m_083_replaces_takes_over_a_call_of_ours_that_rings() {
    let mut world = world(2);
    let (alice, call, bob, carol) = with_bob(&mut world, false);
    let early = dialog(&bob) + ";early-only";
    assert_eq!(takes_place(&world, &carol, &alice, &early), [200]);
    assert_eq!(bob.count("CANCEL"), 1);
    let left = alice.calls();
    assert!(left.len() == 1 && left[0].call != call);
}

#[test]
fn m_083_what_cannot_be_replaced_is_refused() {
    let mut world = world(3);
    let (alice, _, bob, carol) = with_bob(&mut world, true);
    let right = dialog(&bob);
    let elsewhere = right.replace("from-tag=bob-tag", "from-tag=mallory");
    let other_call = format!("x{right}");
    for (replaces, status) in [
        (format!("{right};early-only"), 486),
        (elsewhere, 481),
        (other_call, 481),
        ("a@b;to-tag=1;from-tag=2".to_owned(), 481),
        ("a@b;to-tag=1".to_owned(), 400),
    ] {
        carol.script().heard.clear();
        let said = takes_place(&world, &carol, &alice, &replaces);
        assert_eq!(said, [status], "{replaces}");
    }
    assert_eq!((alice.calls().len(), bob.count("BYE")), (1, 0));
}

/// A call that came in and rings is nobody's to take (RFC 3891 §3).
#[test]
fn m_083_a_call_that_rings_here_is_not_taken() {
    let mut world = world(4);
    let alice = world.phone(&Settings::new("alice"));
    let bob = Peer::new(&mut world, "bob");
    let carol = Peer::new(&mut world, "carol");
    let ringing = std::rc::Rc::new(std::cell::RefCell::new(String::new()));
    let kept = std::rc::Rc::clone(&ringing);
    bob.script().invite(&alice.uri(), true, move |_, response| {
        let headers = response.headers();
        if let (Ok(to), Ok(call)) = (headers.to(), headers.call_id())
            && let Some(tag) = to.tag()
        {
            *kept.borrow_mut() = format!("{call};to-tag={tag};from-tag=bob-tag");
        }
    });
    world.run_for(secs(1));
    let replaces = ringing.borrow().clone();
    assert_eq!(takes_place(&world, &carol, &alice, &replaces), [481]);
    assert!(alice.ringing().is_some());
}
