//! One deadline each of many machines.

use crate::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Deadlines of a table of machines, by the machine's key.
///
/// Setting, clearing and taking the earliest cost O(log n). Of equal moments the smaller key comes
/// first, so the order never depends on a hash.
#[derive(Debug, Clone)]
pub struct Timers<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K: Ord> Default for Timers<K> {
    fn default() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_key: BTreeMap::new(),
        }
    }
}

impl<K: Copy + Ord> Timers<K> {
    /// No deadline known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The deadline of `key` is now `at`; `None` removes it.
    pub fn set(&mut self, key: K, at: Option<Instant>) {
        let old = match at {
            Some(at) => self.by_key.insert(key, at),
            None => self.by_key.remove(&key),
        };
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.by_time.remove(&(old, key));
        }
        if let Some(at) = at {
            self.by_time.insert((at, key));
        }
    }

    /// The earliest deadline of all.
    pub fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|e| e.0)
    }

    /// Takes out the earliest key that is due at `now`.
    pub fn expire(&mut self, now: Instant) -> Option<K> {
        let &(at, key) = self.by_time.first()?;
        if at > now {
            return None;
        }
        self.by_time.pop_first();
        self.by_key.remove(&key);
        Some(key)
    }

    /// How many deadlines are set.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether no deadline is set.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_deadline_fires_once() {
        let mut timers = Timers::new();
        timers.set(1, Some(Instant::from_millis(10)));
        timers.set(2, Some(Instant::from_millis(20)));
        timers.set(1, Some(Instant::from_millis(30)));
        let now = Instant::from_millis(40);
        assert_eq!(timers.expire(now), Some(2));
        assert_eq!(timers.expire(now), Some(1));
        assert_eq!(timers.expire(now), None);
        assert!(timers.is_empty());
    }
}
