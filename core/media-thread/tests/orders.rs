//! Orders and reports: keys, hold, mute, codec change, trouble, refusal, goodbye.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod world;

use audio::Rate;
use base::{Instant, PayloadType};
use offhook_media_thread::*;
use rtp::telephone_event::{Heard, Press, key_of};
use world::{World, addresses, codec, voice_plan};

const LEG: LegId = LegId(0);
/// Key 5 as tones.
const CHORD: Chord = Chord {
    event: 5,
    ms: 100,
    centihertz: [77_000, 133_600],
    centibels: [-1_214, -1_014],
};

fn echo_pair() -> World {
    let mut world = World::new(1);
    world.add_plain(1, 0, LegAudio::Silence);
    world.add_plain(2, 0, LegAudio::Echo);
    world
}

fn counts(reports: &[Report]) -> Counts {
    let last = reports.iter().rev().find_map(|r| match r {
        Report::Counts { counts, .. } => Some(*counts),
        _ => None,
    });
    last.expect("counts were told")
}

fn has(reports: &[Report], wanted: impl Fn(&Report) -> bool) -> usize {
    reports.iter().filter(|r| wanted(r)).count()
}

#[test]
fn keys_are_told_at_once_and_once() {
    let mut world = echo_pair();
    world.link = Box::new(|rng| (rng.below(10) > 0).then(|| 5_000 + rng.below(60_000)));
    world.run(500);
    for key in "15*#D".chars() {
        world.order(
            1,
            Order::Dial {
                leg: LEG,
                press: Press::key(key, 100).unwrap(),
            },
        );
    }
    world.run(2_000);
    let keys: String = world
        .b
        .reports
        .iter()
        .filter_map(|r| match r {
            Report::Key {
                heard: Heard::Pressed { event },
                ..
            } => key_of(*event),
            _ => None,
        })
        .collect();
    assert_eq!(keys, "15*#D");
    let releases = has(&world.b.reports, |r| {
        matches!(
            r,
            Report::Key {
                heard: Heard::Released { .. },
                ..
            }
        )
    });
    assert_eq!(releases, 5);
    let sent = world.a.reports.iter().filter_map(|report| match report {
        Report::KeySent {
            event,
            duration_ms: 100,
            ..
        } => key_of(*event),
        _ => None,
    });
    assert_eq!(
        sent.collect::<String>(),
        "15*#D",
        "and ours when they have sounded"
    );
}

/// M-059: tones stand in the place of the microphone, one key after the other, and are told like events.
#[test]
fn m_059_keys_as_tones_are_told_when_they_have_sounded() {
    let mut world = echo_pair();
    world.run(500);
    for _ in 0..40 {
        world.order(
            1,
            Order::Sound {
                leg: LEG,
                chord: CHORD,
            },
        );
    }
    let told = |reports: &[Report]| {
        has(reports, |r| {
            matches!(
                r,
                Report::KeySent {
                    event: 5,
                    duration_ms: 100,
                    way: Way::Tones,
                    ..
                }
            )
        })
    };
    assert_eq!(
        has(&world.a.reports, |r| matches!(
            r,
            Report::KeyRefused { event: 5, .. }
        )),
        8
    );
    world.run(90);
    assert_eq!(told(&world.a.reports), 0, "the first still sounds");
    world.run(20);
    assert_eq!(told(&world.a.reports), 1);
    world.run(160);
    assert_eq!(told(&world.a.reports), 2);
    world.order(1, Order::StopDialing { leg: LEG });
    world.run(2_000);
    assert!((2..=3).contains(&told(&world.a.reports)));
    let said = counts(&world.a.reports).said;
    assert!(
        said.is_none_or(|level| level.below_overload > 60),
        "{said:?}"
    );
}

