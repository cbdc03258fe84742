//! The enhancer: mixes each stretch of 80 samples with those one, two and three pitch periods before and
//! after it, as far as that changes it little.
//!
//! Source: RFC 3951 §4.6; appendix A, enhancer.c.

mod pitch;
mod smooth;

use crate::mode::Mode;
use pitch::{coherence, estimate, near_lag};
use smooth::smooth;

/// Samples of a stretch.
const STRETCH: usize = 80;
/// Stretches that are kept.
const KEPT: usize = 8;
/// Samples that are kept.
const BUFFER: usize = KEPT * STRETCH;

/// What the enhancer remembers.
#[derive(Debug, Clone)]
pub(crate) struct Enhancer {
    /// The residual, newest last.
    residual: [f32; BUFFER],
    /// Pitch period of each stretch. Unit: samples.
    periods: [f32; KEPT],
    /// Period of the newest.
    lag: usize,
    /// The frame before was invented.
    was_invented: bool,
}

impl Enhancer {
    pub(crate) const NEW: Self = Self {
        residual: [0.0; BUFFER],
        periods: [40.0; KEPT],
        lag: 20,
        was_invented: false,
    };

    /// Pitch of the newest stretch. Unit: samples; range: 20 to 118.
    pub(crate) const fn lag(&self) -> usize {
        self.lag
    }

    /// Takes a frame's residual and gives one that is late by what the mode holds back.
    pub(crate) fn run(&mut self, mode: Mode, frame: &[f32], is_invented: bool, out: &mut [f32]) {
        self.residual.copy_within(frame.len().., 0);
        self.residual[BUFFER - frame.len()..].copy_from_slice(frame);
        let fresh = mode.samples() / STRETCH;
        self.periods.copy_within(fresh.., 0);
        let periods = &mut self.periods[KEPT - fresh..];
        self.lag = estimate(&self.residual, periods);
        if self.was_invented {
            self.mend(mode, frame);
        }
        self.was_invented = is_invented;
        let first = BUFFER - mode.samples() - mode.held_back();
        for (n, out) in out.chunks_exact_mut(STRETCH).enumerate() {
            smooth(&self.residual, &self.periods, first + n * STRETCH, out);
        }
    }

    /// Mixes what was invented and is still held back with what the new frame, run backwards, would have
    /// been before itself.
    fn mend(&mut self, mode: Mode, frame: &[f32]) {
        let len = mode.held_back();
        let fresh = KEPT - mode.samples() / STRETCH;
        let lag = near_lag(frame, self.periods[fresh] as usize, len);
        self.periods[fresh - 1] = lag as f32;
        let end = BUFFER - frame.len();
        let mut made = [0.0; STRETCH];
        for n in 0..len {
            // The new frame's first period, repeated once; before that, the old end.
            made[len - 1 - n] = match n.checked_sub(lag) {
                None => frame[lag - 1 - n],
                Some(n) => self.residual[end - 1 - n],
            };
        }
        let old = &self.residual[end - len..end];
        limit(&mut made[..len], old);
        for n in 0..len {
            let share = (n + 1) as f32 / (len + 1) as f32;
            let sample = &mut self.residual[end - 1 - n];
            *sample *= share;
            *sample += (1.0 - share) * made[len - 1 - n];
        }
    }
}

/// Keeps `made` from being more than twice as loud as `old`, except towards its end.
fn limit(made: &mut [f32], old: &[f32]) {
    let level = |samples: &[f32]| {
        let energy = coherence::energy(samples);
        (energy / samples.len() as f32).sqrt()
    };
    let (new, old) = (level(made), level(old));
    if !(new > 2.0 * old && new > 0.0) {
        return;
    }
    let factor = 2.0 * old / new;
    let edge = made.len() - 10;
    for (n, sample) in made.iter_mut().enumerate() {
        *sample *= match n.checked_sub(edge) {
            None => factor,
            Some(n) => n as f32 * (1.0 - factor) / 10.0 + factor,
        };
    }
}
