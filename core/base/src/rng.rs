//! The seeded source of tags, branches, SSRCs and jitter.
//!
//! A cryptographic generator (ChaCha12), because predictable transaction ids let strangers forge
//! answers; seeded from outside, because a simulation must repeat itself byte for byte.

use core::time::Duration;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Random numbers from one seed. A host seeds it from the operating system, a test from a number.
#[derive(Debug, Clone)]
pub struct Rng(ChaCha12Rng);

const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl Rng {
    /// From 32 unpredictable bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    /// From a number, for tests and simulations.
    pub fn from_number(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    /// A generator of its own for another part, so that neither disturbs the other's sequence.
    pub fn split(&mut self) -> Self {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        Self::from_seed(seed)
    }

    /// Any 64-bit number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Any 32-bit number.
    pub fn number32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number from 0 to `bound` − 1; 0 for a `bound` of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(bound)) >> 64) as u64
    }

    /// A length from zero up to `bound`.
    pub fn duration_below(&mut self, bound: Duration) -> Duration {
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.below(nanos.saturating_add(1)))
    }

    /// `middle`, up to `percent` % shorter or longer.
    pub fn around(&mut self, middle: Duration, percent: u32) -> Duration {
        let spread = middle * percent / 100;
        middle.saturating_sub(spread) + self.duration_below(spread * 2)
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// `letters` lower-case letters and digits, five bits each, legal in every SIP token.
    pub fn token(&mut self, letters: usize) -> String {
        let mut token = String::with_capacity(letters);
        let mut pool = 0;
        for index in 0..letters {
            if index % 12 == 0 {
                pool = self.number();
            }
            token.push(char::from(LETTERS[(pool & 31) as usize]));
            pool >>= 5;
        }
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let (mut a, mut b) = (Rng::from_number(7), Rng::from_number(7));
        assert_eq!(a.token(20), b.token(20));
        assert_eq!(a.split().number(), b.split().number());
        assert_ne!(a.token(20), a.token(20));
    }

    #[test]
    fn ranges_hold() {
        let mut rng = Rng::from_number(1);
        for _ in 0..1000 {
            assert!(rng.below(3) < 3);
            let wait = rng.around(Duration::from_secs(10), 20);
            assert!((8_000..=12_000).contains(&wait.as_millis()));
        }
        assert_eq!(rng.below(0), 0);
    }
}
