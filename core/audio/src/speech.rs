//! Something like speech, from a seed: for tests that need gaps, clicks and levels to be heard.
//!
//! It has a gliding pitch, moving formants, syllables, pauses and hiss. It is not for judging how
//! well concealment sounds: real voices breathe, this one does not.

use crate::block::{Block, Rate};
use crate::resample::Resampler;
use crate::to_sample;
use base::Rng;

/// Harmonics of the voice; the highest stays under 3.6 kHz.
const HARMONICS: usize = 24;
/// Root mean square of a syllable. About −22 dBov.
const LOUDNESS: f32 = 2_600.0;

/// `ms` milliseconds of syllables of 160 to 340 ms with pauses of 30 to 120 ms.
///
/// It stays within the telephone band at every rate, so that any codec can carry all of it.
pub fn speech(rng: &mut Rng, rate: Rate, ms: usize) -> Vec<i16> {
    let narrow = narrow_speech(rng, Rate::Hz8000, ms.next_multiple_of(10));
    let mut resampler = Resampler::new(Rate::Hz8000, rate);
    let mut out = Block::silence(rate);
    let mut pcm = Vec::with_capacity(ms * rate.per_ms());
    for block in narrow.chunks(Rate::Hz8000.block_samples()) {
        resampler.process(&Block::from_samples(Rate::Hz8000, block), &mut out);
        pcm.extend_from_slice(out.samples());
    }
    pcm.truncate(ms * rate.per_ms());
    pcm
}

fn narrow_speech(rng: &mut Rng, rate: Rate, ms: usize) -> Vec<i16> {
    let total = ms * rate.per_ms();
    let mut pcm = Vec::with_capacity(total + rate.per_ms() * 500);
    while pcm.len() < total {
        let voiced = rng.below(5) > 0;
        let length = (160 + rng.below(180) as usize) * rate.per_ms();
        if voiced {
            vowel(rng, rate, length, &mut pcm);
        } else {
            hiss(rng, rate, length / 2, &mut pcm);
        }
        let pause = (30 + rng.below(90) as usize) * rate.per_ms();
        pcm.resize(pcm.len() + pause, 0);
    }
    pcm.truncate(total);
    pcm
}

/// 1 in the middle, softly 0 at both ends.
fn envelope(n: usize, length: usize, rate: Rate) -> f32 {
    let edge = (30 * rate.per_ms()) as f32;
    let near = (n + 1).min(length - n) as f32 / edge;
    if near >= 1.0 {
        return 1.0;
    }
    0.5 - 0.5 * (core::f32::consts::PI * near).cos()
}

fn between(rng: &mut Rng, low: u64, high: u64) -> f32 {
    (low + rng.below(high - low)) as f32
}

fn vowel(rng: &mut Rng, rate: Rate, length: usize, pcm: &mut Vec<i16>) {
    let (from, to) = (between(rng, 95, 210), between(rng, 95, 210));
    let formants = [
        between(rng, 300, 800),
        between(rng, 900, 2_200),
        between(rng, 2_300, 3_000),
    ];
    let mut phases = [0.0_f32; HARMONICS];
    for (k, phase) in phases.iter_mut().enumerate() {
        *phase = (k * k) as f32;
    }
    for n in 0..length {
        let pitch = from + (to - from) * n as f32 / length as f32;
        let (mut value, mut power) = (0.0, 1e-6_f32);
        for (k, phase) in phases.iter_mut().enumerate() {
            let hertz = pitch * (k + 1) as f32;
            *phase = (*phase + core::f32::consts::TAU * hertz / rate.hertz() as f32)
                % core::f32::consts::TAU;
            if hertz > 3_600.0 {
                continue;
            }
            let weight: f32 = formants
                .iter()
                .zip([1.0, 0.5, 0.2])
                .map(|(f, high)| high / (1.0 + ((hertz - f) / 120.0).powi(2)))
                .sum();
            value += weight * phase.sin();
            power += weight * weight / 2.0;
        }
        let scale = LOUDNESS / power.sqrt() * envelope(n, length, rate);
        pcm.push(to_sample(value * scale));
    }
}

fn hiss(rng: &mut Rng, rate: Rate, length: usize, pcm: &mut Vec<i16>) {
    let mut last = 0.0;
    for n in 0..length {
        let noise = between(rng, 0, 65_536) / 32_768.0 - 1.0;
        let value = 0.6 * (noise - last);
        last = noise;
        pcm.push(to_sample(value * LOUDNESS * envelope(n, length, rate)));
    }
}
