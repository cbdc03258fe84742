//! Profiles and favourites with when each came and went: two of them joined are the newest of both.
//!
//! Each has two times, when it came last and when it went last; it is there where it came no earlier than it went. To
//! join takes the later of each time: so the order in which rosters meet does not matter, nor how often. Of equal
//! times what is there wins over that it went: nothing is lost by chance.

use crate::order::{self, Order};
use control::Favourite;
use control::contacts::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Profiles of one roster, those that went included. Beyond it what went first is forgotten; where none went, none is
/// taken up.
const LISTS: usize = 64;
/// Favourites of one profile, those that went included. Beyond it as with profiles.
pub(crate) const ENTRIES: usize = 2_000;
/// Favourites that went, of all profiles. Beyond it what went first is forgotten.
const STONES: usize = 2_000;
/// The latest time that is believed: what is later, a broken clock wrote. Unit: ms since 1970. Source: ours; year 9999.
const LATEST: u64 = 253_402_300_799_000;
/// The profile of who never made one. Source: core/store.
const FIRST: &str = "main";

/// When something came and went. Unit: ms since 1970; 0: never, or nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mark {
    /// When it came last.
    #[serde(default)]
    pub added: u64,
    /// When it went last.
    #[serde(default)]
    pub gone: u64,
}

impl Mark {
    /// The later of each time.
    fn join(&mut self, other: Self) {
        self.added = self.added.max(other.added);
        self.gone = self.gone.max(other.gone);
    }
}

/// A favourite as it is compared: by a contact's name, or by a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Key {
    /// Name of a contact.
    Name(String),
    /// A number, or an address that is none of the account's domain.
    Number(String),
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        match key {
            Key::Name(name) => format!("n{name}"),
            Key::Number(number) => format!("#{number}"),
        }
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        match text.strip_prefix('n') {
            Some(name) => Self::Name(name.to_owned()),
            None => Self::Number(text.strip_prefix('#').unwrap_or(&text).to_owned()),
        }
    }
}

impl Key {
    /// As it is kept here.
    pub fn favourite(&self) -> Favourite {
        match self {
            Self::Name(name) => Favourite {
                name: Some(name.clone()),
                number: None,
                ..Favourite::default()
            },
            Self::Number(number) => Favourite {
                name: None,
                number: Some(number.clone()),
                ..Favourite::default()
            },
        }
    }

    /// Of a favourite in `domain`: a number at this domain is the number. `None`: it is none.
    pub fn of(favourite: &Favourite, domain: &str) -> Option<Self> {
        match (&favourite.name, &favourite.number) {
            (Some(name), None) => Some(Self::Name(name.clone())),
            (None, Some(number)) => Some(crate::address::key(number, domain)),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }
}

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct List {
    /// When the profile itself came and went.
    #[serde(flatten)]
    pub mark: Mark,
    /// Its favourites, and those that went.
    #[serde(default)]
    pub entries: BTreeMap<Key, Mark>,
    /// In which order somebody put them.
    #[serde(default)]
    pub order: Order,
}

impl List {
    /// Whether it is there: it came no earlier than it went, or a favourite in it did.
    pub fn is_there(&self) -> bool {
        let gone = self.mark.gone;
        self.mark.added >= gone || self.entries.keys().any(|key| self.has(key))
    }

    /// Whether this favourite is there. With its profile all those went that had come by then.
    pub fn has(&self, key: &Key) -> bool {
        let mark = self.entries.get(key);
        mark.is_some_and(|mark| mark.added >= mark.gone.max(self.mark.gone))
    }

    /// The times of a favourite, made where it is not known; `None`: there are too many.
    pub(crate) fn entry(&mut self, key: &Key) -> Option<&mut Mark> {
        if !self.entries.contains_key(key) && self.entries.len() >= ENTRIES {
            let went = self.entries.iter().filter(|(key, _)| !self.has(key));
            let first = went.min_by_key(|(_, mark)| mark.gone)?.0.clone();
            self.entries.remove(&first);
        }
        Some(self.entries.entry(key.clone()).or_default())
    }

    /// The latest time that is said of it.
    fn latest(&self) -> u64 {
        let of = |mark: &Mark| mark.added.max(mark.gone);
        let entries = self.entries.values().map(of).max();
        of(&self.mark).max(entries.unwrap_or_default())
    }
}

/// All profiles of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Roster {
    /// By name.
    pub lists: BTreeMap<String, List>,
}

/// The time that comes after `known` and is `now` where the clock is right.
fn after(known: u64, now: u64) -> u64 {
    now.max(known.saturating_add(1)).min(LATEST)
}

/// A time that somebody wrote; what no clock says is none.
pub(crate) fn believed(written: &str) -> Option<u64> {
    written.trim().parse().ok().filter(|at| *at <= LATEST)
}

impl Roster {
    /// Takes the newest of both. Order and repetition do not matter, as long as there is room for all.
    pub fn join(&mut self, other: &Self) {
        for (name, theirs) in &other.lists {
            let Some(ours) = self.list(name) else {
                continue;
            };
            ours.mark.join(theirs.mark);
            ours.order.join(&theirs.order);
            for (key, mark) in &theirs.entries {
                if let Some(known) = ours.entry(key) {
                    known.join(*mark);
                }
            }
        }
    }

    /// The profile, made where it is not there; `None`: there are too many.
    pub(crate) fn list(&mut self, name: &str) -> Option<&mut List> {
        if !self.lists.contains_key(name) && self.lists.len() >= LISTS {
            let went = self.lists.iter().filter(|(_, list)| !list.is_there());
            let first = went.min_by_key(|(_, list)| list.mark.gone)?.0.clone();
            self.lists.remove(&first);
        }
        Some(self.lists.entry(name.to_owned()).or_default())
    }

