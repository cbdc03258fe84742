//! The sum of many legs, and what each of them is to hear: all the others.
//!
//! One sum for all, and one subtraction for each: the cost rises with the number of legs, not with its square.

use crate::block::{Block, MAX_SAMPLES, Rate};
use crate::limiter::Limiter;

/// Adds blocks of one rate. Clear, add every voice once, then take out the sum minus each own voice.
///
/// Bound: 65,536 voices of full scale fit the 32-bit sum.
#[derive(Debug, Clone)]
pub struct Mixer {
    sum: [i32; MAX_SAMPLES],
    rate: Rate,
}

impl Mixer {
    /// An empty sum at `rate`.
    pub const fn new(rate: Rate) -> Self {
        Self {
            sum: [0; MAX_SAMPLES],
            rate,
        }
    }

    /// Samples a second of every block added or taken.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Forgets every voice.
    pub fn clear(&mut self) {
        let samples = self.rate.block_samples();
        self.sum[..samples].fill(0);
    }

    /// Adds a voice. A block of another rate adds nothing: resample it first.
    pub fn add(&mut self, voice: &Block) {
        debug_assert_eq!(voice.rate(), self.rate, "resample before mixing");
        if voice.rate() != self.rate {
            return;
        }
        for (sum, &sample) in self.sum.iter_mut().zip(voice.samples()) {
            *sum = sum.wrapping_add(i32::from(sample));
        }
    }

    /// Everything added but `own`, and `with` besides, softened by `limiter` where that is too loud. What is
    /// of another rate neither goes nor comes.
    pub fn mix(
        &self,
        own: Option<&Block>,
        with: Option<&Block>,
        limiter: &mut Limiter,
        out: &mut Block,
    ) {
        let mut sum = self.sum;
        let fits = |block: &&Block| block.rate() == self.rate;
        if let Some(own) = own.filter(fits) {
            for (sum, &own) in sum.iter_mut().zip(own.samples()) {
                *sum = sum.wrapping_sub(i32::from(own));
            }
        }
        if let Some(with) = with.filter(fits) {
            for (sum, &with) in sum.iter_mut().zip(with.samples()) {
                *sum = sum.wrapping_add(i32::from(with));
            }
        }
        out.clear(self.rate);
        limiter.apply(&sum, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(value: i16) -> Block {
        Block::from_samples(Rate::Hz8000, &[value; 80])
    }

    #[test]
    fn nobody_hears_himself_and_everybody_hears_the_rest() {
        let voices = [voice(100), voice(20), voice(3)];
        let mut mixer = Mixer::new(Rate::Hz8000);
        voices.iter().for_each(|v| mixer.add(v));
        let (mut limiter, mut out) = (Limiter::new(), Block::silence(Rate::Hz8000));
        for (own, heard) in voices.iter().zip([23, 103, 120]) {
            mixer.mix(Some(own), None, &mut limiter, &mut out);
            assert_eq!(out, voice(heard));
        }
        mixer.clear();
        mixer.mix(None, None, &mut limiter, &mut out);
        assert!(out.is_silent());
    }

    /// M-070: each hears all others and the one beside them, and not himself; eight of them.
    #[test]
    fn m_070_each_of_eight_hears_the_seven_others_and_the_microphone() {
        let voices: Vec<Block> = (0..8).map(|n| voice(1 << n)).collect();
        let mut mixer = Mixer::new(Rate::Hz8000);
        voices.iter().for_each(|v| mixer.add(v));
        let (mut limiter, mut out) = (Limiter::new(), Block::silence(Rate::Hz8000));
        for own in &voices {
            mixer.mix(Some(own), Some(&voice(1_000)), &mut limiter, &mut out);
            assert_eq!(out, voice(1_255 - own.samples()[0]));
        }
        mixer.mix(None, None, &mut limiter, &mut out);
        assert_eq!(out, voice(255));
        let other_rate = Block::from_samples(Rate::Hz16000, &[5; 160]);
        mixer.mix(Some(&other_rate), Some(&other_rate), &mut limiter, &mut out);
        assert_eq!(out, voice(255));
    }

    #[test]
    fn loud_sums_are_softened_only_after_the_own_voice_is_gone() {
        let loud = voice(i16::MAX);
        let mut mixer = Mixer::new(Rate::Hz8000);
        mixer.add(&loud);
        mixer.add(&voice(5));
        let (mut limiter, mut out) = (Limiter::new(), Block::silence(Rate::Hz8000));
        mixer.mix(Some(&loud), None, &mut limiter, &mut out);
        assert_eq!(out, voice(5));
        mixer.mix(None, None, &mut limiter, &mut out);
        assert!(out.samples()[79] > 32_760, "{out:?}");
    }
}
