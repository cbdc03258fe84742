//! The order of a profile's favourites, as somebody put it (M-117), and when: the newest is everybody's.

use crate::roster::Key;
use serde::{Deserialize, Serialize};

/// An order that somebody put. Without a time nobody did: favourites stand as they came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Order {
    /// When it was put. Unit: ms since 1970; 0: never.
    #[serde(default)]
    pub at: u64,
    /// The favourites of that time; those that came later stand behind them.
    #[serde(default)]
    pub keys: Vec<Key>,
}

impl Order {
    /// The newer of both; of equal times always the same one.
    pub(crate) fn join(&mut self, other: &Self) {
        if other > self {
            self.clone_from(other);
        }
    }

    /// Where a favourite stands.
    pub(crate) fn place(&self, key: &Key) -> usize {
        let found = self.keys.iter().position(|known| known == key);
        found.unwrap_or(usize::MAX)
    }

    /// Whether `keys` stand otherwise, of those that both name.
    pub(crate) fn differs(&self, keys: &[Key]) -> bool {
        let known = keys.iter().filter(|key| self.keys.contains(key));
        let own = self.keys.iter().filter(|key| keys.contains(key));
        !known.eq(own)
    }
}

/// Whether somebody put `after` in order: those that stayed stand otherwise, or one that came is not behind them.
pub(crate) fn is_put(before: &[Key], after: &[Key]) -> bool {
    let stayed = before.iter().filter(|key| after.contains(key));
    let came = after.iter().filter(|key| !before.contains(key));
    !stayed.chain(came).eq(after)
}
