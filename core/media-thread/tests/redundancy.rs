//! Lost packets that are rebuilt from the one behind them, and silence that is left out: Opus over a
//! simulated link.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod world;

use audio::speech::speech;
use audio::{Rate, correlate, measure::dbov};
use base::{Hertz, PayloadType, Rng};
use offhook_media_thread::*;
use plugin_host::Catalogue;
use std::sync::atomic::{AtomicU64, Ordering};
use world::{World, desk};

static DESKS: AtomicU64 = AtomicU64::new(1_000);

const RATE: Rate = Rate::Hz48000;

/// Options of both ends, and what each says of itself to the other.
struct Terms {
    options: &'static str,
    fmtp: &'static str,
}

/// A leg that talks Opus, at a new desk.
fn add(world: &mut World, side: u8, terms: &Terms) -> u64 {
    let desk = DESKS.fetch_add(1, Ordering::Relaxed);
    let mut catalogue = Catalogue::new("test", "0");
    catalogue.add_built_in(&codec_opus::ENTRY).unwrap();
    let codec = catalogue.codec("opus", Hertz(48_000)).unwrap();
    let codec = codec.open(terms.fmtp, terms.options).unwrap();
    let number = PayloadType::new(103).unwrap();
    let voice = VoicePlan {
        send: number,
        receive: number,
        clock_rate: Hertz(48_000),
        packet_ms: 20,
        events: None,
    };
    let mut plan = LegPlan::new(LegId(0), voice, "someone");
    plan.audio = LegAudio::Device;
    let kit = VoiceKit::new(&voice, codec, RATE).unwrap();
    let audio = AudioKit::device(RATE, world::device(desk, RATE)).unwrap();
    world.add(side, 0, &plan, kit, audio);
    desk
}

fn counts(world: &World) -> Counts {
    let counts = world
        .b
        .reports
        .iter()
        .rev()
        .find_map(|report| match report {
            Report::Counts { counts, .. } => Some(*counts),
            _ => None,
        });
    counts.expect("counts are told")
}

/// One datagram in ten is lost, and none of the five after it: never two in a row of one way.
fn single_losses() -> world::Link {
    let mut spared = 0;
    Box::new(move |rng| {
        let is_lost = spared == 0 && rng.below(5) == 0;
        spared = if is_lost { 5 } else { spared.max(1) - 1 };
        (!is_lost).then_some(5_000)
    })
}

/// Speech one way for 20 s over a link that loses packets; the mean likeness of its half seconds, and
/// what was counted.
fn likeness(terms: &Terms) -> (f64, Counts) {
    let mut world = World::new(9);
    let (from, to) = (add(&mut world, 1, terms), add(&mut world, 2, terms));
    let source = speech(&mut Rng::from_number(21), RATE, 20_000);
    desk::say(from, &source);
    world.run(3_000);
    world.link = single_losses();
    world.run(17_000);
    let heard = desk::heard(to);
    let half = RATE.per_ms() * 500;
    let pieces = (8..36).map(|n| {
        let piece = &source[n * half..(n + 1) * half];
        let end = ((n + 2) * half).min(heard.len());
        let found = correlate::find(piece, &heard[n * half..end]).unwrap();
        found.score
    });
    let scores: Vec<f64> = pieces.collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    (mean, counts(&world))
}