    /// Notes that somebody made a profile at `now`.
    fn add_list(&mut self, name: &str, now: u64) {
        if let Some(list) = self.list(name) {
            list.mark.added = after(list.mark.gone.max(list.mark.added), now);
        }
    }

    /// Notes that somebody took a profile away, with all in it.
    fn remove_list(&mut self, name: &str, now: u64) {
        if let Some(list) = self.lists.get_mut(name) {
            list.mark.gone = after(list.latest(), now);
        }
    }

    fn add(&mut self, name: &str, key: &Key, now: u64) {
        let Some(list) = self.list(name) else { return };
        let gone = list.mark.gone;
        if let Some(mark) = list.entry(key) {
            mark.added = after(mark.gone.max(mark.added).max(gone), now);
        }
    }

    fn remove(&mut self, name: &str, key: &Key, now: u64) {
        let found = self.lists.get_mut(name);
        if let Some(mark) = found.and_then(|list| list.entries.get_mut(key)) {
            mark.gone = after(mark.added.max(mark.gone), now);
        }
    }

    /// Notes that somebody calls a profile otherwise: all that is in it, also what is not shown here, goes along.
    /// Returns whether there is such a profile.
    pub(crate) fn rename(&mut self, old: &str, new: &str, now: u64) -> bool {
        let Some(list) = self.lists.get(old).filter(|list| list.is_there()) else {
            return false;
        };
        let keys: Vec<Key> = list.entries.keys().cloned().collect();
        let keys: Vec<Key> = keys.into_iter().filter(|key| list.has(key)).collect();
        let order = list.order.clone();
        self.remove_list(old, now);
        self.add_list(new, now);
        for key in &keys {
            self.add(new, key, now);
        }
        if let Some(list) = self.list(new) {
            let at = list.order.at.max(order.at);
            if at > 0 {
                let at = after(at, now);
                let keys = order.keys;
                list.order = Order { at, keys };
            }
        }
        true
    }

    /// Notes what a person changed here: `before` became `shown` in the time up to `now`. `domain` is the account's.
    pub fn said(&mut self, before: &[Profile], shown: &[Profile], domain: &str, now: u64) {
        let keys = |profile: &Profile| -> Vec<Key> {
            let all = profile.favourites.iter();
            all.filter_map(|one| Key::of(one, domain)).collect()
        };
        for old in before {
            if !shown.iter().any(|new| new.name == old.name) {
                self.remove_list(&old.name, now);
            }
        }
        for new in shown {
            let old = before.iter().find(|old| old.name == new.name);
            let (had, has) = (old.map(keys).unwrap_or_default(), keys(new));
            if old.is_none() || !self.lists.contains_key(&new.name) {
                // Whom nobody gave a profile has an empty one, of which there is nothing to say.
                let is_alone = shown.len() == 1 && self.lists.is_empty();
                if is_alone && new.name == FIRST && has.is_empty() {
                    continue;
                }
                self.add_list(&new.name, now);
            }
            for key in had.iter().filter(|key| !has.contains(key)) {
                self.remove(&new.name, key, now);
            }
            if order::is_put(&had, &has)
                && let Some(list) = self.list(&new.name)
            {
                let at = after(list.order.at, now);
                list.order = Order {
                    at,
                    keys: has.clone(),
                };
            }
            for key in has.into_iter().filter(|key| !had.contains(key)) {
                self.add(&new.name, &key, now);
            }
        }
    }

    /// One profile is always there: where all went, an empty one comes.
    pub(crate) fn fill(&mut self, now: u64) {
        if !self.lists.is_empty() && !self.lists.values().any(List::is_there) {
            self.add_list(FIRST, now);
        }
    }

    /// Forgets what went before `until`: whoever was away for longer has their own word for it.
    pub fn forget(&mut self, until: u64) {
        for list in self.lists.values_mut() {
            let gone = list.mark.gone;
            list.entries.retain(|_, mark| {
                let is_there = mark.added >= mark.gone.max(gone);
                is_there || mark.gone.max(gone) >= until
            });
        }
        self.lists
            .retain(|_, list| list.is_there() || list.mark.gone >= until);
        self.forget_most();
    }

    /// Forgets what went first, of all that went.
    fn forget_most(&mut self) {
        let mut stones: Vec<(u64, String, Key)> = Vec::new();
        for (name, list) in &self.lists {
            let went = list.entries.iter().filter(|(key, _)| !list.has(key));
            let went = went.map(|(key, mark)| (mark.gone.max(list.mark.gone), key));
            stones.extend(went.map(|(gone, key)| (gone, name.clone(), key.clone())));
        }
        stones.sort_unstable();
        let most = stones.len().saturating_sub(STONES);
        for (_, name, key) in stones.drain(..most) {
            if let Some(list) = self.lists.get_mut(&name) {
                list.entries.remove(&key);
            }
        }
    }
}

/// The profile that somebody calls otherwise, before and after: one name went, one came, and all in it is the same.
pub(crate) fn renamed(before: &[Profile], shown: &[Profile]) -> Option<(String, String)> {
    let without = |of: &[Profile], others: &[Profile]| -> Vec<Profile> {
        let all = of.iter();
        let alone = all.filter(|one| !others.iter().any(|other| other.name == one.name));
        alone.cloned().collect()
    };
    let (went, came) = (without(before, shown), without(shown, before));
    let ([old], [new]) = (went.as_slice(), came.as_slice()) else {
        return None;
    };
    let is_same = old.favourites == new.favourites;
    is_same.then(|| (old.name.clone(), new.name.clone()))
}

#[cfg(test)]
mod tests;
