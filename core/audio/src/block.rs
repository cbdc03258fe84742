//! Ten milliseconds of PCM: the unit in which sound moves through the engine.

use serde::{Deserialize, Serialize};

/// How long a block is. Unit: ms.
pub const BLOCK_MS: usize = 10;

/// Samples of the longest block: 10 ms at 48 kHz.
pub const MAX_SAMPLES: usize = 480;

/// Sample rates the engine mixes at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Rate {
    /// Narrow band: G.711.
    #[default]
    Hz8000,
    /// Wide band: G.722.
    Hz16000,
    /// Full band: Opus, sound cards.
    Hz48000,
}

impl Rate {
    /// Samples a second.
    pub const fn hertz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz48000 => 48_000,
        }
    }

    /// The rate of `hertz` samples a second; `None` for any that the engine does not mix at.
    pub const fn from_hertz(hertz: u32) -> Option<Self> {
        match hertz {
            8_000 => Some(Self::Hz8000),
            16_000 => Some(Self::Hz16000),
            48_000 => Some(Self::Hz48000),
            _ => None,
        }
    }

    /// Samples in one block. Range: 80, 160 or 480.
    pub const fn block_samples(self) -> usize {
        self.per_ms() * BLOCK_MS
    }

    /// Samples in one millisecond.
    pub const fn per_ms(self) -> usize {
        (self.hertz() / 1000) as usize
    }
}

/// 10 ms of one channel of 16-bit PCM. Fixed capacity, no allocation.
#[derive(Clone)]
pub struct Block {
    samples: [i16; MAX_SAMPLES],
    rate: Rate,
}

impl Block {
    /// 10 ms of digital silence.
    pub const fn silence(rate: Rate) -> Self {
        Self {
            samples: [0; MAX_SAMPLES],
            rate,
        }
    }

    /// A block of the first samples of `pcm`; what is missing is silence.
    pub fn from_samples(rate: Rate, pcm: &[i16]) -> Self {
        let mut block = Self::silence(rate);
        for (to, from) in block.samples_mut().iter_mut().zip(pcm) {
            *to = *from;
        }
        block
    }

    /// Samples a second.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// The samples: exactly [`Rate::block_samples`] of them.
    pub fn samples(&self) -> &[i16] {
        &self.samples[..self.rate.block_samples()]
    }

    /// The samples, to change.
    pub fn samples_mut(&mut self) -> &mut [i16] {
        &mut self.samples[..self.rate.block_samples()]
    }

    /// Makes every sample zero and the rate `rate`.
    pub fn clear(&mut self, rate: Rate) {
        self.rate = rate;
        self.samples_mut().fill(0);
    }

    /// Becomes a copy of `other`, copying only as many samples as its rate has.
    pub fn copy_from(&mut self, other: &Self) {
        self.rate = other.rate;
        self.samples_mut().copy_from_slice(other.samples());
    }

    /// Whether every sample is zero.
    pub fn is_silent(&self) -> bool {
        self.samples().iter().all(|&s| s == 0)
    }
}

impl core::fmt::Debug for Block {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let peak = self.samples().iter().map(|s| s.unsigned_abs()).max();
        f.debug_struct("Block")
            .field("rate", &self.rate)
            .field("peak", &peak.unwrap_or(0))
            .finish()
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.rate == other.rate && self.samples() == other.samples()
    }
}
impl Eq for Block {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_ten_milliseconds_at_every_rate() {
        for (rate, samples) in [
            (Rate::Hz8000, 80),
            (Rate::Hz16000, 160),
            (Rate::Hz48000, 480),
        ] {
            assert_eq!(Block::silence(rate).samples().len(), samples);
            assert_eq!(Rate::from_hertz(rate.hertz()), Some(rate));
        }
        assert_eq!(Rate::from_hertz(44_100), None);
    }

    #[test]
    fn a_copy_does_not_leak_samples_of_a_longer_block() {
        let mut block = Block::from_samples(Rate::Hz48000, &[7; 480]);
        block.copy_from(&Block::from_samples(Rate::Hz8000, &[3; 10]));
        assert_eq!(block.samples().len(), 80);
        assert_eq!(&block.samples()[8..12], &[3, 3, 0, 0]);
    }
}
