use super::*;
use base::{Hertz, Instant, Rng};

const CLOCK: Hertz = Hertz(8_000);

/// All packets of `keys`, each with the time it is sent. Unit: ms.
fn packets(keys: &str, ms: u32) -> Vec<(u64, ToSend)> {
    let mut sender = EventSender::new(CLOCK);
    for key in keys.chars() {
        assert!(sender.dial(key, ms));
    }
    let mut sent = Vec::new();
    let mut timestamp = u32::MAX - 500;
    for n in 0.. {
        if sender.is_idle() {
            break;
        }
        if let Some(packet) = sender.next(timestamp, 160) {
            sent.push((n * 20, packet));
        }
        timestamp = timestamp.wrapping_add(160);
    }
    sent
}

fn hear(arrivals: &[(u64, ToSend)]) -> (String, usize) {
    let mut receiver = EventReceiver::new(CLOCK);
    let (mut keys, mut releases) = (String::new(), 0);
    let mut told = |heard: Heard| match heard {
        Heard::Pressed { event } => keys.extend(key_of(event)),
        Heard::Released { .. } => releases += 1,
    };
    for &(ms, packet) in arrivals {
        let now = Instant::from_millis(ms);
        receiver.expire(now).map(&mut told);
        let payload = packet.payload.to_bytes();
        let heard = receiver.receive(packet.timestamp, &payload, now);
        heard.into_iter().flatten().for_each(&mut told);
    }
    receiver
        .expire(Instant::from_millis(1_000_000))
        .map(&mut told);
    (keys, releases)
}

#[test]
fn a_key_is_a_start_updates_and_three_ends() {
    let sent = packets("5", 100);
    let durations: Vec<_> = sent.iter().map(|(_, p)| p.payload.duration).collect();
    assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
    let ends: Vec<_> = sent.iter().map(|(_, p)| p.payload.end).collect();
    assert_eq!(ends, [false, false, false, false, true, true, true]);
    assert!(
        sent.iter()
            .all(|(_, p)| p.timestamp == sent[0].1.timestamp && p.payload.event == 5)
    );
    assert!(sent[0].1.marker && sent[1..].iter().all(|(_, p)| !p.marker));
    assert_eq!(sent[0].1.payload.volume, 10);
}

#[test]
fn keys_do_not_touch_and_short_ones_are_made_audible() {
    let sent = packets("1*A", 1);
    let starts: Vec<_> = sent
        .iter()
        .filter(|(_, p)| p.marker)
        .map(|(ms, _)| *ms)
        .collect();
    // 40 ms of sound, two more ends while it is silent, 60 ms of pause.
    assert_eq!(starts, [0, 120, 240]);
    assert_eq!(hear(&sent), ("1*A".into(), 3));
    let mut sender = EventSender::new(CLOCK);
    assert!(!sender.dial('x', 100));
    assert_eq!((0..40).filter(|_| sender.dial('1', 100)).count(), 32);
}

#[test]
fn a_long_key_goes_on_in_segments_and_is_one_key() {
    let sent = packets("#", 20_000);
    let mut starts: Vec<_> = sent.iter().map(|(_, p)| p.timestamp).collect();
    starts.dedup();
    assert_eq!(starts.len(), 3);
    assert_eq!(sent.iter().filter(|(_, p)| p.marker).count(), 1);
    assert_eq!(sent.iter().filter(|(_, p)| p.payload.end).count(), 3);
    let mut receiver = EventReceiver::new(CLOCK);
    let heard: Vec<_> = sent
        .iter()
        .flat_map(|(ms, p)| {
            let now = Instant::from_millis(*ms);
            receiver.receive(p.timestamp, &p.payload.to_bytes(), now)
        })
        .flatten()
        .collect();
    assert_eq!(heard.len(), 2, "{heard:?}");
    let Heard::Released { duration, .. } = heard[1] else {
        panic!("{heard:?}")
    };
    assert!((19_990..=20_020).contains(&duration.as_millis()));
}

