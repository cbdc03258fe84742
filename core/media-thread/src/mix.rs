//! What a leg hears of its bus: those who are joined, and as much of the microphone as is not muted.

use crate::bus::Bus;
use crate::leg::Leg;
use crate::order::{Direction, LegAudio};
use audio::Block;

impl Leg {
    /// Whether it hears the others on its bus, and they it. Whoever holds us, or is held, takes no part: the
    /// music of a PBX is for the loudspeaker alone.
    pub(crate) fn is_joined(&self) -> bool {
        matches!(self.audio, LegAudio::Bus(_)) && self.direction == Direction::BOTH
    }

    /// The microphone of its bus as far as it is not muted.
    pub(crate) fn let_through(&mut self, said: &Block, microphone: &mut Block) {
        microphone.copy_from(said);
        self.said_gain.apply(microphone);
    }

    /// What it is to hear of its bus.
    pub(crate) fn mix(&mut self, bus: &Bus, microphone: &mut Block, mixed: &mut Block) {
        self.let_through(bus.said(), microphone);
        match self.is_joined() {
            true => bus.mix(&self.wide, microphone, &mut self.limiter, mixed),
            false => mixed.copy_from(microphone),
        }
    }
}
