//! A part that panics costs what it owned, and nothing else (issue 2, deliver 4; rulings, Limits).
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::snapshot::{AccountState, EngineState};
use offhook_sim::{LinkSettings, Phone, Proxy, Settings, World};
use ports::Address;
use ports::media::Sound;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Alice and Bob, both registered, in a call.
fn in_a_call(seed: u64) -> (World, Phone, Phone) {
    let mut world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    });
    Proxy::new(&mut world, "pbx", "pbx.test");
    let alice = Settings::new("alice").registered("", secs(600));
    let alice = world.phone(&alice);
    let bob = Settings::new("bob").registered("", secs(600));
    let bob = world.phone(&bob.answers_after(secs(1), Sound::Echo));
    world.run_for(secs(1));
    alice.dial("bob");
    world.run_for(secs(3));
    assert_eq!(alice.count("call.answered"), 1);
    (world, alice, bob)
}

/// The call lives: voice flows, and hanging up ends it on both sides.
fn still_talks(world: &World, alice: &Phone, bob: &Phone) {
    let before = alice.media_datagrams();
    world.run_for(secs(1));
    let after = alice.media_datagrams();
    assert!(after.0 > before.0 + 45 && after.1 > before.1 + 45);
    alice.hang_up(alice.calls()[0].call);
    world.run_for(secs(1));
    assert_eq!((alice.count("call.ended"), bob.count("call.ended")), (1, 1));
}

