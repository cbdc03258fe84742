//! Voice over a simulated link: what is said at one desk is heard at the other.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod world;

use audio::measure::{clicks, dbov, gaps, silent_share};
use audio::speech::speech;
use audio::{Rate, chirp, correlate};
use base::Rng;
use offhook_media_thread::*;
use std::sync::atomic::{AtomicU64, Ordering};
use world::{World, desk};

static DESKS: AtomicU64 = AtomicU64::new(1);

fn new_desk() -> u64 {
    DESKS.fetch_add(1, Ordering::Relaxed)
}

/// A call between two desks at `rate`, speech one way; (source, heard, delay in ms).
fn call(rate: Rate, packet_ms: u32, ms: u64, link: world::Link) -> (Vec<i16>, Vec<i16>, f64) {
    let mut world = World::new(7);
    world.link = link;
    let (from, to) = (new_desk(), new_desk());
    let source = speech(&mut Rng::from_number(11), rate, ms as usize - 1_000);
    desk::say(from, &source);
    world.add_desk(1, 0, from, rate, packet_ms);
    world.add_desk(2, 0, to, rate, packet_ms);
    world.run(ms);
    let heard = desk::heard(to);
    let found = correlate::find(&source[..rate.per_ms() * 2_000], &heard).unwrap();
    // Loss and stretching make the two differ; the place is found all the same.
    assert!(found.score > 0.4, "{found:?}");
    let at = found.at.max(0) as usize;
    let delay_ms = found.at as f64 / rate.per_ms() as f64;
    (source, heard[at..].to_vec(), delay_ms)
}

#[test]
fn speech_over_a_clean_link_has_no_gap_no_click_and_its_level() {
    for (rate, packet_ms) in [
        (Rate::Hz8000, 20),
        (Rate::Hz8000, 10),
        (Rate::Hz8000, 30),
        (Rate::Hz8000, 60),
        (Rate::Hz16000, 20),
        (Rate::Hz48000, 20),
    ] {
        let (source, heard, delay_ms) = call(rate, packet_ms, 11_000, Box::new(|_| Some(5_000)));
        let case = format!("{rate:?} in packets of {packet_ms} ms");
        assert_eq!(gaps(&source, &heard, rate), [], "{case}");
        assert!(clicks(&source, &heard).is_empty(), "{case}");
        let level = dbov(&heard[..source.len()]) - dbov(&source);
        assert!(level.abs() < 1.0, "{case}: {level} dB");
        let found = correlate::find(&source, &heard).unwrap();
        assert!(found.score >= 0.95, "{case}: {found:?}");
        // Packet, link, buffer and a block; resampling twice.
        assert!(
            delay_ms < f64::from(packet_ms) + 30.0,
            "{case}: {delay_ms} ms"
        );
    }
}

#[test]
fn speech_survives_five_percent_loss_and_forty_milliseconds_of_jitter() {
    let rate = Rate::Hz8000;
    let link: world::Link = Box::new(|rng| (rng.below(20) > 0).then(|| 5_000 + rng.below(40_001)));
    let (source, heard, _) = call(rate, 20, 31_000, link);
    let from = rate.per_ms() * 3_000;
    // Stretching moves the two against each other, so only what needs no alignment is measured.
    assert!(clicks(&source, &heard).is_empty());
    let level = dbov(&heard[from..source.len()]) - dbov(&source[from..]);
    assert!(level.abs() < 1.5, "{level} dB");
    let share = silent_share(&source, &heard, rate);
    assert!(share < 6.0, "{share} %");
}

/// M-037: the buffer shrinks again after calm.
#[test]
fn the_delay_comes_back_after_jitter() {
    let mut world = World::new(3);
    let (from, to) = (new_desk(), new_desk());
    desk::say(
        from,
        &speech(&mut Rng::from_number(2), Rate::Hz8000, 60_000),
    );
    world.add_desk(1, 0, from, Rate::Hz8000, 20);
    world.add_desk(2, 0, to, Rate::Hz8000, 20);
    world.run(5_000);
    world.link = Box::new(|rng| Some(5_000 + rng.below(120_001)));
    world.run(20_000);
    let grown = delay_us(&world);
    world.link = Box::new(|_| Some(5_000));
    world.run(8_000);
    let calm = delay_us(&world);
    assert!(grown > 80_000, "{grown}");
    assert!(calm < 40_000, "{calm}");
}

