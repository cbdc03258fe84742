//! Counters that wrap on the wire and must not wrap in here.

use serde::{Deserialize, Serialize};

/// Turns a wrapping counter into one that does not: each value is taken to be the one nearest to
/// the highest so far. Source: RFC 3550 appendix A.1, without its division into cycles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unwrap {
    highest: Option<i64>,
}

impl Unwrap {
    /// Nothing seen yet: the first value stands for itself.
    pub const fn new() -> Self {
        Self { highest: None }
    }

    /// The highest value so far.
    pub const fn highest(&self) -> Option<i64> {
        self.highest
    }

    /// Extends a 16-bit counter, such as a sequence number.
    pub fn extend16(&mut self, value: u16) -> i64 {
        let near = self.peek16(value);
        self.see(near)
    }

    /// Extends a 32-bit counter, such as a timestamp.
    pub fn extend32(&mut self, value: u32) -> i64 {
        let near = self.peek32(value);
        self.see(near)
    }

    /// What [`extend16`](Self::extend16) would say, without remembering.
    pub fn peek16(&self, value: u16) -> i64 {
        self.highest.map_or(i64::from(value), |high| {
            high + i64::from(value.wrapping_sub(high as u16) as i16)
        })
    }

    /// What [`extend32`](Self::extend32) would say, without remembering.
    pub fn peek32(&self, value: u32) -> i64 {
        self.highest.map_or(i64::from(value), |high| {
            high + i64::from(value.wrapping_sub(high as u32) as i32)
        })
    }

    fn see(&mut self, value: i64) -> i64 {
        self.highest = Some(self.highest.map_or(value, |high| high.max(value)));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_both_ways() {
        let mut sequence = Unwrap::new();
        assert_eq!(sequence.extend16(65_534), 65_534);
        assert_eq!(sequence.extend16(1), 65_537);
        assert_eq!(sequence.extend16(65_535), 65_535);
        assert_eq!(sequence.highest(), Some(65_537));
        assert_eq!(sequence.extend16(2), 65_538);
        let mut timestamp = Unwrap::new();
        assert_eq!(timestamp.extend32(5), 5);
        assert_eq!(timestamp.extend32(u32::MAX - 4), -5);
        assert_eq!(timestamp.extend32(165), 165);
    }

    #[test]
    fn a_million_packets_never_go_backwards() {
        let mut sequence = Unwrap::new();
        for n in 0..1_000_000_i64 {
            assert_eq!(sequence.extend16(n as u16), n);
        }
    }
}
