//! `resource-lists` documents: one `<list>` a profile, one `<entry>` a favourite, and in our own namespace when each
//! came and went. What is not ours stays as it is.
//!
//! Source: RFC 4826 §3; attributes and, behind the entries of a list, elements of other namespaces are allowed there.

mod list;

use crate::address;
use crate::order::Order;
use crate::roster::{ENTRIES, Key, List, Mark, Roster, believed};
use crate::xml::{self, Element, Node};
use control::contacts::Profile;

/// Namespace of the document.
const LISTS: &str = "urn:ietf:params:xml:ns:resource-lists";
/// Our own.
const OURS: &str = "urn:offhook:profiles:1";
/// The prefix of ours.
const PREFIX: &str = "offhook";
/// Profiles that are shown, and favourites of each. Source: M-110, M-111.
const PROFILES: usize = 4;
const FAVOURITES: usize = 32;
/// Length of a profile's name. Unit: characters. Source: core/store.
const NAME: usize = 64;
/// The profile of who has none.
const FIRST: &str = "main";

/// One document, and the domain in which its numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    root: Element,
    domain: String,
}

impl Document {
    /// One with nothing in it.
    pub fn new(domain: &str) -> Self {
        let mut root = Element::new("resource-lists", LISTS);
        root.set("", "xmlns", Some(LISTS.to_owned()));
        let domain = domain.to_owned();
        Self { root, domain }
    }

    /// Reads one. Errors: in words, after “the document”.
    pub fn read(body: &[u8], domain: &str) -> Result<Self, String> {
        let root = xml::read(body)?;
        if !root.is(LISTS, "resource-lists") {
            let name = control::quoted(&root.name);
            return Err(format!("begins with {name} and not with resource-lists"));
        }
        let domain = domain.to_owned();
        Ok(Self { root, domain })
    }

    /// As it is sent.
    pub fn text(&self) -> String {
        xml::write(&self.root)
    }

    /// What it says, for who knew `base` of it when they last saw it. Time: `now`, unit: ms since 1970.
    ///
    /// Another client knows nothing of our times. What it added came now; what is missing, although it was there,
    /// went right behind when it had come, so that who changed it since then is stronger.
    pub fn seen(&self, base: &Roster, now: u64) -> Roster {
        let mut roster = Roster::default();
        self.stones(&mut roster);
        let stones = roster.clone();
        for (name, element) in self.lists() {
            let known = base.lists.get(name);
            let Some(list) = roster.list(name) else {
                continue;
            };
            let alive = known.filter(|list| list.is_there());
            let mark = stamped(element, alive.map(|list| list.mark), now);
            list.mark.added = mark.max(list.mark.gone).max(list.mark.added);
            let since = list.mark.gone;
            let gone = stones.lists.get(name);
            for (entry, key) in self.entries(element) {
                let known = known.filter(|list| list.has(&key));
                let known = known.and_then(|list| list.entries.get(&key).copied());
                let gone = gone.and_then(|list| list.entries.get(&key));
                let gone = gone.map_or(0, |mark| mark.gone);
                let came = stamped(entry, known, now).max(gone).max(since);
                if let Some(mark) = list.entry(&key) {
                    mark.added = mark.added.max(came);
                }
            }
            list.order = self.ordered(element, known);
        }
        self.missing(base, &mut roster);
        roster
    }

    /// In which order a profile was put. Another client, which knows nothing of our times, put it later than we knew.
    fn ordered(&self, list: &Element, known: Option<&List>) -> Order {
        let at = list.attribute(OURS, "ordered").and_then(believed);
        let at = at.unwrap_or_default();
        let keys = self.entries(list).map(|(_, key)| key);
        let keys: Vec<Key> = keys.take(ENTRIES).collect();
        let known = known.map(|list| &list.order);
        match known.is_some_and(|known| known.at == at && known.differs(&keys)) {
            true => Order { at: at + 1, keys },
            false if at == 0 => Order::default(),
            false => Order { at, keys },
        }
    }

