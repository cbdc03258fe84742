//! The few timers of one machine.

use crate::Instant;
use serde::{Deserialize, Serialize};

/// Timers keyed by a small enum: at most one moment per key.
///
/// Bound: as many entries as the enum has variants, so a linear scan is the fastest table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines<K> {
    entries: Vec<(K, Instant)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<K: Copy + PartialEq> Deadlines<K> {
    /// No timer set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets or moves the timer `key` to `at`.
    pub fn set(&mut self, key: K, at: Instant) {
        match self.entries.iter_mut().find(|(k, _)| *k == key) {
            Some(entry) => entry.1 = at,
            None => self.entries.push((key, at)),
        }
    }

    /// Stops the timer `key`, if it runs.
    pub fn clear(&mut self, key: K) {
        self.entries.retain(|(k, _)| *k != key);
    }

    /// Stops all timers.
    pub fn clear_all(&mut self) {
        self.entries.clear();
    }

    /// When `key` fires, if it runs.
    pub fn at(&self, key: K) -> Option<Instant> {
        self.entries.iter().find(|(k, _)| *k == key).map(|e| e.1)
    }

    /// The earliest moment of all.
    pub fn next(&self) -> Option<Instant> {
        self.entries.iter().map(|e| e.1).min()
    }

    /// Takes out the earliest timer that is due at `now`; of equal ones the first that was set.
    pub fn expire(&mut self, now: Instant) -> Option<K> {
        let (index, _) = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, e)| e.1 <= now)
            .min_by_key(|(i, e)| (e.1, *i))?;
        Some(self.entries.remove(index).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_come_out_in_order_of_time() {
        let mut timers = Deadlines::new();
        timers.set('b', Instant::from_millis(20));
        timers.set('a', Instant::from_millis(10));
        timers.set('c', Instant::from_millis(30));
        timers.set('c', Instant::from_millis(5));
        timers.clear('b');
        let now = Instant::from_millis(25);
        assert_eq!(timers.next(), Some(Instant::from_millis(5)));
        assert_eq!(timers.expire(now), Some('c'));
        assert_eq!(timers.expire(now), Some('a'));
        assert_eq!(timers.expire(now), None);
    }
}
