//! Whose state is to be shown: quick dial that says so, and the favourites of each profile in use (M-095, M-110).

use crate::{Error, profiles, rescue, row};
use control::Contact;
use people::fold;
use ports::blf::LampWish;
use rusqlite::Connection;

/// Those of everybody, quick dial first, each with whose it is.
pub(crate) fn all(db: &Connection) -> Result<Vec<(String, LampWish)>, Error> {
    let mut watched = Vec::new();
    let sql = "SELECT owner, body, sum FROM contacts WHERE kind = 'quick_dial' ORDER BY position, sort, id";
    for (owner, contact) in contacts(db, sql, &[])? {
        if contact.watch
            && let Some(number) = contact.numbers.first()
        {
            watched.push((owner, wish(number, &contact.name)));
        }
    }
    let mut owners = db.prepare_cached("SELECT owner FROM profiles ORDER BY owner")?;
    let owners = owners.query_map([], |row| row.get::<_, String>(0))?;
    for owner in owners {
        let owner = owner?;
        let all = profiles::of(db, &owner)?;
        let in_use = all.iter().find(|profile| profile.active);
        for favourite in in_use.into_iter().flat_map(|profile| &profile.favourites) {
            let found = match (&favourite.number, &favourite.name) {
                (Some(number), _) => Some(wish(number, "")),
                (None, Some(name)) => named(db, &owner, name)?,
                (None, None) => None,
            };
            watched.extend(found.map(|wish| (owner.clone(), wish)));
        }
    }
    Ok(watched)
}

/// The contact of this name.
fn named(db: &Connection, owner: &str, name: &str) -> Result<Option<LampWish>, Error> {
    let sql =
        "SELECT owner, body, sum FROM contacts WHERE owner IN (?1, '') AND sort = ?2 ORDER BY id";
    let found = contacts(db, sql, &[owner, &fold::fold(name)])?;
    Ok(found.iter().find_map(|(_, contact)| {
        let number = contact.numbers.first()?;
        Some(wish(number, &contact.name))
    }))
}

fn contacts(db: &Connection, sql: &str, values: &[&str]) -> Result<Vec<(String, Contact)>, Error> {
    let mut rows = db.prepare_cached(sql)?;
    let mut rows = rows.query(rusqlite::params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(next) = rows.next()? {
        let (owner, body, sum) = rescue::texts(next)?;
        let contact = row::read(&owner, &body, sum)?;
        found.push((owner, contact));
    }
    Ok(found)
}

fn wish(number: &str, label: &str) -> LampWish {
    LampWish {
        target: number.to_owned(),
        label: label.to_owned(),
        slot: false,
    }
}
