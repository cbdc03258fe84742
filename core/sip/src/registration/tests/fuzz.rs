//! Anything may happen to a binding at any time: it always knows what it waits for.

use super::world::{Mode, World, account};
use crate::auth::Credentials;
use crate::auth::digest::Algorithm;
use crate::registration::{Input, State, Status};
use base::{Redacted, Rng};

fn mode(rng: &mut Rng) -> Mode {
    let says = |status, headers: &[(&'static str, &str)]| {
        let owned = |(n, v): &(&'static str, &str)| (*n, (*v).to_owned());
        Mode::Says(status, headers.iter().map(owned).collect())
    };
    match rng.below(9) {
        0..3 => Mode::Up,
        3 => Mode::Silent,
        4 => Mode::Refused,
        5 => says(503, &[("Retry-After", "3")]),
        6 => says(423, &[("Min-Expires", "700")]),
        7 => says(
            407,
            &[(
                "Proxy-Authenticate",
                "Digest realm=\"x\", nonce=\"y\", stale=true",
            )],
        ),
        _ => says(302, &[("Contact", "<sip:elsewhere.test>")]),
    }
}

fn step(rng: &mut Rng, world: &mut World) {
    match rng.below(12) {
        0 => world.feed(0, Input::Register),
        1 if rng.below(4) == 0 => world.feed(0, Input::Remove),
        2 => world.mode = mode(rng),
        3 => world.loss = rng.below(60),
        4 => world.grants = [0, 1, 30, 600, u32::MAX][rng.below(5) as usize],
        5 => world.feed(0, Input::FlowLost),
        6 => world.feed(0, Input::Pong),
        7 => world.feed(0, Input::Mapped(([203, 0, 113, 9], 5060).into())),
        8 => {
            let moved = format!("sip:101@10.0.0.1:{}", 5060 + rng.below(3));
            world.feed(0, Input::Moved(moved.parse().unwrap()));
        }
        9 => world.move_house(),
        _ => {
            let until = world.now.as_millis() + rng.below(20_000);
            world.wait(until);
        }
    }
}

/// Whatever is wanted and not there waits for something.
fn assert_alive(world: &World, seed: u64) {
    use base::Machine;
    let binding = &world.phones[0].binding;
    let waits = match binding.state() {
        State::Unregistered => true,
        State::Failed { cause, .. } if cause.is_final() => true,
        State::Failed {
            attempt: Some(attempt),
            ..
        } if !attempt.once => !world.phones[0].endpoint.is_empty(),
        State::Registered(_) | State::Retrying { .. } | State::Failed { .. } => {
            binding.deadline().is_some()
        }
        State::Registering(_) | State::Refreshing(_, _) | State::Unregistering(_) => {
            !world.phones[0].endpoint.is_empty()
        }
    };
    assert!(waits, "seed {seed}: {:?}", binding.state());
}

#[test]
fn a_binding_never_gets_stuck() {
    for seed in 0..60 {
        let mut rng = Rng::from_number(seed);
        let mut one = account(0);
        one.supervised = rng.below(2) == 0;
        one.credentials = Some(Credentials {
            user: "101".into(),
            password: Redacted::new("secret".into()),
            realm: None,
        });
        let mut world = World::new(vec![one], seed).with_password(&[Algorithm::SHA_256]);
        for _ in 0..100 {
            step(&mut rng, &mut world);
            assert_alive(&world, seed);
        }
        // In the end everything is well again, and it finds that out by itself.
        world.mode = Mode::Up;
        world.loss = 0;
        world.grants = 600;
        world.feed(0, Input::Register);
        let end = world.now.as_millis() + 120_000;
        world.wait(end);
        let status = world.phones[0].binding.status();
        assert!(
            matches!(status, Status::Registered { .. }),
            "seed {seed}: {status:?}"
        );
        world.feed(0, Input::Remove);
        world.wait(end + 1000);
        assert_eq!(world.phones[0].binding.status(), &Status::Unregistered);
        world.wait(end + 70_000);
        assert!(world.phones[0].endpoint.is_empty(), "seed {seed}");
    }
}
