//! The decoder's second half: residual to signal. Source: ETSI EN 300 961 §5.3.3 to §5.3.7.

use crate::analysis::SAMPLES;
use crate::ratios::{self, Eight};
use crate::word::multiply_rounded;

/// What it remembers from frame to frame.
#[derive(Debug, Clone)]
pub(crate) struct Synthesis {
    /// Log area ratios of the last frame.
    ratios: Eight,
    /// Lattice filter; its last stage is never read.
    lattice: [i16; 9],
    /// De-emphasis.
    last_output: i16,
}

impl Synthesis {
    pub(crate) const NEW: Self = Self {
        ratios: [0; 8],
        lattice: [0; 9],
        last_output: 0,
    };

    /// Turns the residual in `signal` into sound.
    pub(crate) fn run(&mut self, codes: &[u8; 8], signal: &mut [i16; SAMPLES]) {
        let new = ratios::decode(codes);
        let (lattice, last) = (&mut self.lattice, &mut self.last_output);
        ratios::glide(&self.ratios, &new, |coefficients, stretch| {
            for sample in &mut signal[stretch] {
                let short = rebuild(lattice, coefficients, *sample);
                *last = short.saturating_add(multiply_rounded(*last, 28_180));
                *sample = last.saturating_add(*last) & !7;
            }
        });
        self.ratios = new;
    }
}

/// One sample back through the lattice. Source: §5.3.4.
#[inline]
fn rebuild(lattice: &mut [i16; 9], coefficients: &Eight, residual: i16) -> i16 {
    let mut sample = residual;
    for stage in (0..8).rev() {
        let (coefficient, before) = (coefficients[stage], lattice[stage]);
        sample = sample.saturating_sub(multiply_rounded(coefficient, before));
        lattice[stage + 1] = before.saturating_add(multiply_rounded(coefficient, sample));
    }
    lattice[0] = sample;
    sample
}
