//! Hold and resume with whole phones: what is said in descriptions, and what of voice goes where.
#![allow(clippy::unwrap_used)]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use control::event::Side;
use control::{CallHandle, Code, EventBody};
use offhook_sim::{LinkSettings, Peer, Phone, Settings, World};
use part_media::Held;
use std::cell::Cell;
use std::rc::Rc;

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

/// Two phones that talk; the caller's call and the callee's.
fn talking(world: &mut World, alice: &Settings) -> (Phone, CallHandle, Phone, CallHandle) {
    let alice = world.phone(alice);
    let bob = world.phone(&Settings::new("bob"));
    let call = alice.dial(&bob.uri());
    assert!(world.run_while_not(secs(2), || bob.ringing().is_some()));
    let theirs = bob.ringing().unwrap();
    bob.accept(theirs);
    world.run_for(secs(2));
    assert_eq!(alice.count("call.answered"), 1);
    (alice, call, bob, theirs)
}

/// Media datagrams that `phone` sends and hears from now on for 10 s.
fn flows(world: &World, phone: &Phone) -> (u64, u64) {
    let before = phone.media_datagrams();
    world.run_for(secs(10));
    let after = phone.media_datagrams();
    (after.0 - before.0, after.1 - before.1)
}

/// Whether a chirp that `from` says is heard at `to`.
fn hears(world: &World, from: &Phone, to: &Phone, seed: u64) -> bool {
    let said = chirp(&mut Rng::from_number(seed), Rate::Hz16000, 1_000);
    to.take_heard();
    from.say(&said);
    world.run_for(secs(3));
    let found = correlate::find(&said, &to.take_heard());
    found.is_some_and(|found| found.score > 0.95)
}

/// By whom the calls of `phone` were held and resumed, in order.
fn story(phone: &Phone) -> Vec<(&'static str, Side)> {
    let told = phone.events().into_iter();
    let told = told.filter_map(|event| {
        let name = match event.body.name() {
            "call.hold" => "hold",
            _ => "resumed",
        };
        let (EventBody::CallHold(told) | EventBody::CallResumed(told)) = event.body else {
            return None;
        };
        Some((name, told.by))
    });
    told.collect()
}

/// RTCP alone: a report every 5 s or so.
const RTCP_ALONE: u64 = 8;

#[test]
fn m_068_a_held_call_has_no_sound_and_gets_it_back() {
    let mut world = world(1);
    let (alice, call, bob, _) = talking(&mut world, &Settings::new("alice"));
    assert!(hears(&world, &alice, &bob, 1) && hears(&world, &bob, &alice, 2));
    alice.hold(call);
    world.run_for(secs(1));
    let (sent, heard) = flows(&world, &alice);
    assert!(sent < RTCP_ALONE && heard < RTCP_ALONE, "{sent} {heard}");
    assert!(!hears(&world, &alice, &bob, 3) && !hears(&world, &bob, &alice, 4));
    let (ours, theirs) = (alice.calls(), bob.calls());
    assert!(ours[0].held_by_local && !ours[0].held_by_remote);
    assert!(theirs[0].held_by_remote && !theirs[0].held_by_local);
    alice.resume(call);
    world.run_for(secs(1));
    let (sent, heard) = flows(&world, &alice);
    assert!(sent > 490 && heard > 490, "{sent} {heard}");
    assert!(hears(&world, &alice, &bob, 5) && hears(&world, &bob, &alice, 6));
    let local = [("hold", Side::Local), ("resumed", Side::Local)];
    let remote = [("hold", Side::Remote), ("resumed", Side::Remote)];
    assert_eq!((story(&alice), story(&bob)), (local.into(), remote.into()));
    // The outcome names the command; asked again, it is told again.
    let mut named = alice
        .events()
        .into_iter()
        .filter(|e| e.body.name() == "call.hold");
    assert!(named.next_back().unwrap().command.is_some());
    alice.resume(call);
    world.run_for(secs(1));
    assert_eq!(alice.count("call.resumed"), 2);
}

#[test]
fn m_068_silence_is_sent_where_the_settings_say_so() {
    let mut world = world(2);
    let mut settings = Settings::new("alice");
    settings.held = Held::Silence;
    let (alice, call, bob, _) = talking(&mut world, &settings);
    alice.hold(call);
    world.run_for(secs(1));
    let (sent, heard) = flows(&world, &alice);
    assert!(sent > 490 && heard < RTCP_ALONE, "{sent} {heard}");
    assert!(!hears(&world, &alice, &bob, 3));
    alice.resume(call);
    world.run_for(secs(1));
    assert!(hears(&world, &alice, &bob, 5) && hears(&world, &bob, &alice, 6));
    alice.mute(call, true);
    alice.hold(call);
    world.run_for(secs(1));
    alice.resume(call);
    world.run_for(secs(1));
    assert!(!hears(&world, &alice, &bob, 7), "it was muted before");
}

