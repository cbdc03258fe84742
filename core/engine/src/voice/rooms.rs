//! Who hears whom: calls of the person alone, conferences, and calls that go on without the person.
//!
//! All of them are legs of one thread, where the person's device is. The conference is those who are joined on the
//! person's bus; each bridge is a bus without a device, which is there while a leg is on it.

use super::legs::{Ground, Legs, State};
use super::{PERSON, RINGER};
use media_thread::kit::{BusKit, Kit};
use media_thread::order::{BusId, BusPlan, Given, LegAudio, LegId, Order};
use ports::media::{Room, Sound};
use ports::voice::LegConfig;

/// The bus of a bridge. Numbers are never used twice, so that only the lower half of them matters.
const fn bridge(number: u64) -> BusId {
    const FIRST: u32 = RINGER.0 + 1;
    BusId(FIRST + (number % (u32::MAX - FIRST) as u64) as u32)
}

/// Where a leg of the person's is heard, and what it hears.
pub(super) const fn audio(room: Room) -> LegAudio {
    match room {
        Room::Alone => LegAudio::Apart(PERSON),
        Room::Conference => LegAudio::Bus(PERSON),
        Room::Bridge(number) => LegAudio::Bus(bridge(number)),
    }
}

impl<G: Ground> Legs<G> {
    /// A leg is about to be in a room: the bus of a bridge begins with its first leg.
    pub(super) fn enter(&mut self, config: &LegConfig) -> Result<(), String> {
        let Room::Bridge(number) = config.room else {
            return Ok(());
        };
        if *config.sound.itself() != Sound::Person || self.is_bridged(number) {
            return Ok(());
        }
        let bus = bridge(number);
        let rate = self.person;
        let kit = BusKit::new(&BusPlan { bus, rate }, None).map_err(|why| why.to_string())?;
        let given = Given {
            order: Order::AddBus { bus },
            kit: Kit::Bus(Box::new(kit)),
        };
        self.ground.give(0, given)
    }

    /// What a leg that runs is to hear changes, where it does.
    pub(super) fn moves(old: &LegConfig, new: &LegConfig) -> Option<Given<G::Socket>> {
        let is_person = *new.sound.itself() == Sound::Person;
        let leg = LegId(new.leg.0);
        let audio = audio(new.room);
        (is_person && old.room != new.room).then(|| Order::SetAudio { leg, audio }.into())
    }

    /// A leg is no more in a room: the bus of a bridge ends with its last leg.
    pub(super) fn leave(&mut self, room: Room) {
        if let Room::Bridge(number) = room
            && !self.is_bridged(number)
        {
            let order = Order::RemoveBus {
                bus: bridge(number),
            };
            // A thread that takes no orders has no bus to speak of.
            let _ = self.ground.give(0, order.into());
        }
    }

    fn is_bridged(&self, number: u64) -> bool {
        self.legs.values().any(|leg| match leg {
            State::Runs(running) => running.config.room == Room::Bridge(number),
            State::Open(_) => false,
        })
    }
}
