//! A thousand phones lose their registrar together and find it again, but not together.

use super::world::{Mode, World, account};
use crate::registration::{Input, Status};
use base::Instant;

const PHONES: usize = 1000;

/// Most REGISTERs in any 100 ms from `from` on.
fn worst(world: &World, from: Instant) -> usize {
    let mut times: Vec<u64> = world
        .registers
        .iter()
        .filter(|(at, _)| *at >= from)
        .map(|(at, _)| at.as_millis())
        .collect();
    times.sort_unstable();
    let within = |start: &u64| {
        times
            .iter()
            .filter(|t| (*start..*start + 100).contains(t))
            .count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

fn outage(mode: &Mode, down_ms: u64) -> (World, Instant) {
    let mut world = World::new((0..PHONES).map(account).collect(), 42);
    for phone in 0..PHONES {
        world.feed(phone, Input::Register);
    }
    world.wait(10_000);
    world.mode = mode.clone();
    world.wait(10_000 + down_ms);
    let back = world.now;
    world.mode = Mode::Up;
    world.wait(10_000 + down_ms + 6_000);
    (world, back)
}

#[test]
fn the_herd_rule_after_an_outage() {
    for (mode, down_ms) in [(Mode::Silent, 37_000), (Mode::Refused, 21_000)] {
        let (world, back) = outage(&mode, down_ms);
        let there =
            |p: &super::world::Phone| matches!(p.binding.status(), Status::Registered { .. });
        assert_eq!(world.phones.iter().filter(|p| there(p)).count(), PHONES);
        let worst = worst(&world, back);
        assert!(worst <= PHONES / 20, "{mode:?}: {worst}");
    }
}