/// K-069: beside a codec of 48 kHz the field counts what it is told to; a segment is full when the
/// field is, and the timestamps go on with the RTP clock.
#[test]
fn the_duration_counts_the_unit_that_it_is_told() {
    for (unit, hundred_ms, segments) in [(None, 4_800, 3), (Some(Hertz(8_000)), 800, 1)] {
        let ends = |ms| {
            let mut sender = EventSender::new(Hertz(48_000));
            let mut press = Press::key('5', ms).unwrap();
            press.duration_clock = unit;
            assert!(sender.press(press));
            let mut sent = Vec::new();
            for n in 0.. {
                sent.extend(sender.next(n * 960, 960));
                if sender.is_idle() {
                    break;
                }
            }
            sent
        };
        let end = ends(100).into_iter().find(|p| p.payload.end).unwrap();
        assert_eq!(
            (end.payload.duration, end.held_ms, end.timestamp),
            (hundred_ms, 100, 0)
        );
        let long = ends(3_000);
        let mut starts: Vec<_> = long.iter().map(|p| p.timestamp).collect();
        starts.dedup();
        assert_eq!(starts.len(), segments, "{unit:?}");
        assert_eq!(long.last().map(|p| p.held_ms), Some(3_000));
    }
}

#[test]
fn stopping_ends_the_key_that_sounds_and_drops_the_rest() {
    let mut sender = EventSender::new(CLOCK);
    sender.dial('1', 5_000);
    sender.dial('2', 100);
    sender.next(0, 160);
    sender.stop();
    let ends: Vec<_> = (1..30)
        .filter_map(|n| sender.next(n * 160, 160))
        .filter(|p| p.payload.end)
        .collect();
    assert_eq!(ends.len(), 3);
    assert!(sender.is_idle());
}

/// voice.md 7: false repeats are zero in every network condition.
#[test]
fn loss_doubling_and_reordering_never_repeat_a_key() {
    let keys = "159*#0D7734428";
    let sent = packets(keys, 100);
    for seed in 0..300 {
        let mut rng = Rng::from_number(seed);
        let mut arrivals: Vec<(u64, ToSend)> = Vec::new();
        for &(ms, packet) in &sent {
            let is_first_or_kept = rng.below(100) >= 30;
            for _ in 0..=rng.below(2) {
                if is_first_or_kept {
                    arrivals.push((ms + rng.below(150), packet));
                }
            }
        }
        arrivals.sort_by_key(|(ms, _)| *ms);
        let (heard, releases) = hear(&arrivals);
        let mut expected = keys.chars();
        for key in heard.chars() {
            assert!(expected.any(|k| k == key), "seed {seed}: {heard} of {keys}");
        }
        assert!(heard.len() + 2 >= keys.len(), "seed {seed}: {heard}");
        assert_eq!(heard.len(), releases, "seed {seed}");
    }
}

#[test]
fn a_lost_end_is_made_up_for_and_late_packets_do_not_press_again() {
    let sent = packets("8", 100);
    let mut receiver = EventReceiver::new(CLOCK);
    let at = Instant::from_millis;
    let bytes = |n: usize| sent[n].1.payload.to_bytes();
    let timestamp = sent[0].1.timestamp;
    assert_eq!(
        receiver.receive(timestamp, &bytes(0), at(0))[0],
        Some(Heard::Pressed { event: 8 })
    );
    assert_eq!(receiver.expire(at(200)), None);
    assert!(receiver.expire(at(260)).is_some());
    assert_eq!(receiver.receive(timestamp, &bytes(3), at(300)), [None; 2]);
    assert_eq!(receiver.receive(timestamp, &bytes(6), at(320)), [None; 2]);
    assert_eq!(receiver.expire(at(900)), None);
}

#[test]
fn junk_tells_nothing_and_the_state_survives_being_written_down() {
    let mut receiver = EventReceiver::new(CLOCK);
    for len in 0..4 {
        assert_eq!(
            receiver.receive(5, &[1; 4][..len], Instant::ZERO),
            [None; 2]
        );
    }
    receiver.receive(5, &[1; 9], Instant::ZERO);
    let mut sender = EventSender::new(CLOCK);
    sender.dial('3', 80);
    sender.next(0, 160);
    let text = serde_json::to_string(&(receiver, &sender)).unwrap();
    let again: (EventReceiver, EventSender) = serde_json::from_str(&text).unwrap();
    assert_eq!(again, (receiver, sender));
    assert!((0..=255).all(|e| key_of(e).is_none_or(|k| event_of(k) == Some(e))));
}
