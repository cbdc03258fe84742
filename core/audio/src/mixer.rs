//! The sum of many legs, and what each of them is to hear: all the others.

use crate::block::{Block, MAX_SAMPLES, Rate};

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

    /// Everything added, saturated.
    pub fn all(&self, out: &mut Block) {
        out.clear(self.rate);
        for (to, &sum) in out.samples_mut().iter_mut().zip(&self.sum) {
            *to = saturate(sum);
        }
    }

    /// Everything added but `own`, saturated: nobody hears himself.
    pub fn all_but(&self, own: &Block, out: &mut Block) {
        if own.rate() != self.rate {
            return self.all(out);
        }
        out.clear(self.rate);
        let pairs = self.sum.iter().zip(own.samples());
        for (to, (&sum, &own)) in out.samples_mut().iter_mut().zip(pairs) {
            *to = saturate(sum.wrapping_sub(i32::from(own)));
        }
    }
}

fn saturate(sum: i32) -> i16 {
    sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
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
        let mut out = Block::silence(Rate::Hz8000);
        for (own, heard) in voices.iter().zip([23, 103, 120]) {
            mixer.all_but(own, &mut out);
            assert_eq!(out, voice(heard));
        }
        mixer.clear();
        mixer.all(&mut out);
        assert!(out.is_silent());
    }

    #[test]
    fn loud_sums_saturate_only_after_the_own_voice_is_gone() {
        let loud = voice(i16::MAX);
        let mut mixer = Mixer::new(Rate::Hz8000);
        mixer.add(&loud);
        mixer.add(&voice(5));
        let mut out = Block::silence(Rate::Hz8000);
        mixer.all(&mut out);
        assert_eq!(out, loud);
        mixer.all_but(&loud, &mut out);
        assert_eq!(out, voice(5));
    }
}
