//! The tone that tells the person of a call that was picked up by itself. The microphone opens after it.
//!
//! Both are decided in one place, so that nothing can open the microphone before the tone was played.

use audio::tone::{Pattern, Tone};
use audio::{Block, Rate};

/// The tone. Source: ours; loud enough to be noticed across a room, and like no call-progress tone.
const fn pattern(ms: u32) -> Pattern {
    Pattern {
        hertz: [1_000.0, 1_400.0],
        level_dbov: -15.0,
        cadence_ms: [(ms, 0), (0, 0)],
        repeat: false,
    }
}

/// The tone of one leg, if it has one that is not over.
#[derive(Debug)]
pub(crate) struct Announced {
    ms: u32,
    tone: Option<Tone>,
}

impl Announced {
    pub(crate) fn new(ms: u32, rate: Rate) -> Self {
        let tone = (ms > 0).then(|| Tone::new(rate, pattern(ms)));
        Self { ms, tone }
    }

    /// The leg has another codec: a tone that is not over begins again.
    pub(crate) fn at_rate(&mut self, rate: Rate) {
        if self.tone.is_some() {
            *self = Self::new(self.ms, rate);
        }
    }

    /// Whether the microphone has to wait.
    pub(crate) const fn is_on(&self) -> bool {
        self.tone.is_some()
    }

    /// Takes the place of what the peer says, as long as it sounds.
    pub(crate) fn sound(&mut self, heard: &mut Block) {
        // Over once a whole block went by in which the microphone was closed.
        if self.tone.as_ref().is_some_and(Tone::is_over) {
            self.tone = None;
        }
        if let Some(tone) = &mut self.tone {
            tone.next(heard);
        }
    }
}
