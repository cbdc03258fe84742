//! From any rate to any other, all at once: a windowed sinc, computed where it is needed.
//!
//! Slow and exact; it runs once, when a file is opened, and never on the media thread.

use std::f64::consts::PI;

/// Zero crossings of the sinc on either side. 32 give 90 dB with the window below.
const CROSSINGS: f64 = 32.0;
/// Part of the narrower band that passes; the rest is the filter's slope.
const PASS: f64 = 0.94;
/// Shape of the Kaiser window.
const BETA: f64 = 9.0;
/// Steps of the table between two zero crossings.
const STEPS: usize = 512;

/// `pcm` at `from_hz`, as it would be at `to_hz`. The first sample stays the first.
pub(crate) fn resample(pcm: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    if from_hz == to_hz || pcm.is_empty() {
        return pcm.to_vec();
    }
    let table = table();
    let ratio = f64::from(from_hz) / f64::from(to_hz);
    // Cut below half of the narrower rate. Unit: input samples between zero crossings.
    let spacing = ratio.max(1.0) / PASS;
    let reach = CROSSINGS * spacing;
    let count = (pcm.len() as u64 * u64::from(to_hz)).div_ceil(u64::from(from_hz));
    (0..count)
        .map(|n| {
            let centre = n as f64 * ratio;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(pcm.len() - 1);
            let sum: f64 = (first..=last)
                .map(|at| {
                    let distance = (at as f64 - centre).abs() / spacing;
                    f64::from(pcm[at]) * look_up(&table, distance)
                })
                .sum();
            (sum / spacing) as f32
        })
        .collect()
}

/// The windowed sinc from 0 to its reach.
fn table() -> Vec<f64> {
    let last = CROSSINGS as usize * STEPS;
    (0..=last + 1)
        .map(|n| {
            let x = n as f64 / STEPS as f64;
            let sinc = if n == 0 {
                1.0
            } else {
                (PI * x).sin() / (PI * x)
            };
            let edge = (1.0 - (x / CROSSINGS).powi(2)).max(0.0);
            sinc * bessel(BETA * edge.sqrt()) / bessel(BETA)
        })
        .collect()
}

/// Between two steps of the table, in a straight line.
fn look_up(table: &[f64], distance: f64) -> f64 {
    let at = distance * STEPS as f64;
    let step = at as usize;
    match (table.get(step), table.get(step + 1)) {
        (Some(a), Some(b)) => a + (b - a) * (at - step as f64),
        _ => 0.0,
    }
}

/// Modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for n in 1..40 {
        term *= (x / (2.0 * f64::from(n))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: u32, count: usize) -> Vec<f32> {
        let step = 2.0 * PI * hertz / f64::from(rate);
        (0..count)
            .map(|n| (10_000.0 * (step * n as f64).sin()) as f32)
            .collect()
    }

    fn loudest(pcm: &[f32]) -> f32 {
        pcm.iter().fold(0.0, |most, s| s.abs().max(most))
    }

    #[test]
    fn a_sine_stays_the_same_sine_at_any_rate() {
        for from in [8000, 11025, 22050, 44100, 48000, 96000] {
            for to in [8000, 16000, 48000] {
                let got = resample(&sine(1000.0, from, from as usize), from, to);
                let want = sine(1000.0, to, to as usize);
                assert_eq!(got.len(), want.len());
                let middle = to as usize / 4..to as usize * 3 / 4;
                let error: Vec<f32> = middle.map(|n| got[n] - want[n]).collect();
                // −60 dB of the sine.
                assert!(
                    loudest(&error) < 10.0,
                    "{from} to {to}: {}",
                    loudest(&error)
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_into_the_narrower_band_is_gone() {
        let got = resample(&sine(5000.0, 48000, 24000), 48000, 8000);
        assert!(loudest(&got[1000..3000]) < 10.0);
    }
}
