//! Filters between a bus and its device: what they do is heard, and what they fail at is not.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    unexpected_cfgs,
    unreachable_pub
)]

mod world;

use audio::Rate;
use base::{Hertz, Instant, PayloadType, Rng};
use offhook_media_thread::*;
use plugin_host::{AudioInstance, AudioRequest, Catalogue, FilterRequest, Place};
use rtp::Packet;
use std::cell::Cell;
use std::time::Duration;
use world::{World, desk};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The fences' time, which only passes where a filter lets it.
fn script() -> Instant {
    Instant::ZERO + NOW.get()
}

mod trial {
    //! A filter that does what its options say.
    use plugin::{Filter, FilterRequest, Refusal, Status};
    use std::time::Duration;

    pub struct Trial {
        what: String,
        blocks: u32,
    }

    impl Filter for Trial {
        fn open(request: &FilterRequest<'_>) -> Result<Self, Refusal> {
            let what = request.options.to_owned();
            Ok(Self { what, blocks: 0 })
        }

        fn process(
            &mut self,
            near: &[i16],
            far: Option<&[i16]>,
            delay_samples: u32,
            out: &mut [i16],
        ) -> Result<(), Status> {
            self.blocks += 1;
            let is_bad = self.blocks > 100;
            // Wrong on purpose; what fails must not be heard.
            out.fill(12_345);
            match (self.what.as_str(), far) {
                ("subtract", Some(far)) => {
                    assert_eq!(delay_samples, 80, "as the device says");
                    let both = near.iter().zip(far);
                    let left = both.map(|(near, far)| near.wrapping_sub(*far));
                    out.iter_mut().zip(left).for_each(|(to, left)| *to = left);
                    return Ok(());
                }
                ("panic", _) => assert!(!is_bad, "this filter breaks on purpose"),
                ("fail", _) if is_bad => return Err(Status::FAILED),
                ("slow", _) if is_bad => {
                    super::NOW.set(super::NOW.get() + Duration::from_micros(501));
                }
                _ => {}
            }
            out.copy_from_slice(near);
            Ok(())
        }
    }

    plugin::export_filter!(Trial, id = "filter-trial", name = "Trial");
}

mod room {
    //! A device whose microphone hears its loudspeaker, a block later, and nothing else.
    use plugin::{Audio, AudioCounters, AudioLatency, Captured, Refusal, Status};

    pub struct Room(Vec<i16>);

    impl Audio for Room {
        fn enumerate() -> Result<String, Refusal> {
            Ok("[]".into())
        }

        fn open(_request: &str) -> Result<Self, Refusal> {
            Ok(Self(Vec::new()))
        }

        fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
            let samples = self.0.len().min(pcm.len());
            pcm[..samples].copy_from_slice(&self.0[..samples]);
            let ended = false;
            Ok(Captured { samples, ended })
        }

        fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
            pcm.clone_into(&mut self.0);
            Ok(())
        }

        fn latency(&self) -> AudioLatency {
            AudioLatency {
                size: size_of::<AudioLatency>() as u32,
                reserved: 0,
                capture_ns: 4_000_000,
                playback_ns: 6_000_000,
            }
        }

        fn counters(&self) -> AudioCounters {
            AudioCounters::default()
        }
    }

    plugin::export_audio!(Room, id = "room", name = "Room");
}

const BUS: BusId = BusId(0);

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1").timed_by(script);
    catalogue.add_built_in(&trial::ENTRY).unwrap();
    catalogue.add_built_in(&filter_gain::ENTRY).unwrap();
    catalogue.add_built_in(&room::ENTRY).unwrap();
    catalogue
}

/// Filters by id and options.
fn chain(place: Place, of: &[(&str, &str)]) -> FilterChain {
    let catalogue = catalogue();
    let open = |&(id, options): &(&str, &str)| {
        let request = FilterRequest {
            place,
            sample_rate_hz: 8_000,
            options,
        };
        catalogue.filter(id).unwrap().open(&request).unwrap()
    };
    FilterChain::new(of.iter().map(open).collect())
}

/// A call of a person, with these filters, and a peer with a desk, who says `said`.
fn call(
    device: AudioInstance,
    microphone: &[(&str, &str)],
    speaker: &[(&str, &str)],
    peer: u64,
) -> World {
    let mut world = World::new(3);
    let rate = Rate::Hz8000;
    let kit = BusKit::new(&BusPlan { bus: BUS, rate }, Some(device)).unwrap();
    let kit = kit.with_filters(
        chain(Place::Microphone, microphone),
        chain(Place::Speaker, speaker),
    );
    let given = Given {
        order: Order::AddBus { bus: BUS },
        kit: Kit::Bus(Box::new(kit)),
    };
    world.order(1, given);
    world.add_plain(1, 0, LegAudio::Bus(BUS));
    world.add_desk(2, 0, peer, rate, 20);
    world
}

fn person(desk: u64) -> AudioInstance {
    world::device(desk, Rate::Hz8000)
}

