//! How loud a block is.

use crate::block::Block;
use serde::{Deserialize, Serialize};

/// Loudness and clipping of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Root mean square, below overload. Unit: −dBov. Range: 0 (a full-scale square wave) to 127
    /// (silence). Source: RFC 6465 §3, computed as in RFC 6464 appendix A.
    pub below_overload: u8,
    /// Largest sample without its sign.
    pub peak: u16,
    /// Samples at full scale.
    pub clipped: u16,
}

impl Level {
    /// Digital silence.
    pub const SILENCE: Self = Self {
        below_overload: 127,
        peak: 0,
        clipped: 0,
    };

    /// Measures `block`.
    pub fn of(block: &Block) -> Self {
        let mut level = Self::SILENCE;
        let mut energy = 0_u64;
        for &sample in block.samples() {
            let size = sample.unsigned_abs();
            energy += u64::from(size) * u64::from(size);
            level.peak = level.peak.max(size);
            level.clipped += u16::from(size >= i16::MAX as u16);
        }
        level.below_overload = below_overload(energy, block.samples().len());
        level
    }

    /// The louder of the two, with the clipping of both.
    pub fn max(self, other: Self) -> Self {
        Self {
            below_overload: self.below_overload.min(other.below_overload),
            peak: self.peak.max(other.peak),
            clipped: self.clipped.saturating_add(other.clipped),
        }
    }
}

/// Energy of `samples` samples as −dBov, rounded.
fn below_overload(energy: u64, samples: usize) -> u8 {
    if energy == 0 || samples == 0 {
        return 127;
    }
    let mean = energy as f32 / samples as f32;
    let decibels = 10.0 * (mean / (32_767.0 * 32_767.0)).log10();
    (-decibels).round().clamp(0.0, 127.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Rate;

    #[test]
    fn full_scale_square_is_zero_and_silence_is_127() {
        let mut square = [i16::MAX; 80];
        square.iter_mut().step_by(2).for_each(|s| *s = i16::MIN);
        let level = Level::of(&Block::from_samples(Rate::Hz8000, &square));
        assert_eq!((level.below_overload, level.clipped), (0, 80));
        assert_eq!(Level::of(&Block::silence(Rate::Hz16000)), Level::SILENCE);
    }

    #[test]
    fn a_full_scale_sine_is_three_below() {
        let sine: Vec<i16> = (0..480)
            .map(|n| (32_000.0 * (n as f32 * 0.0654498).sin()) as i16)
            .collect();
        let level = Level::of(&Block::from_samples(Rate::Hz48000, &sine));
        assert_eq!(level.below_overload, 3);
        assert_eq!(level.clipped, 0);
        assert!((31_900..=32_000).contains(&level.peak));
    }
}
