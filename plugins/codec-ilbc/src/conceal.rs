//! A residual for frames that did not come: the last pitch period again, or noise, or something between.
//!
//! Source: RFC 3951 §4.5; appendix A, doCPLC.c. Where the appendix tests the shortest loss first and so
//! never fades further than to 0.9, the longest is tested first here, as its steps mean it.

use crate::filter::{Coefficients, UNITY, dot};
use crate::mode::{LONGEST, Mode};

/// What is remembered for the day a frame is lost.
#[derive(Debug, Clone)]
pub(crate) struct Concealer {
    residual: [f32; LONGEST],
    filter: Coefficients,
    /// Frames lost in a row.
    lost: usize,
    /// Pitch that is being repeated, and how much it is one.
    lag: usize,
    periodicity: f32,
    seed: u32,
}

/// Samples that the search compares.
const COMPARED: usize = 60;
/// Noise below this is all that is left of a voice. Unit: steps of 16 bits.
const QUIET: f64 = 30.0;

impl Concealer {
    pub(crate) const NEW: Self = Self {
        residual: [0.0; LONGEST],
        filter: UNITY,
        lost: 0,
        lag: 120,
        periodicity: 0.0,
        seed: 777,
    };

    /// Notes a frame that came.
    pub(crate) fn heard(&mut self, residual: &[f32; LONGEST], filter: &Coefficients) {
        self.residual = *residual;
        self.filter = *filter;
        self.lost = 0;
    }

    /// Invents a residual and the filter for it. `lag` is the pitch of late.
    pub(crate) fn invent(&mut self, mode: Mode, lag: usize) -> ([f32; LONGEST], Coefficients) {
        let len = mode.samples();
        if self.lost == 0 {
            (self.lag, self.periodicity) = self.pitch(len, lag);
        }
        self.lost = self.lost.saturating_add(1);
        let level = match self.lost.saturating_mul(len) {
            ..=320 => 1.0,
            321..=640 => 0.9,
            641..=960 => 0.7,
            961..=1280 => 0.5,
            _ => 0.0,
        };
        let share = match self.periodicity.sqrt() {
            much if much > 0.7 => 1.0,
            some if some > 0.4 => (some - 0.4) / (0.7 - 0.4),
            _ => 0.0,
        };
        // Not the same period twice.
        let back = if self.lag < 80 {
            2 * self.lag
        } else {
            self.lag
        };
        let (mut noise, mut made) = ([0.0; LONGEST], [0.0; LONGEST]);
        for n in 0..len {
            self.seed = self.seed.wrapping_mul(69_069).wrapping_add(1) & 0x7FFF_FFFF;
            let random = 50 + self.seed as usize % 70;
            noise[n] = self.before(&noise, len, n, random);
            let period = self.before(&made, len, n, back);
            let fading = match n {
                ..80 => level,
                80..160 => 0.95 * level,
                160.. => 0.9 * level,
            };
            made[n] = fading * (share * period + (1.0 - share) * noise[n]);
        }
        let energy = dot(&made[..len], &made[..len]);
        if f64::from(energy / len as f32).sqrt() < QUIET {
            made = noise.map(|sample| level * sample);
        }
        self.residual = made;
        (made, self.filter)
    }

    /// The sample `back` before sample `n` of a frame that is being made.
    fn before(&self, made: &[f32; LONGEST], len: usize, n: usize, back: usize) -> f32 {
        match n.checked_sub(back) {
            Some(at) => made[at],
            None => self.residual[len + n - back],
        }
    }

    /// The best lag near `about`, and how periodic the end of the last frame is with it.
    fn pitch(&self, len: usize, about: usize) -> (usize, f32) {
        let (mut best, mut most, mut periodicity) = (about, f32::MIN, 0.0);
        for lag in about - 3..=about + 3 {
            let compared = COMPARED.min(len - lag);
            let now = &self.residual[len - compared..len];
            let then = &self.residual[len - compared - lag..len - lag];
            let (cross, past) = (dot(now, then), dot(then, then));
            let (measure, alike) = if past > 0.0 {
                let present = dot(now, now);
                let alike = cross.abs() / (past.sqrt() * present.sqrt());
                (cross * cross / past, alike)
            } else {
                (0.0, 0.0)
            };
            if measure > most {
                (best, most, periodicity) = (lag, measure, alike);
            }
        }
        (best, periodicity)
    }
}