fn delay_us(world: &World) -> u32 {
    let counts = world.b.reports.iter().rev().find_map(|r| match r {
        Report::Counts { counts, .. } => Some(*counts),
        _ => None,
    });
    counts.expect("counts are told").delay_us
}

#[test]
fn an_echo_comes_back_whole_and_soon() {
    let mut delays = Vec::new();
    for seed in 0..12 {
        let mut world = World::new(seed);
        let start = world.rng.below(8) * 2_500;
        world.now_us += start;
        let desk = new_desk();
        let chirp = chirp::chirp(&mut Rng::from_number(seed), Rate::Hz8000, 1_500);
        desk::say(desk, &vec![0; 4_000]);
        desk::say(desk, &chirp);
        world.link = Box::new(|_| Some(0));
        world.add_desk(1, 0, desk, Rate::Hz8000, 20);
        world.run(10 + seed * 10 % 40);
        world.add_plain(2, 0, LegAudio::Echo);
        world.run(4_000);
        let found = correlate::find(&chirp, &desk::heard(desk)).unwrap();
        assert!(found.score > 0.98, "{found:?}");
        assert!(found.gain_db.abs() < 0.5, "{found:?}");
        delays.push(found.at as f64 / 8.0 - 500.0);
    }
    delays.sort_by(f64::total_cmp);
    // There and back: our own packet (20), the other's buffer and block, our buffer and block.
    let middle = delays[delays.len() / 2];
    eprintln!("echo through two engines: {delays:?}");
    assert!(middle <= 60.0, "{delays:?}");
}

#[test]
fn on_a_bus_everybody_hears_everybody_else() {
    let mut world = World::new(5);
    let rate = Rate::Hz16000;
    let bus = BusId(1);
    let local = new_desk();
    let plan = BusPlan { bus, rate };
    let kit = BusKit::new(&plan, Some(world::device(local, rate))).unwrap();
    world.order(
        2,
        Given {
            order: Order::AddBus { bus },
            kit: Kit::Bus(Box::new(kit)),
        },
    );
    let desks: Vec<u64> = (0..2).map(|_| new_desk()).collect();
    let mut rng = Rng::from_number(77);
    let voices: Vec<Vec<i16>> = (0..3)
        .map(|_| chirp::chirp(&mut rng, Rate::Hz8000, 2_000))
        .collect();
    let wide = chirp::chirp(&mut rng, rate, 2_000);
    desk::say(local, &vec![0; 16_000]);
    desk::say(local, &wide);
    for (n, &desk) in desks.iter().enumerate() {
        desk::say(desk, &vec![0; 8_000]);
        desk::say(desk, &voices[n]);
        world.add_desk(1, n as u16, desk, Rate::Hz8000, 20);
        let voice = world::voice_plan(base::PayloadType::PCMU, 20);
        let mut leg = LegPlan::new(LegId(n as u64), voice, "someone");
        leg.audio = LegAudio::Bus(bus);
        let kit = VoiceKit::new(&voice, world::codec("PCMU"), rate).unwrap();
        world.add(2, n as u16, &leg, kit, AudioKit::bus(Rate::Hz8000, rate));
    }
    world.run(4_000);
    let score = |known: &[i16], heard: &[i16]| correlate::find(known, heard).unwrap().score;
    for n in 0..2 {
        let heard = desk::heard(desks[n]);
        assert!(score(&voices[1 - n], &heard) > 0.6, "{n} hears the other");
        assert!(score(&voices[n], &heard).abs() < 0.35, "{n} hears himself");
    }
    let heard = desk::heard(local);
    let narrow = {
        let mut down = audio::Resampler::new(rate, Rate::Hz8000);
        let mut out = audio::Block::silence(Rate::Hz8000);
        heard
            .chunks(160)
            .flat_map(|c| {
                down.process(&audio::Block::from_samples(rate, c), &mut out);
                out.samples().to_vec()
            })
            .collect::<Vec<_>>()
    };
    assert!(score(&voices[0], &narrow) > 0.6);
    assert!(score(&voices[1], &narrow) > 0.6);
    assert!(score(&wide, &heard).abs() < 0.35, "the desk hears itself");
}

