//! Loss of the server, and its return.

use super::world::{Mode, World, account};
use crate::registration::{Cause, Input, Status};
use base::{Instant, Rng};
use core::time::Duration;
use expect_test::expect;

fn is_lost(status: &Status) -> bool {
    matches!(status, Status::Failed(cause) if cause.is_loss())
}

#[test]
fn m005_wrong_address_at_login_is_told_at_once_or_within_15_s() {
    let mut world = World::one(|_| {});
    world.mode = Mode::Refused;
    world.feed(0, Input::Register);
    world.wait(100);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
              0 ! Failed(Unreachable)
        = Failed(Unreachable)
    "#]]);
    let mut world = World::one(|_| {});
    world.mode = Mode::Silent;
    world.feed(0, Input::Register);
    world.wait(15_000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
          14000 ! Failed(NoAnswer)
        = Failed(NoAnswer)
    "#]]);
}

#[test]
fn m005_m007_loss_is_told_within_15_s_and_withdrawn_when_it_ends() {
    let mut rng = Rng::from_number(1);
    for (trial, mode) in (0..20).flat_map(|n| [(n, Mode::Silent), (n, Mode::Refused)]) {
        let mut world = World::new(vec![account(0)], 100 + trial);
        world.feed(0, Input::Register);
        let lost_at = 1000 + rng.below(60_000);
        world.wait(lost_at);
        world.mode = mode.clone();
        world.wait(lost_at + 15_000);
        assert!(
            is_lost(world.phones[0].binding.status()),
            "{trial} {mode:?}"
        );
        world.move_house();
        let back_at = lost_at + 15_000 + rng.below(120_000);
        world.wait(back_at);
        assert!(
            is_lost(world.phones[0].binding.status()),
            "{trial} {mode:?}"
        );
        world.mode = Mode::Up;
        world.wait(back_at + 5_000);
        let status = world.phones[0].binding.status();
        assert!(
            matches!(status, Status::Registered { .. }),
            "{trial} {mode:?}"
        );
    }
}

#[test]
fn m006_an_outage_as_one_trace() {
    let mut world = World::one(|_| {});
    world.grants = 60;
    world.feed(0, Input::Register);
    world.wait(10_000);
    world.mode = Mode::Silent;
    world.wait(120_000);
    world.mode = Mode::Up;
    world.wait(130_000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 ! Registered(60 s)
          22841 ! Failed(NoAnswer)
          23849 REGISTER 2 once <sip:101@10.0.0.1:5060>;expires=600
          28442 REGISTER 3 once <sip:101@10.0.0.1:5060>;expires=600
          35860 REGISTER 4 once <sip:101@10.0.0.1:5060>;expires=600
          50552 REGISTER 5 once <sip:101@10.0.0.1:5060>;expires=600
          79716 REGISTER 6 once <sip:101@10.0.0.1:5060>;expires=600
         112894 REGISTER 7 once <sip:101@10.0.0.1:5060>;expires=600
         122861 REGISTER 8 <sip:101@10.0.0.1:5060>;expires=600
         122881 ! Registered(60 s)
        = Registered(60 s)
    "#]]);
}

#[test]
fn m006_no_false_alarm_at_30_percent_loss() {
    for seed in 0..40 {
        for grants in [30, 600] {
            let mut world = World::new(vec![account(0)], seed);
            world.grants = grants;
            world.feed(0, Input::Register);
            world.wait(1000);
            world.loss = 30;
            world.wait(601_000);
            let alarms: Vec<_> = world
                .told
                .iter()
                .filter(|t| matches!(t.2, Status::Failed(_)))
                .collect();
            assert!(alarms.is_empty(), "seed {seed}, {grants} s: {alarms:?}");
        }
    }
}

#[test]
fn m006_a_quiet_server_costs_one_probe_every_four_seconds() {
    let mut world = World::one(|_| {});
    world.feed(0, Input::Register);
    world.wait(1000);
    let before = world.phones[0].binding.memory().clone();
    world.wait(201_000);
    let after = world.phones[0].binding.memory().clone();
    let probes = serde_json::to_value(&after).unwrap()["supervision"]["cseq"]
        .as_u64()
        .unwrap()
        - serde_json::to_value(&before).unwrap()["supervision"]["cseq"]
            .as_u64()
            .unwrap();
    assert!((48..=51).contains(&probes), "{probes}");
}

#[test]
fn a_lost_connection_is_renewed_soon_but_not_at_once() {
    let mut waits = Vec::new();
    for seed in 0..50 {
        let mut world = World::new(vec![account(0)], seed);
        world.feed(0, Input::Register);
        world.wait(20_000);
        world.feed(0, Input::FlowLost);
        let before = world.registers.len();
        world.wait(24_100);
        assert_eq!(world.registers.len(), before + 1);
        let at = world.registers[before].0;
        waits.push(at.since(Instant::from_millis(20_000)));
    }
    waits.sort();
    assert!(waits[0] < Duration::from_millis(500) && waits[49] > Duration::from_millis(3500));
}

#[test]
fn a_refusal_while_lost_stops_the_search_but_not_the_tries() {
    let mut world = World::one(|_| {});
    world.mode = Mode::Silent;
    world.feed(0, Input::Register);
    world.wait(20_000);
    world.mode = Mode::Says(404, vec![]);
    world.wait(30_000);
    let status = world.phones[0].binding.status().clone();
    assert!(
        matches!(&status, Status::Failed(Cause::Refused { status: 404, .. })),
        "{status:?}"
    );
    world.mode = Mode::Up;
    world.wait(70_000);
    assert!(matches!(
        world.phones[0].binding.status(),
        Status::Registered { .. }
    ));
}
