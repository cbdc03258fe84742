//! Tones for the person: from plain words to players on the person's bus.

use super::PERSON;
use super::legs::{Ground, Legs};
use audio::CallTone;
use media_thread::kit::Kit;
use media_thread::order::{Given as Gift, Order};
use media_thread::tones::{Slot, ToneKit};
use ports::voice::Place;

/// What the media thread has of tones.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Kits that it has not given back.
    kits: usize,
    /// What sounds: that of the speaker, that of the ring.
    sounding: [bool; 2],
}

impl Given {
    /// Whether nothing sounds, as far as control knows, and nothing is to come back. A tone that ends by itself sounds
    /// until it is replaced: its part does so.
    pub(super) fn is_idle(&self) -> bool {
        self.kits == 0 && self.sounding == [false; 2]
    }

    pub(super) fn came_back(&mut self) {
        self.kits = self.kits.saturating_sub(1);
    }
}

impl<G: Ground> Legs<G> {
    /// Plays a tone in the place of the one before, or nothing.
    pub(super) fn tone(&mut self, place: Place, tone: Option<&CallTone>) {
        let (slot, at) = match place {
            Place::Speaker => (Slot::Signal, 0),
            Place::Ring => (Slot::Alert, 1),
        };
        let player = tone.map(|tone| tone.player(self.person));
        let given = Gift {
            order: Order::SetBusTone { bus: PERSON, slot },
            kit: Kit::Tone(Box::new(ToneKit::new(player))),
        };
        match self.ground.give(0, given) {
            Ok(()) => {
                self.tones.kits += 1;
                if let Some(sounding) = self.tones.sounding.get_mut(at) {
                    *sounding = tone.is_some();
                }
            }
            Err(why) => tracing::warn!(why, "a tone is not played"),
        }
    }

    /// Silence everywhere.
    pub(super) fn hush(&mut self) {
        for (at, place) in [Place::Speaker, Place::Ring].into_iter().enumerate() {
            if self.tones.sounding.get(at) == Some(&true) {
                self.tone(place, None);
            }
        }
    }
}