#[test]
fn a_long_key_is_told_once_at_its_end_and_one_too_many_is_refused() {
    let mut world = echo_pair();
    let dial = |key, ms| Order::Dial {
        leg: LEG,
        press: Press::key(key, ms).unwrap(),
    };
    // 65,535 ticks are 8.2 s: a second segment begins there.
    world.order(1, dial('7', 9_000));
    world.run(8_900);
    assert_eq!(
        has(&world.a.reports, |r| matches!(r, Report::KeySent { .. })),
        0
    );
    world.run(300);
    let told = |r: &Report| {
        matches!(
            r,
            Report::KeySent {
                event: 7,
                duration_ms: 9_000..9_021,
                ..
            }
        )
    };
    assert_eq!(has(&world.a.reports, told), 1);
    for _ in 0..40 {
        world.order(1, dial('1', 100));
    }
    assert_eq!(
        has(&world.a.reports, |r| matches!(
            r,
            Report::KeyRefused { event: 1, .. }
        )),
        8
    );
    world.order(1, Order::StopDialing { leg: LEG });
    world.run(1_000);
    assert_eq!(
        has(&world.a.reports, |r| matches!(r, Report::KeySent { .. })),
        1
    );
}

#[test]
fn reports_tell_of_first_packet_quality_and_round_trip() {
    let mut world = echo_pair();
    world.link = Box::new(|_| Some(40_000));
    world.run(21_000);
    let first = has(
        &world.a.reports,
        |r| matches!(r, Report::FirstPacket { source, .. } if *source == addresses(2, 0).0),
    );
    assert_eq!(first, 1);
    let quality = world.a.reports.iter().rev().find_map(|r| match r {
        Report::Quality {
            heard,
            mos,
            peer_loss_percent,
            ..
        } => Some((*heard, *mos, *peer_loss_percent)),
        _ => None,
    });
    let (heard, mos, peer_loss) = quality.expect("told each five seconds");
    assert_eq!(heard.loss_percent, 0.0);
    let trip = heard.round_trip_ms.expect("both reported");
    assert!((75.0..95.0).contains(&trip), "{trip} ms");
    assert!(mos > 4.2, "{mos}");
    assert_eq!(peer_loss, Some(0.0));
    let counts = counts(&world.a.reports);
    assert!((1_030..=1_050).contains(&counts.received), "{counts:?}");
    assert!((1_040..=1_050).contains(&counts.sent), "{counts:?}");
    assert_eq!((counts.lost, counts.dropped), (0, 0));
}

#[test]
fn goodbye_is_said_and_everything_comes_back() {
    let mut world = echo_pair();
    world.run(1_000);
    world.order(1, Order::RemoveLeg { leg: LEG });
    world.run(100);
    assert_eq!(
        has(&world.b.reports, |r| matches!(r, Report::Goodbye { .. })),
        1
    );
    let Some(Kit::Leg(kit)) = world.a.retired.pop() else {
        panic!("the leg comes back")
    };
    let (rtp, rtcp) = addresses(1, 0);
    assert_eq!(kit.into_sockets(), (Some(rtp), Some(rtcp)));
    assert_eq!(world.a.engine.legs(), 0);
    // Its number and its seat are free again.
    world.add_plain(1, 0, LegAudio::Silence);
    assert_eq!(world.a.engine.legs(), 1);
}

/// Whoever ends a call knows by then how many packets it had.
#[test]
fn the_last_counts_of_a_leg_come_before_the_leg() {
    let mut world = echo_pair();
    world.run(500);
    world.a.fetch();
    let order = Order::RemoveLeg { leg: LEG };
    let now = Instant::from_nanos(world.now_us * 1_000);
    world.a.engine.order(order.into(), now, &mut world.a.net);
    let told = std::iter::from_fn(|| world.a.engine.poll_told());
    let told: Vec<_> = told
        .filter_map(|told| match told {
            Told::Report(Report::Counts { counts, .. }) => Some(counts.sent),
            Told::Report(_) => None,
            Told::Retired(_) => Some(0),
        })
        .collect();
    let [sent, 0] = told[..] else {
        panic!("{told:?}")
    };
    assert!(sent > 20, "{sent}");
}