#[test]
fn m_069_both_hold_and_each_ends_its_own() {
    let mut world = world(3);
    let (alice, call, bob, theirs) = talking(&mut world, &Settings::new("alice"));
    bob.hold(theirs);
    world.run_for(secs(1));
    alice.hold(call);
    world.run_for(secs(1));
    for phone in [&alice, &bob] {
        let shown = phone.calls();
        assert!(
            shown[0].held_by_local && shown[0].held_by_remote,
            "{shown:?}"
        );
    }
    bob.resume(theirs);
    world.run_for(secs(1));
    let shown = alice.calls();
    assert!(shown[0].held_by_local && !shown[0].held_by_remote);
    assert!(!hears(&world, &alice, &bob, 3) && !hears(&world, &bob, &alice, 4));
    alice.resume(call);
    world.run_for(secs(1));
    assert!(hears(&world, &alice, &bob, 5) && hears(&world, &bob, &alice, 6));
    for phone in [&alice, &bob] {
        let shown = phone.calls();
        assert!(!shown[0].held_by_local && !shown[0].held_by_remote);
    }
}

/// A peer that answers re-INVITEs with a status, so often; the directions that it was offered.
fn refusing(world: &mut World, status: u16, times: usize) -> Peer {
    let peer = Peer::new(world, "bob");
    let left = Rc::new(Cell::new(times));
    peer.on("INVITE", move |script, invite| {
        let is_first = invite.headers().to().is_ok_and(|to| to.tag().is_none());
        if is_first || left.get() == 0 {
            return script.accept(invite);
        }
        left.set(left.get() - 1);
        script.reply(invite, status, |r| r);
    });
    peer
}

/// Holds of `phone` that were refused: whether each names a command.
fn refusals(phone: &Phone) -> Vec<bool> {
    let refused = |event: &control::Event| {
        let EventBody::CallWarning(told) = &event.body else {
            return false;
        };
        told.code == Code::HOLD_REFUSED
    };
    let refused = phone.events().into_iter().filter(refused);
    refused.map(|event| event.command.is_some()).collect()
}

fn offered(peer: &Peer) -> String {
    let invite = peer.last("INVITE").unwrap();
    let text = String::from_utf8_lossy(invite.body()).into_owned();
    let ways = ["sendrecv", "sendonly", "recvonly", "inactive"];
    let way = ways
        .into_iter()
        .find(|way| text.contains(&format!("a={way}")));
    way.unwrap_or("nothing").to_owned()
}

#[test]
fn m_068_488_leaves_the_call_active_and_says_so() {
    let mut world = world(4);
    let alice = world.phone(&Settings::new("alice"));
    let bob = refusing(&mut world, 488, 1);
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    alice.hold(call);
    world.run_for(secs(1));
    assert_eq!(offered(&bob), "sendonly");
    assert_eq!(refusals(&alice), [true], "it names the command");
    assert_eq!(alice.count("call.hold") + alice.count("call.ended"), 0);
    assert!(!alice.calls()[0].held_by_local);
    assert!(flows(&world, &alice).0 > 490);
    // The next attempt is taken.
    alice.hold(call);
    world.run_for(secs(1));
    assert_eq!(alice.count("call.hold"), 1);
    alice.resume(call);
    world.run_for(secs(1));
    assert_eq!(
        (offered(&bob).as_str(), alice.count("call.resumed")),
        ("sendrecv", 1)
    );
}

#[test]
fn m_068_491_is_tried_again() {
    let mut world = world(5);
    let alice = world.phone(&Settings::new("alice"));
    let bob = refusing(&mut world, 491, 2);
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    alice.hold(call);
    // The caller waits 2.1 s to 4 s each time.
    world.run_for(secs(10));
    assert_eq!(bob.count("INVITE"), 4);
    assert_eq!(
        (offered(&bob).as_str(), alice.count("call.hold")),
        ("sendonly", 1)
    );
}

#[test]
fn m_068_what_is_wanted_last_wins() {
    let mut world = world(6);
    let (alice, call, bob, _) = talking(&mut world, &Settings::new("alice"));
    alice.hold(call);
    alice.resume(call);
    alice.hold(call);
    alice.resume(call);
    world.run_for(secs(5));
    assert!(!alice.calls()[0].held_by_local && !bob.calls()[0].held_by_remote);
    assert!(hears(&world, &alice, &bob, 5) && hears(&world, &bob, &alice, 6));
    alice.resume(call);
    alice.hold(call);
    world.run_for(secs(5));
    assert!(alice.calls()[0].held_by_local && bob.calls()[0].held_by_remote);
}

