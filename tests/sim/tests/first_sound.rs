//! What is said the moment a call is answered is heard whole.
#![allow(clippy::unwrap_used)]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use offhook_sim::{LinkSettings, Phone, Proxy, Settings, World};
use ports::media::Sound;

/// Worlds in which the ticks of the two phones stand differently to each other.
const SEEDS: core::ops::Range<u64> = 0..8;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn world(seed: u64) -> World {
    let world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    world
}

fn said(seed: u64) -> Vec<i16> {
    chirp(&mut Rng::from_number(seed), Rate::Hz16000, 1_000)
}

/// `sound` arrived in one piece, at its level.
fn is_whole(what: &str, sound: &[i16], heard: &[i16]) {
    let found = correlate::find(sound, heard).unwrap();
    assert!(
        found.score >= 0.95 && found.gain_db.abs() <= 1.0,
        "{what}: {found:?}"
    );
}

/// Calls an echo at `to` and speaks at once.
fn echoed(world: &World, alice: &Phone, to: &str, seed: u64) {
    let sound = said(seed);
    alice.dial(to);
    assert!(world.run_while_not(ms(5_000), || alice.count("call.answered") == 1));
    alice.say(&sound);
    world.run_for(ms(2_000));
    is_whole(&format!("{to}, seed {seed}"), &sound, &alice.take_heard());
}

#[test]
fn an_echo_comes_back_whole_when_spoken_to_at_the_answer() {
    for seed in SEEDS {
        let mut world = world(seed);
        let alice = world.phone(&Settings::new("alice"));
        let bob = world.phone(&Settings::new("bob").answers_after(ms(300), Sound::Echo));
        echoed(&world, &alice, &bob.uri(), seed);
    }
}

/// Packets are sent before the other leg is up, and wait in its socket.
#[test]
fn an_echo_behind_a_pbx_comes_back_whole_when_spoken_to_at_the_answer() {
    for seed in SEEDS {
        let mut world = world(seed);
        let server = Proxy::new(&mut world, "pbx", "pbx.test");
        let users = ["alice", "bob"].map(|user| (user.to_owned(), format!("{user}'s word")));
        server.state().registrar.passwords = users.into();
        let registered =
            |name: &str| Settings::new(name).registered(&format!("{name}'s word"), ms(600_000));
        let alice = world.phone(&registered("alice"));
        world.phone(&registered("bob").answers_after(ms(0), Sound::Echo));
        server.state().challenges = true;
        world.run_for(ms(1_000));
        echoed(&world, &alice, "bob", seed);
    }
}

#[test]
fn two_who_speak_at_the_answer_hear_each_other_whole() {
    for seed in SEEDS {
        let mut world = world(seed);
        let alice = world.phone(&Settings::new("alice"));
        let bob = world.phone(&Settings::new("bob"));
        let (from_alice, from_bob) = (said(seed), said(seed + 100));
        alice.dial(&bob.uri());
        assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
        bob.accept(bob.ringing().unwrap());
        assert!(world.run_while_not(ms(2_000), || bob.count("call.answered") == 1));
        bob.say(&from_bob);
        assert!(world.run_while_not(ms(2_000), || alice.count("call.answered") == 1));
        alice.say(&from_alice);
        world.run_for(ms(2_000));
        is_whole(&format!("bob, seed {seed}"), &from_alice, &bob.take_heard());
        is_whole(
            &format!("alice, seed {seed}"),
            &from_bob,
            &alice.take_heard(),
        );
    }
}