#[test]
fn silence_of_the_peer_is_told_once_and_its_return_too() {
    let mut world = World::new(1);
    world.add_plain(1, 0, LegAudio::Silence);
    world.run(6_000);
    let missing = |r: &Report| {
        matches!(
            r,
            Report::NoMedia {
                ever_heard: false,
                ..
            }
        )
    };
    assert_eq!(has(&world.a.reports, missing), 1);
    world.add_plain(2, 0, LegAudio::Echo);
    world.run(1_000);
    assert_eq!(
        has(&world.a.reports, |r| matches!(r, Report::MediaBack { .. })),
        1
    );
    world.link = Box::new(|_| None);
    world.run(12_000);
    let gone = |r: &Report| {
        matches!(
            r,
            Report::NoMedia {
                ever_heard: true,
                ..
            }
        )
    };
    assert_eq!(has(&world.a.reports, gone), 1);
}

#[test]
fn hold_stops_packets_and_resume_marks_the_first() {
    let mut world = echo_pair();
    world.run(1_000);
    let direction = Direction {
        send: false,
        receive: false,
    };
    world.order(
        1,
        Order::SetDirection {
            leg: LEG,
            direction,
        },
    );
    world.run(200);
    let before = counts(&world.a.reports).sent;
    world.run(2_000);
    let held = counts(&world.a.reports);
    assert_eq!(held.sent, before);
    let direction = Direction::BOTH;
    world.order(
        1,
        Order::SetDirection {
            leg: LEG,
            direction,
        },
    );
    world.run(500);
    let resumed = counts(&world.a.reports);
    assert!(resumed.sent > before + 20);
    assert_eq!(resumed.lost, 0);
    assert_eq!(counts(&world.b.reports).lost, 0);
}

#[test]
fn a_leg_without_an_answer_sends_nothing_and_believes_nobody() {
    let mut world = World::new(1);
    world.add_plain(2, 0, LegAudio::Echo);
    let voice = voice_plan(PayloadType::PCMU, 20);
    let plan = LegPlan::new(LEG, voice, "someone");
    let kit = VoiceKit::new(&voice, codec("PCMU"), Rate::Hz8000).unwrap();
    let (rtp, rtcp) = addresses(1, 0);
    let kit = LegKit::new(
        &plan,
        kit,
        AudioKit::none(),
        rtp,
        Some(rtcp),
        &mut world.rng,
    );
    world.order(
        1,
        Given {
            order: Order::AddLeg { leg: LEG },
            kit: Kit::Leg(Box::new(kit)),
        },
    );
    world.run(1_000);
    let early = counts(&world.a.reports);
    assert_eq!((early.sent, early.received), (0, 0));
    assert!(early.dropped > 40, "{early:?}");
    let (peer, peer_rtcp) = addresses(2, 0);
    let remote = world::remote(peer, peer_rtcp);
    world.order(1, Order::SetRemote { leg: LEG, remote });
    world.run(1_000);
    let late = counts(&world.a.reports);
    assert!(late.sent >= 49 && late.received >= 49, "{late:?}");
}

#[test]
fn the_codec_can_be_changed_in_the_middle_and_the_old_one_comes_back() {
    let mut world = echo_pair();
    world.run(1_000);
    let voice = voice_plan(PayloadType::PCMA, 30);
    for side in [1, 2] {
        let kit = VoiceKit::new(&voice, codec("PCMA"), Rate::Hz8000).unwrap();
        world.order(
            side,
            Given {
                order: Order::SetVoice { leg: LEG, voice },
                kit: Kit::Voice(Box::new(kit)),
            },
        );
    }
    assert!(matches!(world.a.retired[..], [Kit::Voice(_)]));
    let before = counts(&world.a.reports);
    world.run(3_000);
    let after = counts(&world.a.reports);
    assert!(
        (95..=105).contains(&(after.sent - before.sent)),
        "{after:?}"
    );
    assert!(after.received - before.received >= 95, "{after:?}");
    assert!(after.codec_failures == 0 && after.lost == 0, "{after:?}");
}

