//! Who hears whom on a bus: legs that are joined, legs apart, legs on hold, muted ones; virtual time.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod world;

use audio::Rate;
use audio::measure::line;
use offhook_media_thread::*;
use std::sync::atomic::{AtomicU64, Ordering};
use world::{World, desk};

/// Desks of this file; other files have their own process.
static DESKS: AtomicU64 = AtomicU64::new(1);
const BUS: BusId = BusId(1);
const WIDE: Rate = Rate::Hz16000;
/// As loud as each speaks. Unit: samples.
const LOUD: f64 = 2_000.0;
/// What counts as heard, and as not heard: G.711 leaves some noise. Unit: samples.
const HEARD: f64 = LOUD * 0.7;
const UNHEARD: f64 = LOUD * 0.02;

/// The tone of party `n`; the last one is the person's. Unit: Hz.
fn tone(n: usize) -> f64 {
    300.0 + 110.0 * n as f64
}

/// A desk that says the tone of party `n` from its first sample on.
fn speaking(n: usize, rate: Rate, ms: usize) -> u64 {
    let desk = DESKS.fetch_add(1, Ordering::Relaxed);
    let step = core::f64::consts::TAU * tone(n) / f64::from(rate.hertz());
    let pcm: Vec<i16> = (0..ms * rate.per_ms())
        .map(|at| (LOUD * (step * at as f64).sin()) as i16)
        .collect();
    desk::say(desk, &pcm);
    desk
}

/// Parties with a desk each, all on one bus of the person's.
struct Room {
    world: World,
    desks: Vec<u64>,
    person: u64,
    /// Samples of each desk that were looked at, the person's last.
    seen: Vec<usize>,
}

impl Room {
    /// `parties` far ends, joined or apart, and the person, who all speak for `ms`.
    fn new(parties: usize, audio: LegAudio, ms: usize) -> Self {
        let mut world = World::new(9);
        let person = speaking(parties, WIDE, ms);
        let plan = BusPlan {
            bus: BUS,
            rate: WIDE,
        };
        let kit = BusKit::new(&plan, Some(world::device(person, WIDE))).unwrap();
        let order = Order::AddBus { bus: BUS };
        let kit = Kit::Bus(Box::new(kit));
        world.order(2, Given { order, kit });
        let desks: Vec<u64> = (0..parties)
            .map(|n| speaking(n, Rate::Hz8000, ms))
            .collect();
        for (n, &desk) in desks.iter().enumerate() {
            world.add_desk(1, n as u16, desk, Rate::Hz8000, 20);
            let voice = world::voice_plan(base::PayloadType::PCMU, 20);
            let mut leg = LegPlan::new(LegId(n as u64), voice, "someone");
            leg.audio = audio;
            let kit = VoiceKit::new(&voice, world::codec("PCMU"), WIDE).unwrap();
            world.add(2, n as u16, &leg, kit, AudioKit::bus(Rate::Hz8000, WIDE));
        }
        let seen = vec![0; parties + 1];
        Self {
            world,
            desks,
            person,
            seen,
        }
    }

    fn order(&mut self, order: Order) {
        self.world.order(2, order);
    }

    fn audio(&mut self, leg: u64, audio: LegAudio) {
        let leg = LegId(leg);
        self.order(Order::SetAudio { leg, audio });
    }

    /// Whom each party hears during the next second, as letters; the person is the last of them. Anything
    /// between heard and unheard is a `?`.
    fn hears(&mut self) -> Vec<String> {
        // What was on its way before is not of this second.
        self.world.run(400);
        let parties = self.desks.len();
        let all: Vec<u64> = self.desks.iter().copied().chain([self.person]).collect();
        for (seen, &desk) in self.seen.iter_mut().zip(&all) {
            *seen = desk::heard(desk).len();
        }
        self.world.run(1_000);
        let of = |(place, &desk): (usize, &u64)| {
            let heard = desk::heard(desk).split_off(self.seen[place]);
            let rate = if place == parties { WIDE } else { Rate::Hz8000 };
            let letter = |n: usize| {
                let strength = line(&heard, rate, tone(n));
                let letter = char::from(b'a' + n as u8);
                match (strength > HEARD, strength < UNHEARD) {
                    (true, _) => Some(letter),
                    (_, true) => None,
                    (false, false) => Some('?'),
                }
            };
            (0..=parties).filter_map(letter).collect()
        };
        all.iter().enumerate().map(of).collect()
    }
}

