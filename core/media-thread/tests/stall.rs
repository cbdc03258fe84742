//! The machine stood still: nothing that was recorded is lost, and nobody gets a burst.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod world;

use audio::Rate;
use base::{Duration, Rng};
use offhook_media_thread::stall::OWED;
use offhook_media_thread::{LegAudio, LegId, Order, Report, Stalls};
use world::{World, addresses, desk};

/// What one leg sent: for each tick, the RTP timestamps of its packets.
fn sent(world: &mut World, leg: u16, ticks: &mut Vec<Vec<u32>>) {
    let (rtp, _) = addresses(1, leg);
    let packets = world.a.net.sent.drain(..).filter(|packet| packet.0 == rtp);
    let stamps = packets.map(|(_, _, bytes)| u32::from_be_bytes(bytes[4..8].try_into().unwrap()));
    ticks.push(stamps.collect());
}

/// A leg of desk `desk` with 10 ms packets that stands still for `left_out` ticks after half a second.
/// What it sent in each tick, and its microphone's samples as they were sent.
fn course(desk: u64, left_out: u32) -> (World, Vec<Vec<u32>>) {
    let mut world = World::new(desk);
    world.add_desk(1, 0, desk, Rate::Hz8000, 10);
    let mut ticks = Vec::new();
    for tick in 0..200_u64 {
        world.now_us += 10_000;
        if tick == 50 {
            let stall = Duration::from_millis(10) * left_out;
            world.now_us += u64::from(left_out) * 10_000;
            world.a.engine.late(stall);
            world.a.engine.skip(left_out);
        } else {
            let now = world.now();
            world.a.engine.make_up(now, &mut world.a.net);
        }
        let now = world.now();
        world.a.engine.tick(now, &mut world.a.net);
        world.a.fetch();
        sent(&mut world, 0, &mut ticks);
    }
    (world, ticks)
}

#[test]
fn what_was_recorded_meanwhile_is_sent_in_order_at_twice_the_pace() {
    let pcm: Vec<i16> = {
        let mut rng = Rng::from_number(5);
        (0..32_000)
            .map(|_| rng.below(20_000) as i16 - 10_000)
            .collect()
    };
    desk::say(801, &pcm);
    let (mut world, ticks) = course(801, 17);
    assert!(ticks.iter().all(|tick| tick.len() <= 2), "no burst");
    let doubled = ticks.iter().filter(|tick| tick.len() == 2).count();
    assert_eq!(doubled, 17);
    let all: Vec<u32> = ticks.concat();
    assert_eq!(all.len(), 217, "as many packets as time has passed");
    for pair in all.windows(2) {
        assert_eq!(pair[1].wrapping_sub(pair[0]), 80, "no gap in the sound");
    }
    world.order(1, Order::RemoveLeg { leg: LegId(0) });
    let stalls = world
        .a
        .reports
        .iter()
        .rev()
        .find_map(|report| match report {
            Report::Counts { counts, .. } => Some(counts.stalls),
            _ => None,
        });
    let expected = Stalls {
        late_ticks: 1,
        longest_us: 170_000,
    };
    assert_eq!(stalls.unwrap(), expected);
}

#[test]
fn what_is_too_long_ago_becomes_a_gap() {
    let (_, ticks) = course(802, 100);
    let all: Vec<u32> = ticks.concat();
    assert_eq!(all.len() as u32, 200 + OWED);
    let whole = all[all.len() - 1].wrapping_sub(all[0]) / 80;
    assert_eq!(whole, 200 + 100 - 1, "our clock goes on");
}

#[test]
fn a_leg_without_a_device_owes_nothing() {
    let mut world = World::new(9);
    world.add_plain(1, 0, LegAudio::Echo);
    let mut ticks = Vec::new();
    for tick in 0..100_u64 {
        world.now_us += 10_000;
        let now = world.now();
        if tick == 50 {
            world.a.engine.skip(17);
        }
        world.a.engine.make_up(now, &mut world.a.net);
        world.a.engine.tick(now, &mut world.a.net);
        sent(&mut world, 0, &mut ticks);
    }
    assert!(ticks.iter().all(|tick| tick.len() <= 1));
    let all = ticks.concat();
    assert_eq!(all.len(), 50);
    let whole = all[49].wrapping_sub(all[0]);
    assert_eq!(whole, 49 * 160 + 17 * 80);
}
