//! Louder, softer and mute, without clicks.

use crate::block::Block;
use crate::to_sample;

/// A volume control. Every change is spread over one block, so that it cannot be heard as a click.
#[derive(Debug, Clone)]
pub struct Gain {
    /// What the last sample was multiplied by.
    now: f32,
    /// What the person set.
    factor: f32,
    muted: bool,
}

impl Default for Gain {
    fn default() -> Self {
        Self {
            now: 1.0,
            factor: 1.0,
            muted: false,
        }
    }
}

impl Gain {
    /// Leaves the sound as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Silences the sound from its first sample on.
    pub const fn muted() -> Self {
        Self {
            now: 0.0,
            factor: 1.0,
            muted: true,
        }
    }

    /// Sets the volume. Unit: dB. Range: −60 to +24; what is outside is moved inside.
    pub fn set_decibels(&mut self, decibels: f32) {
        let decibels = if decibels.is_nan() { 0.0 } else { decibels };
        self.factor = 10f32.powf(decibels.clamp(-60.0, 24.0) / 20.0);
    }

    /// Silences the sound, or lets it through again at the volume set.
    pub fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// Whether the sound is silenced.
    pub const fn is_muted(&self) -> bool {
        self.muted
    }

    /// Applies the volume to the next block.
    pub fn apply(&mut self, block: &mut Block) {
        let target = if self.muted { 0.0 } else { self.factor };
        if self.now == target && target == 1.0 {
            return;
        }
        if self.now == target && target == 0.0 {
            return block.samples_mut().fill(0);
        }
        let step = (target - self.now) / block.samples().len() as f32;
        for sample in block.samples_mut() {
            self.now += step;
            *sample = to_sample(f32::from(*sample) * self.now);
        }
        self.now = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Rate;

    fn loud() -> Block {
        Block::from_samples(Rate::Hz8000, &[10_000; 80])
    }

    /// M-039: mute.
    #[test]
    fn muting_is_a_ramp_and_then_digital_silence() {
        let mut gain = Gain::new();
        let mut block = loud();
        gain.apply(&mut block);
        assert_eq!(block, loud());
        gain.mute(true);
        gain.apply(&mut block);
        for pair in block.samples().windows(2) {
            assert!((pair[0] - pair[1]).abs() <= 130, "step {pair:?}");
        }
        let mut block = loud();
        gain.apply(&mut block);
        assert!(block.is_silent());
        gain.mute(false);
        gain.apply(&mut loud());
        let mut block = loud();
        gain.apply(&mut block);
        assert_eq!(block, loud());
    }

    #[test]
    fn decibels_are_decibels_and_full_scale_saturates() {
        let mut gain = Gain::new();
        gain.set_decibels(-6.0206);
        gain.apply(&mut loud());
        let mut block = loud();
        gain.apply(&mut block);
        assert_eq!(block.samples()[40], 5_000);
        gain.set_decibels(90.0);
        gain.apply(&mut loud());
        let mut block = loud();
        gain.apply(&mut block);
        assert_eq!(block.samples()[40], i16::MAX);
    }
}