#[test]
fn a_codec_that_panics_is_fenced_and_the_call_goes_on() {
    let mut world = World::new(1);
    world.add_plain(2, 0, LegAudio::Echo);
    let voice = voice_plan(PayloadType::PCMU, 20);
    let plan = LegPlan::new(LEG, voice, "someone");
    let kit = VoiceKit::new(&voice, codec("BAD"), Rate::Hz8000).unwrap();
    world.add(1, 0, &plan, kit, AudioKit::none());
    world.run(4_000);
    let trouble = |r: &Report| matches!(r, Report::CodecTrouble { .. });
    assert_eq!(has(&world.a.reports, trouble), 1);
    let counts = counts(&world.a.reports);
    assert!(
        counts.codec_failures > 100 && counts.received > 190,
        "{counts:?}"
    );
    // A poisoned codec is never entered again, so nothing more is sent; the other side goes on.
    assert!(counts.sent >= 50, "{counts:?}");
}

/// A codec that is back within a second, as one that was started again in its process, is kept.
#[test]
fn a_codec_that_does_nothing_right_for_a_second_is_told_once() {
    for (name, gone) in [("ILL", 0), ("DEAD", 1), ("BAD", 1)] {
        let mut world = World::new(1);
        world.add_plain(2, 0, LegAudio::Echo);
        let voice = voice_plan(PayloadType::PCMU, 20);
        let plan = LegPlan::new(LEG, voice, "someone");
        let kit = VoiceKit::new(&voice, codec(name), Rate::Hz8000).unwrap();
        world.add(1, 0, &plan, kit, AudioKit::none());
        world.run(8_000);
        let told = |r: &Report| matches!(r, Report::CodecGone { .. });
        assert_eq!(has(&world.a.reports, told), gone, "{name}");
        assert!(counts(&world.a.reports).codec_failures > 0, "{name}");
        let mos = world.a.reports.iter().rev().find_map(|r| match r {
            Report::Quality { mos, heard, .. } => Some((*mos, heard.loss_percent)),
            _ => None,
        });
        let (mos, lost) = mos.expect("told each five seconds");
        let unheard = counts(&world.a.reports).unheard;
        // Nobody hears what a codec that is gone was to decode, however well it came.
        let is_gone = gone == 1;
        assert_eq!(lost > 70.0, is_gone, "{name}: {lost} %");
        assert_eq!(unheard > 300, is_gone, "{name}: {unheard}");
        assert!(!is_gone || mos < 1.5, "{name}: {mos}");
    }
}

#[test]
fn what_finds_no_room_is_refused_and_comes_back() {
    let mut world = World::new(1);
    for n in 0..9 {
        world.add_plain(1, n, LegAudio::Silence);
    }
    assert_eq!(world.a.engine.legs(), 8);
    let refused = |r: &Report| {
        matches!(
            r,
            Report::Refused {
                leg: Some(LegId(8)),
                ..
            }
        )
    };
    assert_eq!(has(&world.a.reports, refused), 1);
    assert!(matches!(world.a.retired[..], [Kit::Leg(_)]));
    world.order(
        1,
        Order::Mute {
            leg: LegId(99),
            muted: true,
        },
    );
    world.order(1, Order::RemoveLeg { leg: LegId(99) });
    world.order(1, Order::AddLeg { leg: LegId(50) });
    assert_eq!(world.a.engine.legs(), 8);
}