    /// Notes what is missing and was not taken away by one of us.
    fn missing(&self, base: &Roster, roster: &mut Roster) {
        for (name, known) in &base.lists {
            if !known.is_there() {
                continue;
            }
            let listed = self.lists().any(|(other, _)| other == name);
            let Some(list) = roster.list(name) else {
                continue;
            };
            if !listed && list.mark.gone <= known.mark.added {
                let latest = known.entries.values().map(|mark| mark.added).max();
                let latest = latest.unwrap_or_default().max(known.mark.added);
                list.mark.gone = latest.saturating_add(1);
            }
            for (key, mark) in known.entries.iter().filter(|(key, _)| known.has(key)) {
                if listed
                    && !list.entries.contains_key(key)
                    && let Some(stone) = list.entry(key)
                {
                    let gone = mark.added.saturating_add(1);
                    *stone = Mark { added: 0, gone };
                }
            }
        }
    }

    /// What one of us took away.
    fn stones(&self, roster: &mut Roster) {
        let lists = self.root.elements().filter(|e| e.is(LISTS, "list"));
        for element in lists {
            let name = element.attribute("", "name").unwrap_or_default();
            for stone in element.elements().filter(|e| e.space == OURS) {
                let gone = stone.attribute("", "at").and_then(believed);
                let gone = gone.unwrap_or_default();
                if stone.is(OURS, "gone-list") {
                    let name = stone.attribute("", "name").filter(|name| is_name(name));
                    if let Some(list) = name.and_then(|name| roster.list(name)) {
                        list.mark.gone = list.mark.gone.max(gone);
                    }
                } else if let (true, Some(key)) = (stone.is(OURS, "gone"), key_of(stone))
                    && is_name(name)
                    && let Some(mark) = roster.list(name).and_then(|list| list.entry(&key))
                {
                    mark.gone = mark.gone.max(gone);
                }
            }
            if let Some(gone) = element.attribute(OURS, "gone").and_then(believed)
                && is_name(name)
                && let Some(list) = roster.list(name)
            {
                list.mark.gone = list.mark.gone.max(gone);
            }
        }
    }

    /// Profiles of the document, with their names.
    fn lists(&self) -> impl Iterator<Item = (&str, &Element)> {
        let lists = self.root.elements().filter(|e| e.is(LISTS, "list"));
        lists.filter_map(|list| Some((list.attribute("", "name").filter(|n| is_name(n))?, list)))
    }

