//! Gaps, clicks and level, as the project defines them.
//!
//! A gap: at least 5 ms below −60 dBov where the source is above −40. A click: a step between two
//! samples more than four times the largest step of the source.

use crate::block::Rate;

/// The shortest silence that counts as a gap. Unit: ms.
const GAP_MS: usize = 5;
/// Below this the ear hears a hole. Unit: dBov.
const SILENT_DBOV: f64 = -60.0;
/// Above this the source was speaking. Unit: dBov.
const SPEAKING_DBOV: f64 = -40.0;
/// How much larger than the source's largest step a step must be.
const CLICK_FACTOR: i32 = 4;

/// A hole in what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Where it begins. Unit: samples of the heard signal.
    pub at: usize,
    /// How long it is. Unit: samples.
    pub samples: usize,
}

/// Every gap in `heard`, where `heard[n]` stands against `source[n]`: align them first.
pub fn gaps(source: &[i16], heard: &[i16], rate: Rate) -> Vec<Gap> {
    let window = GAP_MS * rate.per_ms();
    let mut gaps: Vec<Gap> = Vec::new();
    let len = source.len().min(heard.len());
    let mut at = 0;
    while at + window <= len {
        let hole = dbov(&heard[at..at + window]) < SILENT_DBOV
            && dbov(&source[at..at + window]) > SPEAKING_DBOV;
        if hole {
            match gaps.last_mut() {
                Some(last) if last.at + last.samples >= at => last.samples = at + window - last.at,
                _ => gaps.push(Gap {
                    at,
                    samples: window,
                }),
            }
        }
        at += rate.per_ms();
    }
    gaps
}

/// Where `heard` steps more than four times as far as `source` ever does. Needs no alignment.
pub fn clicks(source: &[i16], heard: &[i16]) -> Vec<usize> {
    let allowed = largest_step(source).saturating_mul(CLICK_FACTOR);
    heard
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| step(pair) > allowed)
        .map(|(at, _)| at + 1)
        .collect()
}

/// The largest step between two neighbouring samples.
pub fn largest_step(pcm: &[i16]) -> i32 {
    pcm.windows(2).map(step).max().unwrap_or(0)
}

fn step(pair: &[i16]) -> i32 {
    (i32::from(pair[1]) - i32::from(pair[0])).abs()
}

/// How strong the sine of `hertz` in `pcm` is: its amplitude in samples, as Goertzel's filter finds it. Two
/// tones are told apart where they differ by more than the rate divided by the number of samples.
pub fn line(pcm: &[i16], rate: Rate, hertz: f64) -> f64 {
    let step = core::f64::consts::TAU * hertz / f64::from(rate.hertz());
    let double_cosine = 2.0 * step.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in pcm {
        let next = f64::from(sample) + double_cosine * last - before;
        (before, last) = (last, next);
    }
    let power = last * last + before * before - double_cosine * last * before;
    2.0 * power.max(0.0).sqrt() / pcm.len().max(1) as f64
}

/// Root mean square. Unit: dBov; −127 for silence.
pub fn dbov(pcm: &[i16]) -> f64 {
    let energy: f64 = pcm.iter().map(|&s| f64::from(s).powi(2)).sum();
    if energy == 0.0 {
        return -127.0;
    }
    (10.0 * (energy / pcm.len() as f64 / 32_767f64.powi(2)).log10()).max(-127.0)
}

/// How much of the source's active speech (10 ms blocks above −40 dBov) is a gap. Unit: percent.
pub fn silent_share(source: &[i16], heard: &[i16], rate: Rate) -> f64 {
    let block = rate.block_samples();
    let blocks = source.chunks_exact(block).zip(heard.chunks_exact(block));
    let (active, silent) = blocks
        .filter(|(s, _)| dbov(s) > SPEAKING_DBOV)
        .fold((0, 0), |(active, silent), (_, h)| {
            (active + 1, silent + usize::from(dbov(h) < SILENT_DBOV))
        });
    100.0 * silent as f64 / f64::from(active.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone() -> Vec<i16> {
        (0..8_000)
            .map(|n| (6_000.0 * (n as f32 * 0.4).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_line_is_as_strong_as_its_sine_and_others_are_not_there() {
        let wave = |n: usize| (core::f64::consts::TAU * 440.0 * n as f64 / 16_000.0).sin();
        let pcm: Vec<i16> = (0..16_000).map(|n| (2_500.0 * wave(n)) as i16).collect();
        assert!((line(&pcm, Rate::Hz16000, 440.0) - 2_500.0).abs() < 5.0);
        assert!(line(&pcm, Rate::Hz16000, 480.0) < 5.0);
        assert!(line(&[], Rate::Hz16000, 480.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_hole_of_five_milliseconds_is_a_gap_and_one_of_four_is_not() {
        let source = tone();
        let mut heard = source.clone();
        heard[1_000..1_000 + 39].fill(0);
        assert_eq!(gaps(&source, &heard, Rate::Hz8000), []);
        heard[4_000..4_000 + 160].fill(0);
        let found = gaps(&source, &heard, Rate::Hz8000);
        assert_eq!(
            found,
            [Gap {
                at: 4_000,
                samples: 160
            }]
        );
        assert!((silent_share(&source, &heard, Rate::Hz8000) - 2.0).abs() < 0.01);
        assert_eq!(gaps(&heard, &heard, Rate::Hz8000), []);
    }

    #[test]
    fn a_click_is_four_times_the_largest_step() {
        let source: Vec<i16> = (0..800)
            .map(|n| 3 * (n % 100 - (n % 200) / 100 * 99))
            .collect();
        let largest = largest_step(&source) as i16;
        let mut heard = vec![0_i16; 800];
        heard[500..].fill(largest * 4 + 1);
        assert_eq!(clicks(&source, &heard), [500]);
        heard[500..].fill(largest * 4);
        assert_eq!(clicks(&source, &heard), []);
    }
}
