//! Tables whose keys are never reused for something else.

use core::fmt;
use core::marker::PhantomData;
use serde::{Deserialize, Serialize};

/// Names one entry of a [`Table`]; an old key never finds a newer entry.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key<T> {
    /// Slot in the low half, generation in the high half.
    packed: u64,
    #[serde(skip)]
    of: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// The key as one number, for words that carry plain data.
    pub const fn to_u64(self) -> u64 {
        self.packed
    }

    /// The key from [`to_u64`](Self::to_u64). A made-up number finds nothing.
    pub const fn from_u64(packed: u64) -> Self {
        Self {
            packed,
            of: PhantomData,
        }
    }

    fn slot(self) -> usize {
        (self.packed & 0xffff_ffff) as usize
    }

    fn generation(self) -> u32 {
        (self.packed >> 32) as u32
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Key<T> {}
impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.packed == other.packed
    }
}
impl<T> Eq for Key<T> {}
impl<T> PartialOrd for Key<T> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Key<T> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.packed.cmp(&other.packed)
    }
}
impl<T> core::hash::Hash for Key<T> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.packed.hash(state);
    }
}
impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.slot(), self.generation())
    }
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// Entries under generational keys, up to a bound.
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    bound: usize,
    len: usize,
    /// Where new slots start, above every generation that was ever given out.
    first_generation: u32,
}

impl<T> Table<T> {
    /// An empty table for at most `bound` entries (and never more than 2^32 − 1).
    pub fn new(bound: usize) -> Self {
        let bound = bound.min(u32::MAX as usize);
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            bound,
            len: 0,
            first_generation: 1,
        }
    }

    /// Puts `value` into the table; `None` when it is full (the value is dropped).
    pub fn insert(&mut self, value: T) -> Option<Key<T>> {
        if self.len >= self.bound {
            return None;
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot {
                    generation: self.first_generation,
                    value: None,
                });
                slot
            }
        };
        let entry = self.slots.get_mut(slot as usize)?;
        entry.value = Some(value);
        self.len += 1;
        Some(Key::from_u64(
            u64::from(entry.generation) << 32 | u64::from(slot),
        ))
    }

    /// The entry under `key`.
    pub fn get(&self, key: Key<T>) -> Option<&T> {
        let slot = self.slots.get(key.slot())?;
        if slot.generation != key.generation() {
            return None;
        }
        slot.value.as_ref()
    }

    /// The entry under `key`, to change.
    pub fn get_mut(&mut self, key: Key<T>) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.slot())?;
        if slot.generation != key.generation() {
            return None;
        }
        slot.value.as_mut()
    }

    /// Takes out the entry under `key`. The key finds nothing from now on.
    pub fn remove(&mut self, key: Key<T>) -> Option<T> {
        let slot = self.slots.get_mut(key.slot())?;
        if slot.generation != key.generation() {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1).max(1);
        self.len -= 1;
        self.free.push(key.slot() as u32);
        if self.len == 0 {
            self.forget_slots();
        }
        Some(value)
    }

    /// Gives memory back after a peak: an empty table starts anew above all old generations.
    fn forget_slots(&mut self) {
        if self.slots.len() < 1024 {
            return;
        }
        let newest = self.slots.iter().map(|s| s.generation).max();
        self.first_generation = newest.unwrap_or(self.first_generation);
        self.slots = Vec::new();
        self.free = Vec::new();
    }

    /// All entries, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Key<T>, &T)> {
        self.slots.iter().enumerate().filter_map(|(i, s)| {
            let key = Key::from_u64(u64::from(s.generation) << 32 | i as u64);
            s.value.as_ref().map(|v| (key, v))
        })
    }

    /// All entries, by slot, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Key<T>, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(i, s)| {
            let key = Key::from_u64(u64::from(s.generation) << 32 | i as u64);
            s.value.as_mut().map(|v| (key, v))
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
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
    fn an_old_key_never_finds_a_newer_entry() {
        let mut table = Table::new(2);
        let first = table.insert('a').unwrap();
        let second = table.insert('b').unwrap();
        assert_eq!(table.insert('c'), None);
        assert_eq!(table.remove(first), Some('a'));
        let third = table.insert('c').unwrap();
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&'b'));
        assert_eq!(table.get(third), Some(&'c'));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn keys_from_before_a_peak_stay_dead() {
        let mut table = Table::new(5000);
        let keys: Vec<_> = (0..2000).map(|n| table.insert(n).unwrap()).collect();
        for &key in &keys {
            table.remove(key);
        }
        let fresh = table.insert(7).unwrap();
        assert!(keys.iter().all(|&k| table.get(k).is_none()));
        assert_eq!(table.get(fresh), Some(&7));
        let again: Vec<_> = (0..2000).map(|n| table.insert(n).unwrap()).collect();
        assert!(again.iter().all(|&k| table.get(k).is_some()));
        assert!(keys.iter().all(|&k| table.get(k).is_none()));
    }
}
