//! A sound that nobody else makes: sweeps whose course is drawn from a seed.
//!
//! A call is proved by finding this in what came back: a periodic tone could be anybody's, and
//! correlates with itself at every period.

use crate::block::Rate;
use crate::to_sample;
use base::Rng;

/// Length of one sweep. Unit: ms.
const SWEEP_MS: usize = 80;
/// Lowest and highest frequency, inside every telephone band. Unit: Hz.
const LOWEST_HZ: f64 = 350.0;
const HIGHEST_HZ: f64 = 3_300.0;
/// Loud enough for any codec, soft enough for any mixer.
const AMPLITUDE: f64 = 10_000.0;
/// Softened edges at both ends. Unit: ms.
const EDGE_MS: usize = 5;

/// `ms` milliseconds of sweeps drawn from `rng`. The phase never jumps, so there is no click in it.
pub fn chirp(rng: &mut Rng, rate: Rate, ms: usize) -> Vec<i16> {
    let total = ms * rate.per_ms();
    let sweep = SWEEP_MS * rate.per_ms();
    let mut pitch = || LOWEST_HZ + rng.below((HIGHEST_HZ - LOWEST_HZ) as u64) as f64;
    let mut phase = 0.0_f64;
    let (mut from, mut to) = (pitch(), pitch());
    let mut pcm = Vec::with_capacity(total);
    for n in 0..total {
        if n % sweep == 0 && n > 0 {
            // Each sweep goes where the last was not, so that no stretch stays on one tone.
            from = to;
            to = pitch();
            if (to - from).abs() < 600.0 {
                to = if from > 1_800.0 {
                    from - 1_200.0
                } else {
                    from + 1_200.0
                };
            }
        }
        let hertz = from + (to - from) * (n % sweep) as f64 / sweep as f64;
        phase = (phase + std::f64::consts::TAU * hertz / f64::from(rate.hertz()))
            % std::f64::consts::TAU;
        let edge = (n + 1).min(total - n) as f64 / (EDGE_MS * rate.per_ms()) as f64;
        pcm.push(to_sample((AMPLITUDE * edge.min(1.0) * phase.sin()) as f32));
    }
    pcm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_chirp_and_another_seed_another() {
        let make = |seed| chirp(&mut Rng::from_number(seed), Rate::Hz8000, 500);
        assert_eq!(make(1), make(1));
        assert_eq!(make(1).len(), 4_000);
        let (a, b) = (make(1), make(2));
        let dot = |x: &[i16], y: &[i16]| -> f64 {
            x.iter()
                .zip(y)
                .map(|(&x, &y)| f64::from(x) * f64::from(y))
                .sum()
        };
        let alike = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
        assert!(alike.abs() < 0.3, "{alike}");
    }
}