/// M-034, K-039.
#[test]
fn single_losses_are_rebuilt_and_heard_better() {
    let (rebuilt, with) = likeness(&Terms {
        options: r#"{"class":"","bitrate":32000,"fec":1,"expected_packet_loss":20}"#,
        fmtp: "useinbandfec=1",
    });
    let (invented, without) = likeness(&Terms {
        options: r#"{"class":"","bitrate":32000}"#,
        fmtp: "",
    });
    println!("likeness {rebuilt:.3} rebuilt, {invented:.3} invented");
    println!("{:?}\n{:?}", with.jitter_buffer, without.jitter_buffer);
    let lost = with.lost as u64;
    assert!(lost > 50, "{lost}");
    assert!(
        with.jitter_buffer.recovered * 100 >= lost * 90,
        "of {lost}: {:?}",
        with.jitter_buffer
    );
    assert_eq!(without.jitter_buffer.recovered, 0);
    assert_eq!((with.codec_failures, without.codec_failures), (0, 0));
    assert!(rebuilt >= invented + 0.02, "{rebuilt:.3}, {invented:.3}");
    // Waiting for the packet behind costs a packet's time, and nothing where that is of no help.
    assert!(with.delay_us < 50_000, "{}", with.delay_us);
    assert!(without.delay_us < 30_000, "{}", without.delay_us);
}

type Sent = (u64, Vec<u8>);

/// Those that carry voice.
fn rtp(sent: &[Sent]) -> Vec<Sent> {
    let is_voice = |(_, bytes): &&Sent| bytes[1] & 0x7F == 103;
    sent.iter().filter(is_voice).cloned().collect()
}

fn numbers_go_on_and_speech_is_marked<'s>(sent: impl Iterator<Item = &'s Sent>) {
    let sequence = |(_, bytes): &Sent| u16::from_be_bytes([bytes[2], bytes[3]]);
    let sent: Vec<_> = sent.collect();
    for pair in sent.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        assert_eq!(sequence(after), sequence(before).wrapping_add(1));
        let follows = after.0 - before.0 <= 20_000;
        assert_eq!(
            after.1[1] & 0x80 == 0,
            follows,
            "a marker behind each gap, and only there"
        );
    }
}

/// K-040: silence is left out on both sides' wish; it is no loss and no dead silence, and the first packet
/// of speech behind it carries the marker (RFC 3551 §4.1).
#[test]
fn silence_is_left_out_and_heard_as_soft_noise() {
    let terms = Terms {
        options: r#"{"class":"wb"}"#,
        fmtp: "usedtx=1",
    };
    let mut world = World::new(5);
    let (from, to) = (add(&mut world, 1, &terms), add(&mut world, 2, &terms));
    let mut rng = Rng::from_number(4);
    let spoken = speech(&mut rng, RATE, 3_000);
    // A quiet room: what comfort noise has to sound like.
    let room: Vec<i16> = (0..RATE.per_ms() * 4_000)
        .map(|_| rng.below(41) as i16 - 20)
        .collect();
    desk::say(from, &[spoken.as_slice(), &room, &spoken].concat());
    world.run(3_000);
    world.sent_by_a.clear();
    world.run(4_000);
    let quiet: Vec<_> = std::mem::take(&mut world.sent_by_a);
    world.run(3_000);
    let spoken: Vec<_> = std::mem::take(&mut world.sent_by_a);
    let (quiet, spoken) = (rtp(&quiet), rtp(&spoken));
    assert!(
        (2..40).contains(&quiet.len()),
        "{} of 200 in silence",
        quiet.len()
    );
    assert!(spoken.len() > 120, "{} of 150 in speech", spoken.len());
    numbers_go_on_and_speech_is_marked(quiet.iter().chain(&spoken));
    let heard = desk::heard(to);
    let second = RATE.per_ms() * 1_000;
    let silence = &heard[4 * second..6 * second];
    let silent_blocks = silence
        .chunks(RATE.per_ms() * 10)
        .filter(|b| b.iter().all(|&s| s == 0))
        .count();
    println!(
        "{:.1} dBov in silence, {silent_blocks} dead blocks of 200",
        dbov(silence)
    );
    assert!(
        silent_blocks <= 10,
        "{silent_blocks} of 200 blocks are dead"
    );
    assert!(dbov(silence) < -50.0);
    let counts = counts(&world);
    assert_eq!(
        (counts.lost, counts.jitter_buffer.concealed_us),
        (0, 0),
        "{counts:?}"
    );
    assert_eq!(counts.jitter_buffer.late, 0);
}
