//! Long-term prediction: the stretch of the past that looks most like the present.
//!
//! Source: ETSI EN 300 961 §5.2.11, §5.2.12, §5.3.2.

use crate::pulses::QUARTER;
use crate::word::{multiply, multiply_rounded, norm};

/// Longest lag, and how much of the past is kept. Unit: samples.
pub(crate) const LONGEST: usize = 120;
const SHORTEST: usize = 40;

/// Gains by their code. Source: table 5.3b.
const GAINS: [i16; 4] = [3277, 11_469, 21_299, 32_767];

/// Decision levels between them. Source: table 5.3a.
const DECISIONS: [i16; 3] = [6554, 16_384, 26_214];

/// The rebuilt residual's past, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Past([i16; LONGEST]);

impl Past {
    pub(crate) const SILENT: Self = Self([0; LONGEST]);

    /// What a stretch `lag` samples back and its gain predict.
    pub(crate) fn predict(&self, lag: usize, gain: u8) -> [i16; QUARTER] {
        let gain = GAINS[usize::from(gain & 3)];
        core::array::from_fn(|n| multiply_rounded(gain, self.0[LONGEST - lag + n]))
    }

    /// Takes the next rebuilt samples.
    pub(crate) fn push(&mut self, rebuilt: &[i16; QUARTER]) {
        self.0.copy_within(QUARTER.., 0);
        self.0[LONGEST - QUARTER..].copy_from_slice(rebuilt);
    }

    /// Lag and gain code that suit `residual` best.
    pub(crate) fn search(&self, residual: &[i16; QUARTER]) -> (usize, u8) {
        let largest = residual.iter().map(|s| s.saturating_abs()).max();
        let largest = i32::from(largest.unwrap_or(0)) << 16;
        let shift = if largest == 0 {
            6
        } else {
            6_u32.saturating_sub(norm(largest))
        };
        let scaled = residual.map(|sample| i32::from(sample >> shift));
        let (mut best, mut lag) = (0, SHORTEST);
        for candidate in SHORTEST..=LONGEST {
            let past = self.0[LONGEST - candidate..].iter().zip(&scaled);
            let product: i32 = past.map(|(&past, now)| i32::from(past) * now).sum();
            if product > best {
                (best, lag) = (product, candidate);
            }
        }
        (lag, self.gain((best << 1) >> (6 - shift), lag))
    }

    /// Code of the gain, from the product of present and past and the past's energy.
    fn gain(&self, product: i32, lag: usize) -> u8 {
        let past = self.0[LONGEST - lag..].iter().take(QUARTER);
        let energy: i32 = past.map(|&s| i32::from(s >> 3) * i32::from(s >> 3)).sum();
        let energy = energy << 1;
        if product <= 0 {
            return 0;
        }
        if product >= energy {
            return 3;
        }
        let shift = norm(energy);
        let product = ((product << shift) >> 16) as i16;
        let energy = ((energy << shift) >> 16) as i16;
        let above = |&&level: &&i16| product > multiply(energy, level);
        DECISIONS.iter().take_while(above).count() as u8
    }
}

/// The lag that a decoder uses for `code`: outside its range the last one goes on. Source: §5.3.2.
pub(crate) fn heard_lag(code: u8, last: usize) -> usize {
    let lag = usize::from(code);
    if (SHORTEST..=LONGEST).contains(&lag) {
        lag
    } else {
        last
    }
}