/// One engine that echoes, a scripted peer: what buffer, decoder and encoder add on a clean link.
#[test]
fn an_echoing_engine_adds_at_most_25_milliseconds() {
    let mut delays = Vec::new();
    for phase in 0..8_u64 {
        let mut world = World::new(phase);
        world.link = Box::new(|_| None);
        world.add_plain(1, 0, LegAudio::Echo);
        let (own, peer) = (world::addresses(1, 0).0, world::addresses(2, 0).0);
        let chirp = chirp::chirp(&mut Rng::from_number(phase), Rate::Hz8000, 2_000);
        let (mut encoder, mut decoder) = (world::codec("PCMU"), world::codec("PCMU"));
        let (mut heard, mut first_sent_us) = (Vec::new(), None);
        let first_arrival_us = world.now_us + phase * 2_500;
        let mut frames = chirp.chunks(160).enumerate();
        for step in 0..1_000 {
            if step >= phase
                && (step - phase) % 8 == 0
                && let Some((n, frame)) = frames.next()
            {
                let mut bytes = vec![0; 172];
                bytes[0] = 0x80;
                bytes[2..4].copy_from_slice(&(n as u16).to_be_bytes());
                bytes[4..8].copy_from_slice(&(n as u32 * 160).to_be_bytes());
                encoder.encode(frame, &mut bytes[12..]).unwrap();
                world.a.net.inbox.push_back((peer, own, bytes));
            }
            let now = world.now();
            if world.now_us.is_multiple_of(10_000) {
                world.a.engine.tick(now, &mut world.a.net);
            } else {
                world.a.engine.sweep(now, &mut world.a.net);
            }
            for (_, to, bytes) in world.a.net.sent.drain(..).filter(|s| s.1 == peer) {
                assert_eq!(to, peer);
                first_sent_us.get_or_insert(world.now_us);
                let mut pcm = [0; 160];
                decoder.decode(&bytes[12..], &mut pcm).unwrap();
                heard.extend(pcm);
            }
            world.now_us += 2_500;
        }
        let found = correlate::find(&chirp, &heard).unwrap();
        assert!(found.score > 0.98, "{found:?}");
        let sent_ms = first_sent_us.unwrap() as f64 / 1_000.0 + found.at as f64 / 8.0;
        delays.push(sent_ms - first_arrival_us as f64 / 1_000.0);
    }
    delays.sort_by(f64::total_cmp);
    println!("added by an echoing engine: {delays:?} ms");
    assert!(delays[delays.len() / 2] <= 22.5, "{delays:?}");
    assert!(delays[delays.len() - 1] <= 25.0, "{delays:?}");
}

/// The delay that a buffer bounded by `longest_ms` settles on, on a link with this much jitter. Unit: ms.
fn settled(longest_ms: u32, jitter_us: u64) -> u32 {
    let mut world = World::new(3);
    world.link = Box::new(move |rng| Some(5_000 + rng.below(jitter_us)));
    let plan = world::voice_plan(base::PayloadType::PCMU, 10);
    for side in [1, 2] {
        let codec = world::codec("PCMU");
        let kit = VoiceKit::within(longest_ms, &plan, codec, Rate::Hz8000).unwrap();
        let mut leg = LegPlan::new(LegId(0), plan, "someone");
        leg.audio = LegAudio::Silence;
        world.add(side, 0, &leg, kit, AudioKit::none());
    }
    world.run(9_000);
    let delays = world.b.reports.iter().filter_map(|report| match report {
        Report::Counts { counts, .. } => Some(counts.delay_us / 1_000),
        _ => None,
    });
    let mut settled: Vec<u32> = delays.skip(40).collect();
    settled.sort_unstable();
    settled[settled.len() / 2]
}

/// `media.jitter_max_ms`: a packet later than it is lost rather than waited for, and there is room for all that is
/// allowed.
#[test]
fn the_longest_delay_is_kept_and_used() {
    let [usual, long] = [400, 1_000].map(|longest_ms| settled(longest_ms, 900_000));
    assert!((380..=420).contains(&usual), "{usual} ms");
    assert!((700..=1_020).contains(&long), "{long} ms");
}
