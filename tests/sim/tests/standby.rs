//! Accounts with a server that stands by.
#![allow(clippy::unwrap_used)]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use control::event::Event;
use control::{AccountSnapshot, CallHandle, EventBody};
use offhook_sim::{LinkSettings, Phone, Proxy, Settings, World};
use ports::account::Standby;
use sip_message::Status;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A server, one that stands by for it, and Bob's phone, which has both.
fn world(seed: u64, expires: u64) -> (World, Proxy, Proxy, Settings) {
    let mut world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    });
    let primary = Proxy::new(&mut world, "primary", "biloxi.test");
    let standby = Proxy::new(&mut world, "standby", "standby.test");
    standby.state().aliases.push("biloxi.test".to_owned());
    let mut bob = Settings::new("bob").registered("", secs(expires));
    bob.domain = "biloxi.test".to_owned();
    bob.standby = Some(Standby {
        server: "sip:standby.test".parse().unwrap(),
        after: secs(30),
    });
    (world, primary, standby, bob)
}

/// When each try began and each success came, in seconds, and whether at the server that stands by.
fn story(bob: &Phone, name: &str) -> Vec<(f64, bool)> {
    let told = bob.events().into_iter();
    told.filter(|event| event.body.name() == name)
        .map(|event| (seconds(&event), snapshot(&event).on_standby))
        .collect()
}

fn seconds(event: &Event) -> f64 {
    event.ts.unix_ms() as f64 / 1000.0
}

fn snapshot(event: &Event) -> AccountSnapshot {
    let (EventBody::AccountRegistering(told)
    | EventBody::AccountRegistered(told)
    | EventBody::AccountFailed(told)) = &event.body
    else {
        panic!("not asked for: {event:?}");
    };
    told.snapshot.clone()
}

fn is_at(world: &World, bob: &Phone, on_standby: bool) -> bool {
    world.run_while_not(secs(60), || {
        let last = story(bob, "account.registered").last().copied();
        last.is_some_and(|(_, at)| at == on_standby)
    })
}

/// Bob calls Carol, whom the server that stands by knows.
fn calls_carol(world: &mut World, standby: &Proxy, bob: &Phone) -> (Phone, CallHandle) {
    let carol = world.phone(&Settings::new("carol"));
    standby.knows("carol", &carol.uri());
    let call = bob.dial("sip:carol@biloxi.test");
    assert!(world.run_while_not(secs(2), || carol.ringing().is_some()));
    carol.accept(carol.ringing().unwrap());
    world.run_for(secs(2));
    assert_eq!(bob.count("call.answered"), 1);
    (carol, call)
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

#[test]
fn m_017_both_are_silent_and_are_tried_in_turn_for_five_minutes() {
    let (mut world, primary, standby, bob) = world(1, 600);
    primary.state().is_dead = true;
    standby.state().is_dead = true;
    let bob = world.phone(&bob);
    world.run_for(secs(305));
    let tries = story(&bob, "account.registering");
    assert_eq!(tries.len(), 11, "{tries:?}");
    let first = tries[0].0;
    for (turn, (at, on_standby)) in tries.into_iter().enumerate() {
        let due = first + 30.0 * turn as f64;
        assert!((at - due).abs() <= 1.0, "turn {turn}: {at} for {due}");
        assert_eq!(on_standby, turn % 2 == 1, "turn {turn}");
    }
    // And it goes on until one of them is there.
    primary.state().is_dead = false;
    assert!(is_at(&world, &bob, false));
}

#[test]
fn m_017_a_server_that_stops_is_left_after_30_s_and_calls_go_by_the_other() {
    let (mut world, primary, standby, bob) = world(2, 600);
    let bob = world.phone(&bob);
    assert!(is_at(&world, &bob, false));
    primary.state().is_dead = true;
    let stopped = story(&bob, "account.registered")[0].0;
    assert!(is_at(&world, &bob, true));
    let there = story(&bob, "account.registered")[1].0;
    assert!((there - stopped - 30.0).abs() <= 1.0, "{there} {stopped}");
    assert!(standby.state().registrar.bindings.contains_key("bob"));
    // Nothing brings it back, however long the primary one is there again.
    primary.state().is_dead = false;
    world.run_for(secs(900));
    assert_eq!(story(&bob, "account.registered").len(), 2);
    let (carol, _) = calls_carol(&mut world, &standby, &bob);
    assert!(hears(&world, &bob, &carol, 3) && hears(&world, &carol, &bob, 4));
}

#[test]
fn m_018_out_of_duty_it_sends_the_account_back_and_a_call_goes_on() {
    for (seed, status) in [(5, 503), (6, 302)] {
        let (mut world, primary, standby, bob) = world(seed, 20);
        primary.state().is_dead = true;
        let bob = world.phone(&bob);
        assert!(is_at(&world, &bob, true));
        let (carol, call) = calls_carol(&mut world, &standby, &bob);
        primary.state().is_dead = false;
        standby.state().registrar.out_of_duty = Status::new(status);
        assert!(is_at(&world, &bob, false), "{status}");
        assert!(primary.state().registrar.bindings.contains_key("bob"));
        assert!(hears(&world, &bob, &carol, 7) && hears(&world, &carol, &bob, 8));
        // Its own requests still find their way, by the server where the call began.
        bob.hang_up(call);
        world.run_for(secs(2));
        assert_eq!((bob.calls().len(), carol.calls().len()), (0, 0));
    }
}
