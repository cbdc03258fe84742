//! Everybody who is kept, as far as rules ask for them: an index that is made once and read often.

use policy::rewrite::{Contact, Source};
use policy::{Location, number};
use std::collections::BTreeMap;

/// Characters at the end of a number by which entries are found before they are compared.
const TAIL: usize = 4;

/// Somebody, under one of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose list it is in: see [`Account::owner`](crate::Account::owner).
    pub owner: String,
    /// What kind of list that is.
    pub source: Source,
    /// What they are called there: an id here, and that of a directory.
    pub identifiers: Vec<String>,
    /// What the number is for.
    pub label: Option<String>,
    /// A number or an address, as it is written there.
    pub number: String,
}

/// Who has which number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    by_tail: BTreeMap<String, Vec<Entry>>,
}

impl Book {
    /// Of these. Bound: as many as the store keeps.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut book = Self::default();
        for entry in entries {
            let tail = tail(&entry.number);
            book.by_tail.entry(tail).or_default().push(entry);
        }
        book
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.by_tail.is_empty()
    }

    /// The contacts that `number` belongs to, of owners that `is_here` knows; one for each identifier.
    pub fn contacts(
        &self,
        number: &str,
        here: Option<&Location>,
        is_here: impl Fn(&str) -> bool,
    ) -> Vec<Contact> {
        let found = self.by_tail.get(&tail(number)).into_iter().flatten();
        let found = found.filter(|entry| is_here(&entry.owner));
        let found = found.filter(|entry| number::same(user(&entry.number), user(number), here));
        let each = found.flat_map(|entry| {
            let identifiers = entry.identifiers.iter();
            identifiers.map(|identifier| Contact {
                source: entry.source,
                identifier: identifier.clone(),
                label: entry.label.clone(),
            })
        });
        each.collect()
    }
}

/// What is dialled of an address.
fn user(text: &str) -> &str {
    let schemes = ["sip:", "sips:", "tel:"];
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let rest = rest.unwrap_or(text);
    rest.split(['@', ';']).next().unwrap_or(rest)
}

fn tail(text: &str) -> String {
    let user = user(text);
    let plain = number::plain(user).unwrap_or_else(|| user.to_lowercase());
    let begin = plain.char_indices().rev().nth(TAIL - 1);
    let begin = begin.map_or(0, |(at, _)| at);
    plain.get(begin..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K-119 to K-122: whom a number belongs to, in every way to write it, of whoever is here.
    #[test]
    fn a_number_belongs_to_whoever_has_it_in_any_form() {
        let entry = |owner: &str, source, number: &str, label: &str| Entry {
            owner: owner.to_owned(),
            source,
            identifiers: vec!["k1".to_owned(), "7".to_owned()],
            label: Some(label.to_owned()),
            number: number.to_owned(),
        };
        let book = Book::new([
            entry("ann", Source::Dav, "+49 30 123-4567", "work"),
            entry("ann", Source::QuickDial, "sip:Bob@pbx.test", "cell"),
            entry("eve", Source::Dav, "+49 30 1234567", "home"),
        ]);
        let of = |number: &str| {
            let found = book.contacts(number, None, |owner| owner == "ann");
            let found = found
                .into_iter()
                .map(|c| (c.source, c.identifier, c.label.unwrap()));
            found.collect::<Vec<_>>()
        };
        let work = |identifier: &str| (Source::Dav, identifier.to_owned(), "work".to_owned());
        for number in [
            "+49301234567",
            "0049301234567",
            "tel:+49-30-1234567",
            "sip:+49301234567@x",
        ] {
            assert_eq!(of(number), [work("k1"), work("7")], "{number}");
        }
        assert_eq!(of("bob").len(), 2);
        for number in ["+49301234568", "4567", "", "carol"] {
            assert_eq!(of(number), [], "{number}");
        }
    }
}
