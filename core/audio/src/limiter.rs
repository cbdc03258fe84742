//! Softens what is too loud for a sample, without clicks and without cutting the tops of waves off.

use crate::block::Block;

/// The loudest a sample may be.
const CEILING: f32 = i16::MAX as f32;
/// How much of a block passes until a lower gain is reached: one tenth, 1 ms.
const ATTACK: usize = 10;
/// By how much the gain rises within a block at most: 0.5 dB in 10 ms.
const RELEASE: f32 = 1.06;

/// A soft limit. What fits a sample goes through unchanged, bit by bit, and costs a comparison.
#[derive(Debug, Clone)]
pub struct Limiter {
    gain: f32,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { gain: 1.0 }
    }
}

impl Limiter {
    /// At rest.
    pub const fn new() -> Self {
        Self { gain: 1.0 }
    }

    /// Makes `out` of as many samples of `sum` as it has.
    pub fn apply(&mut self, sum: &[i32], out: &mut Block) {
        let to = out.samples_mut();
        let sum = &sum[..to.len().min(sum.len())];
        // Of a negative one its distance from −1: the lowest sample fits.
        let peak = sum.iter().fold(0, |peak, s| (s ^ (s >> 31)).max(peak));
        let fits = peak <= i32::from(i16::MAX);
        if fits && self.gain >= 1.0 {
            for (to, &sum) in to.iter_mut().zip(sum) {
                *to = sum as i16;
            }
            return;
        }
        let wanted = if fits { 1.0 } else { CEILING / peak as f32 };
        let samples = to.len().max(1);
        let (target, ramp) = match wanted < self.gain {
            true => (wanted, samples / ATTACK),
            false => (wanted.min(self.gain * RELEASE), samples),
        };
        let step = (target - self.gain) / ramp as f32;
        for (at, (to, &sum)) in to.iter_mut().zip(sum).enumerate() {
            self.gain = if at < ramp { self.gain + step } else { target };
            // Saturates: until the lower gain is reached the top of a wave may be cut.
            *to = (sum as f32 * self.gain) as i16;
        }
        self.gain = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Rate;
    use core::f32::consts::TAU;

    const RATE: Rate = Rate::Hz16000;

    fn sine(amplitude: f32, from: usize) -> Vec<i32> {
        let wave = |n| (TAU * 440.0 * n as f32 / 16_000.0).sin();
        (from..from + RATE.block_samples())
            .map(|n| (amplitude * wave(n)) as i32)
            .collect()
    }

    #[test]
    fn what_fits_goes_through_bit_by_bit() {
        let mut limiter = Limiter::new();
        let mut out = Block::silence(RATE);
        let mut all: Vec<i32> = sine(32_767.0, 0);
        all[3] = -32_768;
        limiter.apply(&all, &mut out);
        let same = out.samples().iter().zip(&all);
        assert!(same.clone().all(|(&out, &sum)| i32::from(out) == sum));
    }

    /// M-070: eight who speak at once are not torn.
    #[test]
    fn m_070_a_loud_sum_is_softened_and_not_cut_and_comes_back() {
        let mut limiter = Limiter::new();
        let mut out = Block::silence(RATE);
        let mut heard: Vec<i16> = Vec::new();
        for block in 0..20 {
            limiter.apply(&sine(80_000.0, block * 160), &mut out);
            heard.extend(out.samples());
        }
        // After the first two milliseconds it is the same wave, softer: no two tops beside each other.
        let cut = heard[32..]
            .windows(3)
            .filter(|w| w[0] == w[1] && w[1] == w[2]);
        assert_eq!(cut.filter(|w| w[0].abs() > 30_000).count(), 0);
        let peak = heard[32..].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((32_000..=32_767).contains(&peak), "{peak}");
        let step = heard[32..].windows(2).map(|w| w[0].abs_diff(w[1])).max();
        let largest = (TAU * 440.0 / 16_000.0 * 32_767.0) as u16;
        assert!(step.unwrap() <= largest + 8, "{step:?}");
        // A soft voice alone is as it was within a second.
        for block in 20..120 {
            limiter.apply(&sine(5_000.0, block * 160), &mut out);
        }
        let soft = sine(5_000.0, 119 * 160);
        let same = out.samples().iter().zip(&soft);
        assert!(same.clone().all(|(&out, &sum)| i32::from(out) == sum));
    }

    #[test]
    fn the_extremes_stay_within_a_sample() {
        let mut limiter = Limiter::new();
        let mut out = Block::silence(RATE);
        for sum in [i32::MIN, i32::MAX, 0, -40_000] {
            limiter.apply(&[sum; 160], &mut out);
            let sign = out
                .samples()
                .iter()
                .all(|&s| i32::from(s).signum() == sum.signum() || s == 0);
            assert!(sign, "{sum}: {out:?}");
        }
    }
}
