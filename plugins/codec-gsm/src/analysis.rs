//! The encoder's first half: offset and pre-emphasis, reflection coefficients, short-term residual.
//!
//! Source: ETSI EN 300 961 §5.2.1 to §5.2.10.

use crate::ratios::{self, Eight};
use crate::word::{divide, multiply_rounded, norm};

/// Samples of one frame.
pub(crate) const SAMPLES: usize = 160;

/// What the first half remembers from frame to frame.
#[derive(Debug, Clone)]
pub(crate) struct Analysis {
    /// Offset filter: last input, last output.
    last_input: i16,
    last_output: i32,
    /// Pre-emphasis: last input.
    emphasised: i16,
    /// Log area ratios of the last frame.
    ratios: Eight,
    /// Lattice filter.
    lattice: Eight,
}

impl Analysis {
    pub(crate) const NEW: Self = Self {
        last_input: 0,
        last_output: 0,
        emphasised: 0,
        ratios: [0; 8],
        lattice: [0; 8],
    };

    /// Turns `signal` into its short-term residual; returns the coded ratios.
    pub(crate) fn run(&mut self, signal: &mut [i16; SAMPLES]) -> [u8; 8] {
        self.prepare(signal);
        let codes = ratios::code(&reflections(&autocorrelation(signal)));
        let new = ratios::decode(&codes);
        let lattice = &mut self.lattice;
        ratios::glide(&self.ratios, &new, |coefficients, stretch| {
            for sample in &mut signal[stretch] {
                *sample = residual(lattice, coefficients, *sample);
            }
        });
        self.ratios = new;
        codes
    }

    /// Cuts to 13 bits, takes off what is constant, and lifts high tones. Source: §5.2.1 to §5.2.3.
    fn prepare(&mut self, signal: &mut [i16; SAMPLES]) {
        for sample in signal {
            let input = (*sample >> 3) << 2;
            let step = input - self.last_input;
            self.last_input = input;
            let upper = (self.last_output >> 15) as i16;
            let lower = (self.last_output - (i32::from(upper) << 15)) as i16;
            let fresh = (i32::from(step) << 15) + i32::from(multiply_rounded(lower, 32_735));
            self.last_output = (i32::from(upper) * 32_735).saturating_add(fresh);
            let emphasis = multiply_rounded(self.emphasised, -28_180);
            self.emphasised = (self.last_output.saturating_add(16_384) >> 15) as i16;
            *sample = self.emphasised.saturating_add(emphasis);
        }
    }
}

/// Sums of products of the signal with itself, up to 8 samples apart. As a side effect that the standard
/// prescribes, loud signals lose their lowest bits. Source: §5.2.4.
fn autocorrelation(signal: &mut [i16; SAMPLES]) -> [i32; 9] {
    let largest = signal.iter().map(|s| s.saturating_abs()).max();
    let largest = i32::from(largest.unwrap_or(0)) << 16;
    let shift = if largest == 0 {
        0
    } else {
        4_u32.saturating_sub(norm(largest))
    };
    if shift > 0 {
        for sample in signal.iter_mut() {
            *sample = multiply_rounded(*sample, 16_384 >> (shift - 1));
        }
    }
    let sums = core::array::from_fn(|lag| {
        let products = signal[lag..].iter().zip(signal.iter());
        let sum: i32 = products.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
        sum << 1
    });
    for sample in signal {
        *sample <<= shift;
    }
    sums
}

/// Reflection coefficients by Schur's recursion. Source: §5.2.5.
fn reflections(sums: &[i32; 9]) -> Eight {
    let mut found = [0; 8];
    if sums[0] == 0 {
        return found;
    }
    let shift = norm(sums[0]);
    let mut p = sums.map(|sum| ((sum << shift) >> 16) as i16);
    let mut k = p;
    for (n, found) in found.iter_mut().enumerate() {
        let magnitude = p[1].saturating_abs();
        if p[0] < magnitude {
            break;
        }
        let quotient = divide(magnitude, p[0]);
        let coefficient = if p[1] > 0 { -quotient } else { quotient };
        *found = coefficient;
        p[0] = p[0].saturating_add(multiply_rounded(p[1], coefficient));
        for m in 1..8 - n {
            let from_k = multiply_rounded(k[m], coefficient);
            let from_p = multiply_rounded(p[m + 1], coefficient);
            p[m] = p[m + 1].saturating_add(from_k);
            k[m] = k[m].saturating_add(from_p);
        }
    }
    found
}

/// One sample through the lattice. Source: §5.2.10.
#[inline]
fn residual(lattice: &mut Eight, coefficients: &Eight, sample: i16) -> i16 {
    let (mut forward, mut backward) = (sample, sample);
    for (stage, &coefficient) in lattice.iter_mut().zip(coefficients) {
        let before = *stage;
        *stage = backward;
        backward = before.saturating_add(multiply_rounded(coefficient, forward));
        forward = forward.saturating_add(multiply_rounded(coefficient, before));
    }
    forward
}
