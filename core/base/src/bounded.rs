//! A queue and a map that refuse instead of growing.

use std::collections::{BTreeMap, VecDeque};

/// A bounded container took nothing because it is full. Gives back what was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// First in, first out, up to a bound.
#[derive(Debug, Clone)]
pub struct BoundedQueue<T> {
    items: VecDeque<T>,
    bound: usize,
}

impl<T> BoundedQueue<T> {
    /// An empty queue for at most `bound` items. Allocates as it fills.
    pub fn new(bound: usize) -> Self {
        Self {
            items: VecDeque::new(),
            bound,
        }
    }

    /// Appends `item`, or gives it back.
    pub fn push(&mut self, item: T) -> Result<(), Full<T>> {
        if self.items.len() >= self.bound {
            return Err(Full(item));
        }
        self.items.push_back(item);
        Ok(())
    }

    /// Takes the oldest item.
    pub fn pop(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// Ordered map up to a bound. Iterates by key, so its order never depends on a hash.
#[derive(Debug, Clone)]
pub struct BoundedMap<K, V> {
    entries: BTreeMap<K, V>,
    bound: usize,
}

impl<K: Ord, V> BoundedMap<K, V> {
    /// An empty map for at most `bound` entries.
    pub fn new(bound: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            bound,
        }
    }

    /// Puts `value` under `key`; gives it back when the key is new and the map is full.
    pub fn insert(&mut self, key: K, value: V) -> Result<Option<V>, Full<V>> {
        if self.entries.len() >= self.bound && !self.entries.contains_key(&key) {
            return Err(Full(value));
        }
        Ok(self.entries.insert(key, value))
    }

    /// The value under `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The value under `key`, to change.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Takes out the value under `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    /// All entries, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    /// All entries, by key, values to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries fit.
    pub fn bound(&self) -> usize {
        self.bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_at_the_bound_and_not_before() {
        let mut queue = BoundedQueue::new(2);
        assert_eq!(queue.push(1), Ok(()));
        assert_eq!(queue.push(2), Ok(()));
        assert_eq!(queue.push(3), Err(Full(3)));
        assert_eq!(queue.pop(), Some(1));

        let mut map = BoundedMap::new(1);
        assert_eq!(map.insert('a', 1), Ok(None));
        assert_eq!(map.insert('b', 2), Err(Full(2)));
        assert_eq!(map.insert('a', 3), Ok(Some(1)));
    }
}
