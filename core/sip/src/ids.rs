//! Names of transactions and sessions, as plain numbers that may cross a mailbox.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A request that one part sends. Chosen by the sender, unique in the engine.
///
/// Range: the part's number in the top byte, the part's own count below, so that the driver knows
/// from the id alone whom a response belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub u64);

impl ClientId {
    const COUNT_BITS: u32 = 56;

    /// The `count`th request of the part numbered `part`. Only the low 56 bits of `count` are used.
    pub const fn new(part: u8, count: u64) -> Self {
        Self((part as u64) << Self::COUNT_BITS | (count & ((1 << Self::COUNT_BITS) - 1)))
    }

    /// Number of the part that chose this id.
    pub const fn part(self) -> u8 {
        (self.0 >> Self::COUNT_BITS) as u8
    }

    /// The part's own count.
    pub const fn count(self) -> u64 {
        self.0 & ((1 << Self::COUNT_BITS) - 1)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}.{}", self.part(), self.count())
    }
}

/// An inbound request that waits for our response. Given by the endpoint, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerId(pub u64);

impl fmt::Debug for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {:x}", self.0)
    }
}

/// One INVITE usage of a dialog (RFC 5057), chosen by whoever dials or given to an inbound one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u64);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_comes_back_out_of_an_id() {
        let id = ClientId::new(7, u64::MAX);
        assert_eq!(id.part(), 7);
        assert_eq!(id.count(), (1 << 56) - 1);
        assert_eq!(ClientId::new(0, 5), ClientId(5));
    }
}
