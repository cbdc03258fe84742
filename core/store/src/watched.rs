//! Whose state is to be shown: contacts that say so, and the favourites of each profile in use (M-095, M-098, M-110).

use crate::{Error, profiles, rescue, row};
use control::Contact;
use people::fold;
use ports::blf::LampWish;
use rusqlite::Connection;

/// Those of everybody, quick dial first, each with whose it is. Who is in a directory is not watched by that: a company's
/// would be a SUBSCRIBE each.
pub(crate) fn all(db: &Connection) -> Result<Vec<(String, LampWish)>, Error> {
    let mut watched = Vec::new();
    // Most are not watched, and are not read.
    let sql = "SELECT owner, body, sum FROM contacts WHERE instr(body, '\"watch\":true')
               ORDER BY kind != 'quick_dial', CASE kind WHEN 'quick_dial' THEN position ELSE 0 END, sort, id";
    for (owner, contact) in contacts(db, sql, &[])? {
        if contact.watch
            && contact.origin.is_none()
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
