//! When packets came, not when they were read, is what jitter is reckoned from.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod world;

use base::{Duration, Instant, Rng};
use offhook_media_thread::{LegAudio, LegId, Order, Report};
use world::{World, addresses};

/// A peer sends each 20 ms to the microsecond; our machine reads up to 9 ms late. What is counted
/// then: jitter and the delay of the jitter buffer. Unit: µs.
fn heard(stamped: bool) -> (u32, u32) {
    let mut world = World::new(3);
    world.add_plain(1, 0, LegAudio::Echo);
    let (ours, _) = addresses(1, 0);
    let (peer, _) = addresses(2, 0);
    let mut rng = Rng::from_number(11);
    let mut coming = 1_003_300_u64;
    let mut number = 0_u16;
    for tick in 0..1_000_u64 {
        let due = 1_000_000 + tick * 10_000;
        let read = due + rng.below(9_000);
        while coming <= read {
            let mut packet = vec![0xff; 172];
            packet[..2].copy_from_slice(&[0x80, 0]);
            packet[2..4].copy_from_slice(&number.to_be_bytes());
            packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
            packet[8..12].copy_from_slice(&7_u32.to_be_bytes());
            world.a.net.inbox.push_back((peer, ours, packet));
            let waited = if stamped { read - coming } else { 0 };
            world.a.net.waited.push_back(Duration::from_micros(waited));
            number += 1;
            coming += 20_000;
        }
        let at = |us: u64| Instant::from_nanos(us * 1_000);
        world.a.engine.sweep(at(read), &mut world.a.net);
        world.a.engine.turn(at(due), &mut world.a.net);
        world.a.fetch();
    }
    world.order(1, Order::RemoveLeg { leg: LegId(0) });
    let counts = world
        .a
        .reports
        .iter()
        .rev()
        .find_map(|report| match report {
            Report::Counts { counts, .. } => Some(counts),
            _ => None,
        });
    let counts = counts.unwrap();
    assert_eq!((counts.received, counts.lost), (u64::from(number), 0));
    (counts.jitter_us, counts.delay_us)
}

#[test]
fn a_late_reader_is_not_taken_for_a_bad_network() {
    let (jitter, delay) = heard(true);
    let (jitter_unknown, delay_unknown) = heard(false);
    assert_eq!(jitter, 0, "the peer sends evenly");
    assert!(jitter_unknown > 1_500, "{jitter_unknown}");
    assert!(delay + 3_000 < delay_unknown, "{delay} {delay_unknown}");
}