/// Who of `others` holds or is held, as Alice's phone shows it: one letter each.
fn held(alice: &Phone, calls: &[CallHandle]) -> String {
    let shown = alice.calls();
    let letter = |handle: &CallHandle| {
        let call = shown.iter().find(|call| call.call == *handle);
        match call.map(|call| call.held_by_local) {
            Some(true) => 'h',
            Some(false) => 'A',
            None => '-',
        }
    };
    calls.iter().map(letter).collect()
}

#[test]
fn m_056_one_of_three_calls_is_active() {
    let mut world = world(7);
    let alice = world.phone(&Settings::new("alice"));
    let peers: Vec<Peer> = ["bob", "carol", "dave"]
        .map(|name| {
            let peer = Peer::new(&mut world, name);
            peer.on("INVITE", |script, invite| script.accept(invite));
            peer
        })
        .into();
    let mut calls = Vec::new();
    for peer in &peers {
        calls.push(alice.dial(&peer.uri()));
        world.run_for(secs(2));
    }
    let wire = || -> Vec<String> { peers.iter().map(offered).collect() };
    assert_eq!(held(&alice, &calls), "hhA");
    assert_eq!(wire(), ["sendonly", "sendonly", "sendrecv"]);
    alice.swap();
    world.run_for(secs(2));
    assert_eq!(held(&alice, &calls), "hAh");
    assert_eq!(wire(), ["sendonly", "sendrecv", "sendonly"]);
    alice.swap();
    world.run_for(secs(2));
    assert_eq!(held(&alice, &calls), "hhA");
    alice.resume(calls[0]);
    world.run_for(secs(2));
    assert_eq!(held(&alice, &calls), "Ahh");
    assert_eq!(wire(), ["sendrecv", "sendonly", "sendonly"]);
    // Any of them ends; the others stay as they are.
    alice.hang_up(calls[0]);
    world.run_for(secs(2));
    assert_eq!(held(&alice, &calls), "-hh");
    alice.hang_up(calls[2]);
    world.run_for(secs(2));
    assert_eq!(held(&alice, &calls), "-h-");
    alice.resume(calls[1]);
    world.run_for(secs(2));
    assert_eq!(held(&alice, &calls), "-A-");
}

#[test]
fn m_056_a_call_that_refuses_to_be_held_is_silent_beside_another() {
    let mut world = world(8);
    let alice = world.phone(&Settings::new("alice"));
    let bob = refusing(&mut world, 488, usize::MAX);
    let first = alice.dial(&bob.uri());
    world.run_for(secs(1));
    let carol =
        world.phone(&Settings::new("carol").answers_after(secs(1), ports::media::Sound::Echo));
    let second = alice.dial(&carol.uri());
    world.run_for(secs(3));
    assert_eq!(held(&alice, &[first, second]), "hA");
    assert_eq!(refusals(&alice), [false]);
    alice.hang_up(second);
    alice.resume(first);
    world.run_for(secs(2));
    assert_eq!(held(&alice, &[first]), "A");
    assert!(flows(&world, &alice).0 > 490);
    assert_eq!(refusals(&alice), [false], "nobody has to agree to that");
}

#[test]
fn m_056_several_may_talk_where_the_settings_say_so() {
    let mut world = world(9);
    let mut settings = Settings::new("alice");
    settings.one_active = false;
    let (alice, call, _, _) = talking(&mut world, &settings);
    let carol =
        world.phone(&Settings::new("carol").answers_after(secs(1), ports::media::Sound::Echo));
    let other = alice.dial(&carol.uri());
    world.run_for(secs(3));
    assert_eq!(held(&alice, &[call, other]), "AA");
    alice.hold(call);
    world.run_for(secs(1));
    assert_eq!(held(&alice, &[call, other]), "hA");
    alice.swap();
    world.run_for(secs(1));
    assert_eq!(held(&alice, &[call, other]), "Ah");
}

#[test]
fn m_068_only_a_call_that_is_up_is_held() {
    let mut world = world(10);
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    alice.hold(call);
    world.run_for(secs(1));
    let told = alice.events().into_iter().find_map(|event| {
        let EventBody::CallWarning(told) = event.body else {
            return None;
        };
        event.command.map(|_| told.code)
    });
    assert_eq!(
        (told, alice.count("call.hold")),
        (Some(Code::WRONG_STATE), 0)
    );
    // A call that ends before its hold is agreed on tells the one who waits.
    bob.accept(bob.ringing().unwrap());
    world.run_for(secs(1));
    alice.hold(call);
    bob.hang_up(bob.calls()[0].call);
    world.run_for(secs(40));
    let mut ended = alice
        .events()
        .into_iter()
        .filter(|e| e.body.name() == "call.ended");
    let held = alice.count("call.hold");
    assert!(held == 1 || ended.next_back().unwrap().command.is_some());
}
