use super::*;
use std::f64::consts::TAU;

const RATES: [Rate; 3] = [Rate::Hz8000, Rate::Hz16000, Rate::Hz48000];
const AMPLITUDE: f64 = 10_000.0;

fn run(from: Rate, to: Rate, pcm: &[i16]) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to);
    let mut out = Block::silence(to);
    pcm.chunks(from.block_samples())
        .flat_map(|chunk| {
            resampler.process(&Block::from_samples(from, chunk), &mut out);
            out.samples().to_vec()
        })
        .collect()
}

fn sine(rate: Rate, hertz: f64) -> Vec<i16> {
    (0..rate.hertz())
        .map(|n| (AMPLITUDE * (TAU * hertz * f64::from(n) / f64::from(rate.hertz())).sin()) as i16)
        .collect()
}

/// Amplitude of `hertz` in the middle of `pcm`, relative to what went in. Unit: dB.
fn gain_at(rate: Rate, pcm: &[i16], hertz: f64) -> f64 {
    let middle = &pcm[pcm.len() / 4..pcm.len() * 3 / 4];
    let (mut re, mut im, mut norm) = (0.0, 0.0, 0.0);
    for (n, &s) in middle.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * n as f64 / middle.len() as f64).cos();
        let angle = TAU * hertz * n as f64 / f64::from(rate.hertz());
        re += window * f64::from(s) * angle.cos();
        im += window * f64::from(s) * angle.sin();
        norm += window;
    }
    20.0 * (2.0 * re.hypot(im) / norm / AMPLITUDE).max(1e-9).log10()
}

#[test]
fn the_pass_band_is_flat_between_all_rates() {
    for from in RATES {
        for to in RATES {
            let top = if from.min(to) == Rate::Hz8000 {
                3_400.0
            } else {
                7_000.0
            };
            for hertz in [100.0, 1_000.0, 2_500.0, top * 0.9, top] {
                let gain = gain_at(to, &run(from, to, &sine(from, hertz)), hertz);
                assert!(
                    gain.abs() < 0.5,
                    "{from:?} to {to:?}, {hertz} Hz: {gain} dB"
                );
            }
        }
    }
}

#[test]
fn aliases_are_sixty_decibels_down() {
    for (from, to) in [
        (Rate::Hz16000, Rate::Hz8000),
        (Rate::Hz48000, Rate::Hz8000),
        (Rate::Hz48000, Rate::Hz16000),
    ] {
        let half = f64::from(to.hertz()) / 2.0;
        let first = if to == Rate::Hz8000 { 4_600.0 } else { 9_000.0 };
        let mut hertz = first;
        while hertz < f64::from(from.hertz()) / 2.0 {
            let folded = (hertz + half).rem_euclid(2.0 * half) - half;
            let alias = gain_at(to, &run(from, to, &sine(from, hertz)), folded.abs());
            assert!(
                alias < -60.0,
                "{from:?} to {to:?}, {hertz} Hz: {alias} dB at {folded}"
            );
            hertz += 573.0;
        }
    }
}

#[test]
fn images_are_sixty_decibels_down() {
    for (from, to) in [
        (Rate::Hz8000, Rate::Hz16000),
        (Rate::Hz8000, Rate::Hz48000),
        (Rate::Hz16000, Rate::Hz48000),
    ] {
        let rate = f64::from(from.hertz());
        let top = if from == Rate::Hz8000 {
            3_400.0
        } else {
            7_000.0
        };
        for hertz in [300.0, 1_700.0, top] {
            let out = run(from, to, &sine(from, hertz));
            for image in [rate - hertz, rate + hertz] {
                if image < f64::from(to.hertz()) / 2.0 {
                    let gain = gain_at(to, &out, image);
                    assert!(gain < -60.0, "{from:?} to {to:?}, {image} Hz: {gain} dB");
                }
            }
        }
    }
}

#[test]
fn the_delay_is_at_most_two_milliseconds() {
    for from in RATES {
        for to in RATES {
            let mut pcm = vec![0; from.block_samples() * 4];
            pcm[from.block_samples()] = 20_000;
            let out = run(from, to, &pcm);
            let at = (0..out.len()).max_by_key(|&n| out[n].unsigned_abs());
            let ms = at.unwrap_or(0) as f64 / to.per_ms() as f64 - 10.0;
            assert!(
                (0.0..=2.0).contains(&ms),
                "{from:?} to {to:?} waits {ms} ms"
            );
        }
    }
}

#[test]
fn full_scale_saturates_instead_of_wrapping() {
    let square: Vec<i16> = (0..8_000)
        .map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN })
        .collect();
    let out = run(Rate::Hz8000, Rate::Hz48000, &square);
    for (n, pair) in out.windows(2).enumerate() {
        let step = i32::from(pair[1]) - i32::from(pair[0]);
        assert!(step.abs() < 40_000, "wrapped at {n}: {pair:?}");
    }
}
