//! Tones for the person at a bus' loudspeaker: beside what legs say, and heard by no leg.

use audio::call_tone::Player;
use audio::{Block, Mixer, Rate};

/// Which of a bus' tones. Both may sound at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Slot {
    /// How calls stand, and keys.
    Signal,
    /// Somebody calls, or wrote.
    Alert,
}

/// A tone for a slot, or silence.
#[derive(Debug)]
pub struct ToneKit(Option<Player>);

impl ToneKit {
    /// Plays it from its beginning, at the rate of the bus. Thread: \[control\].
    pub const fn new(player: Option<Player>) -> Self {
        Self(player)
    }
}

/// The tones of one bus.
#[derive(Debug)]
pub(crate) struct Tones {
    signal: Sounding,
    alert: Sounding,
}

#[derive(Debug)]
struct Sounding {
    player: Option<Player>,
    /// Whether any of it was heard.
    has_begun: bool,
    /// The end of a tone that was stopped, faded, and whether it is still to be heard.
    tail: Block,
    has_tail: bool,
}

impl Tones {
    pub(crate) const fn silent(rate: Rate) -> Self {
        Self {
            signal: Sounding::silent(rate),
            alert: Sounding::silent(rate),
        }
    }

    /// Another tone, or none; the old one is left in `kit`.
    pub(crate) fn set(&mut self, slot: Slot, kit: &mut ToneKit) {
        let sounding = match slot {
            Slot::Signal => &mut self.signal,
            Slot::Alert => &mut self.alert,
        };
        sounding.set(kit);
    }

    /// Whether anything is to be heard.
    pub(crate) fn is_sounding(&self) -> bool {
        self.signal.is_sounding() || self.alert.is_sounding()
    }

    /// Adds the next 10 ms.
    pub(crate) fn add(&mut self, mixer: &mut Mixer, space: &mut Block) {
        self.signal.add(mixer, space);
        self.alert.add(mixer, space);
    }
}

impl Sounding {
    const fn silent(rate: Rate) -> Self {
        Self {
            player: None,
            has_begun: false,
            tail: Block::silence(rate),
            has_tail: false,
        }
    }

    fn set(&mut self, kit: &mut ToneKit) {
        let rate = self.tail.rate();
        let fits = |player: &&mut Player| !player.is_over() && player.rate() == rate;
        let heard = self.player.as_mut().filter(|_| self.has_begun);
        if let Some(player) = heard.filter(fits) {
            player.next(&mut self.tail);
            let samples = self.tail.samples_mut();
            let all = samples.len() as f32;
            for (at, sample) in samples.iter_mut().enumerate() {
                *sample = (f32::from(*sample) * (1.0 - at as f32 / all)) as i16;
            }
            self.has_tail = true;
        }
        self.has_begun = false;
        core::mem::swap(&mut self.player, &mut kit.0);
    }

    fn is_sounding(&self) -> bool {
        let plays = |player: &Player| !player.is_over();
        self.has_tail || self.player.as_ref().is_some_and(plays)
    }

    fn add(&mut self, mixer: &mut Mixer, space: &mut Block) {
        if core::mem::take(&mut self.has_tail) {
            mixer.add(&self.tail);
        }
        let fits = |player: &&mut Player| !player.is_over() && player.rate() == mixer.rate();
        if let Some(player) = self.player.as_mut().filter(fits) {
            self.has_begun = true;
            player.next(space);
            mixer.add(space);
        }
    }
}