fn noise(seed: u64, peak: u64) -> Vec<i16> {
    let mut rng = Rng::from_number(seed);
    let sample = |_| rng.below(2 * peak) as i16 - peak as i16;
    (0..32_000).map(sample).collect()
}

/// Root mean square of the last two seconds.
fn loudness(pcm: &[i16]) -> f64 {
    let tail = &pcm[pcm.len() - 16_000..];
    let sum: f64 = tail.iter().map(|&s| f64::from(s).powi(2)).sum();
    (sum / tail.len() as f64).sqrt()
}

fn voice(world: &World) -> Vec<(u16, u32, Vec<u8>)> {
    let packets = world.sent_by_a.iter().filter_map(|(_, bytes)| {
        let packet = Packet::parse(bytes).ok()?;
        let header = packet.header;
        (header.payload_type == PayloadType::PCMU).then(|| {
            let payload = packet.payload.to_vec();
            (header.sequence, header.timestamp, payload)
        })
    });
    packets.collect()
}

#[test]
fn filters_of_both_sides_are_heard_where_they_stand() {
    let (mine, theirs) = (9_100, 9_101);
    desk::say(mine, &noise(1, 8_000));
    desk::say(theirs, &noise(2, 2_000));
    let softer = [
        ("filter-gain", r#"{"gain_db":-9}"#),
        ("filter-gain", r#"{"gain_db":-3}"#),
    ];
    let louder = [("filter-gain", r#"{"gain_db":6}"#)];
    let mut world = call(person(mine), &softer, &louder, theirs);
    world.run(3_900);
    let db = |desk: u64, peak: f64| {
        let flat = peak / 3.0_f64.sqrt();
        20.0 * (loudness(&desk::heard(desk)) / flat).log10()
    };
    let (said, heard) = (db(theirs, 8_000.0), db(mine, 2_000.0));
    println!("microphone {said:.1} dB, speaker {heard:.1} dB");
    assert!((said + 12.0).abs() < 0.5 && (heard - 6.0).abs() < 0.5);
}

#[test]
fn a_filter_of_the_microphone_knows_what_the_loudspeaker_was_given() {
    let room = |desk: u64, filters: &[(&str, &str)]| {
        desk::say(desk, &noise(4, 8_000));
        let catalogue = catalogue();
        let request = AudioRequest::new(Hertz(8_000));
        let room = catalogue.audio("room").unwrap().open(&request).unwrap();
        // The reference is what comes out of the speaker's own filters.
        let speaker = [("filter-gain", r#"{"gain_db":-6}"#)];
        let mut world = call(room, filters, &speaker, desk);
        world.run(3_000);
        let silent = |payload: &[u8]| payload.iter().all(|&byte| byte == 0xFF);
        let sent = voice(&world);
        let loud = sent.iter().filter(|(_, _, payload)| !silent(payload));
        (loud.count(), sent.len())
    };
    let (echoed, all) = room(9_110, &[]);
    assert!(echoed > 130 && all >= 149, "{echoed} of {all}");
    let (echoed, all) = room(9_111, &[("filter-trial", "subtract")]);
    assert!(echoed == 0 && all >= 149, "{echoed} of {all}");
}

#[test]
fn a_filter_that_fails_panics_or_is_slow_is_passed_over_and_the_call_is_whole() {
    let said = noise(5, 8_000);
    let ways = [
        ("", None),
        ("fail", Some(WentWrong::Failed)),
        ("panic", Some(WentWrong::Panicked)),
        ("slow", Some(WentWrong::TooSlow)),
    ];
    let mut usual = None;
    for (n, (way, wrong)) in ways.into_iter().enumerate() {
        let (mine, theirs) = (9_120 + 2 * n as u64, 9_121 + 2 * n as u64);
        desk::say(mine, &said);
        desk::say(theirs, &said);
        let trial = [("filter-trial", "whole"), ("filter-trial", way)];
        let mut world = call(person(mine), &trial, &trial, theirs);
        world.run(3_900);
        let told: Vec<_> = world
            .a
            .reports
            .iter()
            .filter_map(|report| match report {
                Report::FilterTrouble {
                    side,
                    filter,
                    wrong,
                    ..
                } => Some((*side, *filter, *wrong)),
                _ => None,
            })
            .collect();
        let sides = [Side::Microphone, Side::Speaker];
        let wanted = wrong.map(|wrong| sides.map(|side| (side, 1, wrong)));
        assert_eq!(told, wanted.into_iter().flatten().collect::<Vec<_>>());
        // Bit for bit what it is with filters that work.
        let sounds = (voice(&world), desk::heard(mine), desk::heard(theirs));
        assert!(sounds.0.len() >= 194 && sounds.1 != sounds.2);
        let payloads: Vec<_> = sounds.0.into_iter().map(|packet| packet.2).collect();
        let sounds = (payloads, sounds.1, sounds.2);
        assert!(*usual.get_or_insert(sounds.clone()) == sounds, "{way}");
    }
    // Of three seconds, only what is too slow three times costs time.
    assert_eq!(NOW.get(), Duration::from_micros(501) * 6);
}