    /// Favourites of a profile, with their elements.
    fn entries<'a>(&'a self, list: &'a Element) -> impl Iterator<Item = (&'a Element, Key)> {
        let entries = list.elements().filter(|e| e.is(LISTS, "entry"));
        entries.filter_map(|entry| Some((entry, self.key(entry)?)))
    }

    fn key(&self, entry: &Element) -> Option<Key> {
        address::read(entry.attribute("", "uri")?, &self.domain)
    }

    /// Whether both list the same: what only reminds of something that went does not matter.
    pub fn lists_as(&self, other: &Self) -> bool {
        let bare = |document: &Self| {
            let mut root = document.root.clone();
            for list in root.elements_mut() {
                list.remove(|e| e.is(OURS, "gone") || e.is(OURS, "gone-list"));
            }
            root
        };
        bare(self) == bare(other)
    }

    /// Calls a list otherwise. Returns whether there is one that can be called so.
    pub fn rename(&mut self, old: &str, new: &str) -> bool {
        let is_taken = self.lists().any(|(name, _)| name == new);
        let named = |e: &&mut Element| e.is(LISTS, "list") && e.attribute("", "name") == Some(old);
        let list = self.root.elements_mut().find(named);
        let Some(list) = list.filter(|_| !is_taken) else {
            return false;
        };
        list.set("", "name", Some(new.to_owned()));
        true
    }

    /// Makes it say what `roster` says. Whatever the roster does not speak of stays.
    pub fn write(&mut self, roster: &Roster) {
        let before = self.root.clone();
        let is_gone = |element: &Element| {
            let name = element.attribute("", "name").unwrap_or_default();
            let list = roster.lists.get(name);
            element.is(LISTS, "list") && list.is_some_and(|list| !list.is_there())
        };
        self.root.remove(is_gone);
        let mut new: Vec<(&String, &List)> = roster.lists.iter().collect();
        new.retain(|(_, list)| list.is_there());
        // New ones stand behind the others in the order in which they came.
        new.sort_by_key(|(name, list)| (list.mark.added, name.as_str()));
        for (name, list) in new {
            if !self.lists().any(|(known, _)| known == name) {
                let tag = format!("{}list", self.root.prefix());
                let mut element = Element::new(&tag, LISTS);
                element.set("", "name", Some(name.clone()));
                self.root.children.push(Node::Element(element));
            }
            let domain = self.domain.clone();
            let named = |e: &&mut Element| {
                e.is(LISTS, "list") && e.attribute("", "name") == Some(name.as_str())
            };
            if let Some(element) = self.root.elements_mut().find(named) {
                list::put(element, list, &domain);
            }
        }
        self.put_gone_lists(roster);
        if self.root != before {
            let declared = format!("xmlns:{PREFIX}");
            self.root.set("", &declared, Some(OURS.to_owned()));
        }
    }

    /// Profiles that went, in the first that is there: the root takes lists alone.
    fn put_gone_lists(&mut self, roster: &Roster) {
        let gone = roster.lists.iter().filter(|(_, list)| !list.is_there());
        let stones: Vec<Node> = gone
            .map(|(name, list)| {
                let mut stone = Element::new(&format!("{PREFIX}:gone-list"), OURS);
                stone.set("", "name", Some(name.clone()));
                stone.set("", "at", Some(list.mark.gone.to_string()));
                Node::Element(stone)
            })
            .collect();
        for list in self.root.elements_mut() {
            list.remove(|e| e.is(OURS, "gone-list"));
        }
        if let Some(first) = self.root.elements_mut().find(|e| e.is(LISTS, "list")) {
            first.children.extend(stones);
        }
    }

    /// The profiles as they are shown here: the first four of the document, of each the first 32 favourites. In use
    /// stays which was, where it is still there.
    pub fn profiles(&self, in_use: &str) -> Vec<Profile> {
        let mut profiles: Vec<Profile> = Vec::new();
        for (name, element) in self.lists() {
            if profiles.len() >= PROFILES || profiles.iter().any(|known| known.name == name) {
                continue;
            }
            let mut favourites = Vec::new();
            for (_, key) in self.entries(element) {
                let favourite = key.favourite();
                if favourites.len() < FAVOURITES && !favourites.contains(&favourite) {
                    favourites.push(favourite);
                }
            }
            profiles.push(Profile {
                name: name.to_owned(),
                active: name == in_use,
                favourites,
            });
        }
        if profiles.is_empty() {
            profiles.push(Profile {
                name: FIRST.to_owned(),
                active: true,
                favourites: Vec::new(),
            });
        }
        if !profiles.iter().any(|profile| profile.active)
            && let Some(first) = profiles.first_mut()
        {
            first.active = true;
        }
        profiles
    }
}

/// When an element came, as one of us wrote it; else as it is known, else now.
fn stamped(element: &Element, known: Option<Mark>, now: u64) -> u64 {
    let written = element.attribute(OURS, "added").and_then(believed);
    written.unwrap_or_else(|| known.map_or(now, |mark| mark.added))
}

fn key_of(stone: &Element) -> Option<Key> {
    let name = stone.attribute("", "name").map(str::to_owned);
    let number = stone.attribute("", "number").map(str::to_owned);
    name.map(Key::Name).or(number.map(Key::Number))
}

/// Whether a profile can be called so: others are lists of somebody else.
fn is_name(name: &str) -> bool {
    let is_trimmed = name.trim() == name && !name.is_empty();
    is_trimmed && name.chars().count() <= NAME && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