#[test]
fn strangers_and_junk_are_dropped_and_change_nothing() {
    let mut world = echo_pair();
    world.run(1_000);
    let (to, to_rtcp) = addresses(1, 0);
    let mut junk = [0; 300];
    for n in 0..2_000_u16 {
        world.rng.fill(&mut junk);
        junk[0] = if n % 2 == 0 { 0x80 } else { junk[0] };
        junk[1] &= if n % 4 == 0 { 0x80 } else { 0xff };
        let from = world::address(if n % 3 == 0 {
            "198.51.100.66:5"
        } else {
            "203.0.113.2:9"
        });
        let to = if n % 5 == 0 { to_rtcp } else { to };
        let len = usize::from(n % 300);
        world
            .a
            .net
            .inbox
            .push_back((from, to, junk[..len].to_vec()));
        if n % 10 == 0 {
            world.run(10);
        }
    }
    let counts = counts(&world.a.reports);
    assert_eq!(counts.lost, 0);
    assert!(counts.dropped > 1_500, "{counts:?}");
    assert_eq!(
        has(&world.a.reports, |r| matches!(
            r,
            Report::FirstPacket { .. }
        )),
        1
    );
}

#[test]
fn orders_and_reports_survive_being_written_down() {
    let (rtp, rtcp) = addresses(1, 0);
    let remote = world::remote(rtp, rtcp);
    let voice = voice_plan(PayloadType::PCMU, 20);
    for order in [
        Order::AddLeg { leg: LEG },
        Order::SetRemote { leg: LEG, remote },
        Order::SetVoice { leg: LEG, voice },
        Order::SetAudio {
            leg: LEG,
            audio: LegAudio::Bus(BusId(3)),
        },
        Order::Dial {
            leg: LEG,
            press: Press::key('#', 80).unwrap(),
        },
        Order::Sound {
            leg: LEG,
            chord: CHORD,
        },
    ] {
        let text = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), order);
    }
    let mut plan = LegPlan::new(LEG, voice, "x");
    plan.remote = Some(remote);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<LegPlan>(&text).unwrap(), plan);
    let report = Report::Counts {
        leg: LEG,
        at: Instant::from_millis(5),
        counts: Counts::default(),
    };
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

#[test]
fn legs_come_and_go_in_any_order() {
    let mut world = World::new(4);
    let mut there = std::collections::BTreeSet::new();
    for round in 0..300_u16 {
        let n = world.rng.below(12) as u16;
        if there.remove(&n) {
            let leg = LegId(u64::from(n));
            world.order(1, Order::RemoveLeg { leg });
        } else if there.len() < 8 {
            world.add_plain(1, n, LegAudio::Echo);
            there.insert(n);
        }
        assert_eq!(world.a.engine.legs(), there.len(), "round {round}");
        world.run(10);
    }
    assert_eq!(
        has(&world.a.reports, |r| matches!(r, Report::Refused { .. })),
        0
    );
}

#[test]
fn a_leg_moves_between_echo_silence_and_buses_of_any_rate() {
    let mut world = echo_pair();
    world.run(500);
    let bus = BusId(4);
    let plan = BusPlan {
        bus,
        rate: Rate::Hz48000,
    };
    let kit = Kit::Bus(Box::new(BusKit::new(&plan, None).unwrap()));
    world.order(
        2,
        Given {
            order: Order::AddBus { bus },
            kit,
        },
    );
    // Without a kit the resamplers do not fit: the bus is unheard, and nothing breaks.
    for audio in [
        LegAudio::Bus(bus),
        LegAudio::Silence,
        LegAudio::Device,
        LegAudio::Echo,
    ] {
        world.order(2, Order::SetAudio { leg: LEG, audio });
        world.run(200);
    }
    let audio = LegAudio::Bus(bus);
    let kit = Kit::Audio(Box::new(AudioKit::bus(Rate::Hz8000, Rate::Hz48000)));
    world.order(
        2,
        Given {
            order: Order::SetAudio { leg: LEG, audio },
            kit,
        },
    );
    world.run(500);
    world.order(2, Order::RemoveBus { bus });
    world.run(500);
    assert!(matches!(world.b.retired[..], [Kit::Audio(_), Kit::Bus(_)]));
    let counts = counts(&world.b.reports);
    assert!(counts.sent >= 110 && counts.lost == 0, "{counts:?}");
}
