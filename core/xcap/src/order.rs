//! The order of a profile's favourites, as somebody put it (M-117), and when: the newest is everybody's.

use crate::roster::Key;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

    /// Where each favourite stands; those that it does not name stand behind them.
    pub(crate) fn places(&self) -> BTreeMap<&Key, usize> {
        let all = self.keys.iter().enumerate().rev();
        all.map(|(place, key)| (key, place)).collect()
    }

    /// Whether `keys` stand otherwise, of those that both name.
    pub(crate) fn differs(&self, keys: &[Key]) -> bool {
        let known: BTreeSet<&Key> = self.keys.iter().collect();
        let shown: BTreeSet<&Key> = keys.iter().collect();
        let theirs = keys.iter().filter(|key| known.contains(key));
        let own = self.keys.iter().filter(|key| shown.contains(key));
        !theirs.eq(own)
    }
}

/// Whether somebody put `after` in order: those that stayed stand otherwise, or one that came is not behind them.
pub(crate) fn is_put(before: &[Key], after: &[Key]) -> bool {
    let stayed = before.iter().filter(|key| after.contains(key));
    let came = after.iter().filter(|key| !before.contains(key));
    !stayed.chain(came).eq(after)
}