fn leaves_nothing(world: &World) {
    world.end_all();
    world.run_for(secs(110));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

fn is_registered(phone: &Phone) -> bool {
    phone.snapshot().accounts[0].state == AccountState::Registered
}

#[test]
fn link_made_anew_leaves_calls_and_bindings() {
    let (world, alice, bob) = in_a_call(1);
    alice.poison(Address::Link);
    assert_eq!(alice.count("engine.degraded"), 1);
    world.run_for(secs(10));
    still_talks(&world, &alice, &bob);
    world.run_for(secs(60));
    assert!(is_registered(&alice));
    leaves_nothing(&world);
}

/// M-009: the connections that stand are told again to a link that was made anew, whoever opened them,
/// so that the call is hung up over the one it was made over.
#[test]
fn link_made_anew_leaves_calls_over_tcp() {
    for (seed, victim_called) in [(6, true), (7, false)] {
        let mut world = World::new(seed);
        world.set_links(&LinkSettings {
            delay: Duration::from_millis(20),
            ..LinkSettings::CLEAN
        });
        let alice = world.phone(&Settings::new("alice"));
        let bob = Settings::new("bob").answers_after(secs(1), Sound::Echo);
        let bob = world.phone(&bob);
        alice.dial(&format!("{};transport=tcp", bob.uri()));
        world.run_for(secs(3));
        assert_eq!(alice.count("call.answered"), 1);
        let victim = if victim_called { &alice } else { &bob };
        victim.poison(Address::Link);
        assert_eq!(victim.count("engine.degraded"), 1);
        world.run_for(secs(1));
        let before = alice.media_datagrams();
        world.run_for(secs(1));
        let after = alice.media_datagrams();
        assert!(after.0 > before.0 + 45 && after.1 > before.1 + 45);
        // The side that lost its link hears the other one, and the answer to its own request.
        let (quiet, ends) = if victim_called {
            (&alice, &bob)
        } else {
            (&bob, &alice)
        };
        ends.hang_up(ends.calls()[0].call);
        world.run_for(secs(1));
        assert_eq!(quiet.count("call.ended"), 1, "BYE was heard");
        alice.dial(&format!("{};transport=tcp", bob.uri()));
        world.run_for(secs(3));
        assert_eq!(alice.count("call.answered"), 2);
        quiet.hang_up(quiet.calls()[0].call);
        world.run_for(secs(1));
        assert_eq!(ends.count("call.ended"), 2);
        leaves_nothing(&world);
    }
}

#[test]
fn registrar_made_anew_leaves_calls_and_registers_again() {
    let (world, alice, bob) = in_a_call(2);
    alice.poison(Address::Registrar);
    still_talks(&world, &alice, &bob);
    world.run_for(secs(5));
    assert!(is_registered(&alice));
    assert_eq!(alice.count("account.registered"), 2);
    leaves_nothing(&world);
}

#[test]
fn media_made_anew_ends_its_calls_with_a_reason() {
    let (world, alice, bob) = in_a_call(3);
    alice.poison(Address::Media);
    world.run_for(secs(2));
    assert_eq!((alice.count("call.ended"), bob.count("call.ended")), (1, 1));
    alice.dial("bob");
    world.run_for(secs(3));
    assert_eq!(alice.count("call.answered"), 2);
    leaves_nothing(&world);
}

#[test]
fn dialogs_made_anew_tells_that_its_calls_are_lost() {
    let (world, alice, bob) = in_a_call(4);
    alice.poison(Address::Dialogs);
    world.run_for(secs(1));
    // Nobody owns the call here any more: it is told as ended, and its leg and ports are free.
    assert_eq!(alice.count("call.ended"), 1);
    assert!(is_registered(&alice));
    let left: Vec<_> = alice
        .unfinished()
        .into_iter()
        .filter(|(n, _)| n != "Link")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // Bob notices by himself that Alice knows no such dialog.
    bob.hang_up(bob.calls()[0].call);
    world.run_for(secs(2));
    assert_eq!(bob.count("call.ended"), 1);
    alice.dial("bob");
    world.run_for(secs(3));
    assert_eq!(alice.count("call.answered"), 2);
    leaves_nothing(&world);
}

/// While a call is being set up, whatever part panics: nothing is stuck afterwards.
#[test]
fn a_panic_at_any_moment_leaves_nothing_stuck() {
    let parts = [
        Address::Link,
        Address::Registrar,
        Address::Dialogs,
        Address::Media,
    ];
    for part in parts {
        for at_ms in (0..1_200).step_by(30) {
            let mut world = World::new(at_ms);
            world.set_links(&LinkSettings {
                delay: Duration::from_millis(20),
                ..LinkSettings::CLEAN
            });
            Proxy::new(&mut world, "pbx", "pbx.test");
            let alice = Settings::new("alice").registered("", secs(600));
            let alice = world.phone(&alice);
            let bob = Settings::new("bob").registered("", secs(600));
            let bob = bob.answers_after(Duration::from_millis(500), Sound::Echo);
            let bob = world.phone(&bob);
            world.run_for(Duration::from_millis(200));
            alice.dial("bob");
            world.run_for(Duration::from_millis(at_ms));
            let victim = if at_ms % 60 == 0 { &alice } else { &bob };
            victim.poison(part);
            world.run_for(secs(3));
            world.end_all();
            world.run_for(secs(250));
            let left = world.unfinished();
            assert!(left.is_empty(), "{part:?} at {at_ms} ms leaves {left:?}");
            for (name, created, ended) in world.calls_counted() {
                assert_eq!(created, ended, "{part:?} at {at_ms} ms: calls of {name}");
            }
        }
    }
}

/// Five restarts in 30 s are forgiven, the sixth panic keeps the part down; time forgives.
#[test]
fn the_sixth_panic_in_thirty_seconds_degrades_the_engine() {
    let (world, alice, bob) = in_a_call(5);
    for restart in 1..=5 {
        alice.poison(Address::Registrar);
        assert_eq!(alice.count("engine.degraded"), restart);
        assert_eq!(alice.snapshot().state, EngineState::Running);
        world.run_for(secs(1));
    }
    alice.poison(Address::Registrar);
    assert_eq!(alice.snapshot().state, EngineState::Degraded);
    still_talks(&world, &alice, &bob);
    for _ in 0..10 {
        bob.poison(Address::Registrar);
        world.run_for(secs(7));
    }
    assert_eq!(bob.snapshot().state, EngineState::Running);
}
