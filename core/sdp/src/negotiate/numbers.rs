//! Payload type numbers of one section we offer.

use crate::{Format, MediaSection};
use base::{Hertz, PayloadType};

/// By custom, digits at 8 kHz are 101; peers that cannot read rtpmap guess so.
const EVENTS: u8 = 101;

/// Hands out numbers. A number keeps its meaning for the whole session (RFC 3264 §8.3.2).
pub(super) struct Numbers {
    /// What numbers stood for before.
    known: Vec<Format>,
    /// Handed out now.
    taken: Vec<PayloadType>,
}

impl Numbers {
    /// Bound to what `sections` said before.
    pub(super) fn after<'a>(sections: impl Iterator<Item = MediaSection<'a>>) -> Self {
        Self {
            known: sections.flat_map(|section| section.formats()).collect(),
            taken: Vec::new(),
        }
    }

    /// A number for digits at `clock_rate`.
    pub(super) fn events(&mut self, name: &str, clock_rate: Hertz) -> Option<PayloadType> {
        let wish = PayloadType::new(EVENTS).filter(|_| clock_rate == Hertz(8000));
        self.number(name, clock_rate, 1, wish)
    }

    /// The number this format had, the one wished for, or a free one. `None`: none is left.
    pub(super) fn number(
        &mut self,
        name: &str,
        clock_rate: Hertz,
        channels: u8,
        wish: Option<PayloadType>,
    ) -> Option<PayloadType> {
        let kept = self
            .known
            .iter()
            .filter(|format| format.is(name, clock_rate, channels))
            .map(|format| format.payload_type)
            .find(|number| !self.taken.contains(number));
        let wish = wish.filter(|&number| self.is_free(number));
        let mut rest = (96..=127)
            .filter(|&number| number != EVENTS)
            .chain([EVENTS])
            .filter_map(PayloadType::new);
        let number = kept
            .or(wish)
            .or_else(|| rest.find(|&number| self.is_free(number)))?;
        self.taken.push(number);
        Some(number)
    }

    fn is_free(&self, number: PayloadType) -> bool {
        let meant_else = |format: &Format| format.payload_type == number;
        !self.taken.contains(&number)
            && (!number.is_dynamic() || !self.known.iter().any(meant_else))
    }
}
