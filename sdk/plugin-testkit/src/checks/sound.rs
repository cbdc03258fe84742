//! Sounds to feed, and how alike two are.

use crate::subject::Chance;

/// A sweep with a little noise: a sound that is like no shifted copy of itself.
pub(crate) fn sweep(samples: usize, rate: u32, channels: usize, seed: u64) -> Vec<i16> {
    let mut chance = Chance::new(seed);
    let (mut phase, rate) = (0.0_f64, f64::from(rate));
    let mut out = Vec::with_capacity(samples * channels);
    for n in 0..samples {
        let along = n as f64 / samples as f64;
        phase += std::f64::consts::TAU * (300.0 + 2400.0 * along) / rate;
        let noise = chance.below(200) as f64 - 100.0;
        let sample = (phase.sin() * 9000.0 + noise) as i16;
        out.extend(std::iter::repeat_n(sample, channels));
    }
    out
}

pub(crate) fn noise(samples: usize, seed: u64, loudest: usize) -> Vec<i16> {
    let mut chance = Chance::new(seed);
    let span = loudest * 2 + 1;
    (0..samples)
        .map(|_| (chance.below(span) as i64 - loudest as i64) as i16)
        .collect()
}

/// Loudest likeness of `heard` to `said` over delays up to `longest`. Range: -1 to 1; with the delay.
pub(crate) fn likeness(said: &[i16], heard: &[i16], longest: usize) -> (f64, usize) {
    let mut best = (-1.0, 0);
    for delay in 0..=longest.min(heard.len()) {
        let pairs = said.iter().zip(heard.get(delay..).unwrap_or_default());
        let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
        for (&x, &y) in pairs {
            let (x, y) = (f64::from(x), f64::from(y));
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
        let likeness = if xx > 0.0 && yy > 0.0 {
            xy / (xx * yy).sqrt()
        } else {
            0.0
        };
        if likeness > best.0 {
            best = (likeness, delay);
        }
    }
    best
}

/// Mean square root. Unit: sample steps.
pub(crate) fn level(pcm: &[i16]) -> f64 {
    let sum: f64 = pcm.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (sum / pcm.len().max(1) as f64).sqrt()
}
