//! Pitch periods of the newest stretches, at half the sample rate.

use super::{BUFFER, STRETCH};
use crate::filter::dot;
use crate::tables::HALVING;

/// Past samples that the search sees.
const PAST: usize = 120;
/// Samples of three stretches and the past, halved.
const HALVED: usize = (3 * STRETCH + PAST) / 2;

/// Fills `periods` with those of the newest stretches; returns the last.
pub(super) fn estimate(residual: &[f32; BUFFER], periods: &mut [f32]) -> usize {
    let count = periods.len();
    let halved = halve(residual, count * STRETCH + PAST);
    let mut lag = 0;
    for (n, period) in periods.iter_mut().enumerate() {
        let at = PAST / 2 + n * STRETCH / 2;
        let now = &halved[at..at + STRETCH / 2];
        lag = best(10..60, |lag| {
            coherence::measure(now, &halved[at - lag..at - lag + STRETCH / 2])
        });
        *period = (2 * lag) as f32;
    }
    2 * lag
}

/// The lag near `about` that makes the beginning of `frame` most like what follows.
pub(super) fn near_lag(frame: &[f32], about: usize, len: usize) -> usize {
    best(about - 1..about + 2, |lag| {
        coherence::measure(&frame[..len], &frame[lag..lag + len])
    })
}

fn best(mut lags: core::ops::Range<usize>, measure: impl Fn(usize) -> f32) -> usize {
    let mut best = lags.next().unwrap_or(0);
    let mut most = measure(best);
    for lag in lags {
        let found = measure(lag);
        if found > most {
            (best, most) = (lag, found);
        }
    }
    best
}

/// The last `len` samples through a low-pass, every second of them.
fn halve(residual: &[f32; BUFFER], len: usize) -> [f32; HALVED] {
    let mut halved = [0.0; HALVED];
    for (n, out) in halved[..len / 2].iter_mut().enumerate() {
        let newest = BUFFER - len + 3 + 2 * n;
        let taps = HALVING.iter().enumerate();
        *out = taps.fold(0.0, |sum, (tap, &weight)| {
            // There is nothing after the end.
            sum + residual.get(newest - tap).map_or(0.0, |&s| weight * s)
        });
    }
    halved
}

/// How alike two stretches are.
pub(super) mod coherence {
    use super::dot;

    /// Square of the product of `now` and `then` over the energy of `then`; 0 if they are opposed.
    pub(in super::super) fn measure(now: &[f32], then: &[f32]) -> f32 {
        let cross = dot(now, then);
        if cross > 0.0 {
            cross * cross / dot(then, then)
        } else {
            0.0
        }
    }

    /// Sum of squares.
    pub(in super::super) fn energy(samples: &[f32]) -> f32 {
        dot(samples, samples)
    }
}