#[test]
fn m_070_each_of_eight_hears_all_others_and_nobody_himself() {
    let mut room = Room::new(8, LegAudio::Bus(BUS), 3_000);
    let all = "abcdefghi";
    for (n, heard) in room.hears().into_iter().enumerate() {
        let own = char::from(b'a' + n as u8);
        assert_eq!(heard, all.replace(own, ""), "{own}");
    }
}

#[test]
fn m_070_calls_that_are_not_merged_do_not_hear_each_other() {
    let mut room = Room::new(3, LegAudio::Apart(BUS), 8_000);
    assert_eq!(room.hears(), ["d", "d", "d", "abc"]);
    room.audio(0, LegAudio::Bus(BUS));
    room.audio(2, LegAudio::Bus(BUS));
    assert_eq!(room.hears(), ["cd", "d", "ad", "abc"]);
    room.audio(0, LegAudio::Apart(BUS));
    assert_eq!(room.hears(), ["d", "d", "d", "abc"]);
}

#[test]
fn m_071_who_leaves_is_gone_and_the_others_go_on() {
    let mut room = Room::new(3, LegAudio::Bus(BUS), 8_000);
    room.order(Order::RemoveLeg { leg: LegId(1) });
    assert_eq!(room.hears(), ["cd", "", "ad", "ac"]);
}

#[test]
fn m_070_muted_in_a_conference_the_others_still_hear_each_other() {
    let mut room = Room::new(3, LegAudio::Bus(BUS), 8_000);
    for leg in 0..3 {
        let (leg, muted) = (LegId(leg), true);
        room.order(Order::Mute { leg, muted });
    }
    assert_eq!(room.hears(), ["bc", "ac", "ab", "abc"]);
    let (leg, muted) = (LegId(1), false);
    room.order(Order::Mute { leg, muted });
    assert_eq!(room.hears(), ["bc", "acd", "ab", "abc"]);
}

#[test]
fn m_070_who_is_held_takes_no_part_and_music_of_a_holder_is_for_the_person_alone() {
    let mut room = Room::new(3, LegAudio::Bus(BUS), 12_000);
    let held = |send, receive| Order::SetDirection {
        leg: LegId(0),
        direction: Direction { send, receive },
    };
    room.order(held(false, false));
    assert_eq!(room.hears(), ["", "cd", "bd", "bc"]);
    // We hold it and send silence: a muted microphone and nobody else.
    room.order(held(true, false));
    assert_eq!(room.hears(), ["d", "cd", "bd", "bc"]);
    // It holds us with music.
    room.order(held(false, true));
    assert_eq!(room.hears(), ["", "cd", "bd", "abc"]);
    room.order(held(true, true));
    assert_eq!(room.hears(), ["bcd", "acd", "abd", "abc"]);
}

#[test]
fn m_078_two_on_a_bus_without_a_device_hear_each_other_and_not_the_person() {
    let mut room = Room::new(3, LegAudio::Apart(BUS), 8_000);
    let bus = BusId(2);
    let kit = BusKit::new(&BusPlan { bus, rate: WIDE }, None).unwrap();
    let given = Given {
        order: Order::AddBus { bus },
        kit: Kit::Bus(Box::new(kit)),
    };
    room.world.order(2, given);
    for leg in [0, 1] {
        room.audio(leg, LegAudio::Bus(bus));
    }
    assert_eq!(room.hears(), ["b", "a", "d", "c"]);
    for leg in [0, 1] {
        room.audio(leg, LegAudio::Bus(BUS));
    }
    assert_eq!(room.hears(), ["bd", "ad", "d", "abc"]);
}
