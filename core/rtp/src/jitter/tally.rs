//! What the buffer counts.

use serde::{Deserialize, Serialize};

/// Counts since the buffer was made. Time is in microseconds of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Packets offered.
    pub offered: u64,
    /// Packets given out to be decoded.
    pub played: u64,
    /// Packets that came after their time had been filled with something else.
    pub late: u64,
    /// Packets that were there already.
    pub duplicates: u64,
    /// Packets that came after one with a higher sequence number.
    pub reordered: u64,
    /// Packets dropped because the buffer was full.
    pub overflowed: u64,
    /// Packets refused: too long, or far out of time.
    pub refused: u64,
    /// Times that everything was forgotten because the stream began anew.
    pub restarts: u64,
    /// Packets that did not come and were rebuilt from the one behind them.
    pub recovered: u64,
    /// Sound invented in the place of packets that did not come.
    pub concealed_us: u64,
    /// Sound invented while waiting for packets that were still to come.
    pub waited_us: u64,
}
