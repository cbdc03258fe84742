//! Who somebody is: favourites first, then the other contacts, CardDAV before what the server lists (M-109).

use crate::{Error, profiles, rescue, row};
use control::{Contact, KnownName, Profile};
use people::fold;
use rusqlite::Connection;

/// Digits by which rows are found before they are compared.
const TAIL: usize = 4;

/// Where lists stand among all that may know who calls (M-109).
const FAVOURITES: u8 = 0;
const CONTACTS: u8 = 1;
const COPIED: u8 = 2;
/// Copies of what the server lists: behind all directories that are asked.
const OF_SERVER: u8 = 100;

/// Who `uri` is by the lists of `owner`.
pub(crate) fn of(
    db: &Connection,
    owner: &str,
    uri: &str,
) -> Result<Option<(KnownName, u8)>, Error> {
    let caller = Caller::of(uri);
    let Some(tail) = caller.tail() else {
        return Ok(None);
    };
    let sql = "SELECT owner, body, sum FROM contacts
               WHERE owner IN (?1, '') AND instr(folded, ?2) ORDER BY id";
    let mut rows = db.prepare_cached(sql)?;
    let mut rows = rows.query([owner, tail])?;
    let mut found = Vec::new();
    while let Some(next) = rows.next()? {
        let (owner, body, sum) = rescue::texts(next)?;
        let contact: Contact = row::read(&owner, &body, sum)?;
        if contact.numbers.iter().any(|number| caller.is(number)) {
            found.push(contact);
        }
    }
    let lists = profiles::of(db, owner)?;
    let favourite = found
        .iter()
        .find(|contact| is_favourite(contact, &caller, &lists));
    let known = |contact: &Contact, source: &str, rank| {
        let name = contact.name.clone();
        let source = source.to_owned();
        (KnownName { name, source }, rank)
    };
    if let Some(contact) = favourite {
        return Ok(Some(known(contact, "favourites", FAVOURITES)));
    }
    let own = found.iter().find(|contact| contact.origin.is_none());
    if let Some(contact) = own {
        return Ok(Some(known(contact, "contacts", CONTACTS)));
    }
    let rank = |contact: &Contact| match &contact.origin {
        Some(origin) if origin.list == "ws" => OF_SERVER,
        Some(_) | None => COPIED,
    };
    let best = found.iter().min_by_key(|contact| rank(contact));
    Ok(best.map(|contact| known(contact, &contact.source, rank(contact))))
}

/// A favourite of the profile in use names the contact, or its number.
fn is_favourite(contact: &Contact, caller: &Caller, lists: &[Profile]) -> bool {
    let name = fold::fold(&contact.name);
    let mut favourites = lists
        .iter()
        .filter(|list| list.active)
        .flat_map(|list| &list.favourites);
    favourites.any(|favourite| {
        let by_name = favourite
            .name
            .as_ref()
            .is_some_and(|wanted| fold::fold(wanted) == name);
        by_name
            || favourite
                .number
                .as_ref()
                .is_some_and(|number| caller.is(number))
    })
}

/// Who calls, as lists write it.
struct Caller {
    address: String,
    user: String,
    digits: String,
}

impl Caller {
    fn of(uri: &str) -> Self {
        let user = fold::user_of(uri);
        Self {
            address: fold::address_of(uri),
            user: user.to_lowercase(),
            digits: fold::digits(user),
        }
    }

    /// What every number that can be theirs has within it.
    fn tail(&self) -> Option<&str> {
        let of_number = self.digits.get(self.digits.len().saturating_sub(TAIL)..);
        let tail = of_number.filter(|tail| !tail.is_empty());
        tail.or(Some(self.user.as_str()))
            .filter(|tail| !tail.is_empty())
    }

    fn is(&self, number: &str) -> bool {
        if number.contains('@') {
            return fold::address_of(number) == self.address;
        }
        let digits = fold::digits(number);
        match digits.is_empty() {
            true => number.to_lowercase() == self.user,
            false => fold::is_same_number(&digits, &self.digits),
        }
    }
}
