//! Profiles with their favourites: up to four lists of up to 32 each, one of them in use.

mod arrange;

use crate::books::{Answer, Reader};
use crate::{Error, rescue, row};
use control::contacts::{Favourite, FavouriteOf, FavouritesChanged, Profile};
use control::{Code, Command, EventBody, Reply};
use people::fold;
use ports::store::{Shared, Standing};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::Value;

/// Profiles of one user (M-110).
pub(crate) const PROFILES: usize = 4;
/// Favourites of one profile (M-111).
pub(crate) const FAVOURITES: usize = 32;
/// Length of a profile's name. Unit: characters.
const NAME: usize = 64;
/// Length of what a favourite is. Unit: characters.
const FAVOURITE: usize = 256;
/// The profile of who never made one.
const FIRST: &str = "main";

/// Keeps all profiles of a user.
pub(crate) fn put(into: &Transaction<'_>, owner: &str, profiles: &[Profile]) -> Result<(), Error> {
    let body = row::write(&profiles)?;
    let sql = "INSERT INTO profiles (owner, body, sum) VALUES (?1, ?2, ?3)
               ON CONFLICT (owner) DO UPDATE SET body = ?2, sum = ?3";
    let sum = row::sum(owner, &body);
    into.prepare_cached(sql)?
        .execute(params![owner, body, sum])?;
    Ok(())
}

/// All profiles of a user; one that is empty for who has none.
pub(crate) fn of(db: &Connection, owner: &str) -> Result<Vec<Profile>, Error> {
    let sql = "SELECT owner, body, sum FROM profiles WHERE owner = ?1";
    let found = db
        .query_row(sql, [owner], |row| Ok(rescue::texts(row)))
        .optional()?;
    let Some(found) = found else {
        return Ok(vec![Profile {
            name: FIRST.to_owned(),
            active: true,
            favourites: Vec::new(),
        }]);
    };
    let (owner, body, sum) = found?;
    row::read(&owner, &body, sum)
}

/// Keeps what belongs to the profiles of a user, for who wrote it.
pub(crate) fn put_ledger(into: &Transaction<'_>, owner: &str, ledger: &Value) -> Result<(), Error> {
    let body = row::write(ledger)?;
    let sql = "INSERT INTO ledgers (owner, body, sum) VALUES (?1, ?2, ?3)
               ON CONFLICT (owner) DO UPDATE SET body = ?2, sum = ?3";
    let sum = row::sum(owner, &body);
    into.prepare_cached(sql)?
        .execute(params![owner, body, sum])?;
    Ok(())
}

/// The profiles of a user as they stand, and what is kept beside them.
pub(crate) fn standing(db: &Connection, owner: &str) -> Result<Standing, Error> {
    let sql = "SELECT owner, body, sum FROM ledgers WHERE owner = ?1";
    let found = db
        .query_row(sql, [owner], |row| Ok(rescue::texts(row)))
        .optional()?;
    let ledger = found.map(|found| {
        let (owner, body, sum) = found?;
        row::read::<Value>(&owner, &body, sum).map(|ledger| ledger.to_string())
    });
    Ok(Standing {
        owner: owner.to_owned(),
        profiles: of(db, owner)?,
        ledger: ledger.transpose()?,
        is_news: false,
    })
}

/// Has profiles stand as a server and this phone came together, if nobody changed them meanwhile (M-112).
pub(crate) fn share(db: &mut Connection, shared: &Shared) -> Result<Standing, Error> {
    let write = db.transaction()?;
    let known = of(&write, &shared.owner)?;
    if known == shared.before {
        let ledger: Value = serde_json::from_str(&shared.ledger)
            .map_err(|why| Error::Damaged(format!("a ledger cannot be written: {why}")))?;
        put_ledger(&write, &shared.owner, &ledger)?;
        if known != shared.profiles {
            put(&write, &shared.owner, &shared.profiles)?;
        }
    }
    let mut standing = standing(&write, &shared.owner)?;
    standing.is_news = standing.profiles != known;
    write.commit()?;
    Ok(standing)
}

/// Carries out a command about profiles and favourites.
pub(crate) fn carry_out(
    db: &mut Connection,
    command: Command,
    reader: &Reader,
) -> Result<Answer, Error> {
    let write = db.transaction()?;
    let mut profiles = of(&write, &reader.own)?;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`Books::carry_out` names those that come here"
    )]
    match command {
        Command::ProfileAdd(asked) => add(&mut profiles, &asked.name)?,
        Command::ProfileUse(asked) => {
            find(&mut profiles, Some(&asked.name))?;
            for profile in &mut profiles {
                profile.active = profile.name == asked.name;
            }
        }
        Command::ProfileRemove(asked) => remove(&mut profiles, &asked.name)?,
        Command::FavouriteAdd(asked) => add_favourite(&mut profiles, asked)?,
        Command::FavouriteRemove(asked) => remove_favourite(&mut profiles, asked)?,
        Command::ProfileRename(asked) => arrange::rename_profile(&mut profiles, &asked)?,
        Command::FavouriteRename(asked) => arrange::rename(&mut profiles, asked)?,
        Command::FavouriteMove(asked) => arrange::move_favourite(&mut profiles, asked)?,
        _ => return Ok(Answer::plain(Reply::Profiles { profiles })),
    }
    put(&write, &reader.own, &profiles)?;
    write.commit()?;
    let event = FavouritesChanged {
        profiles: profiles.clone(),
    };
    Ok(Answer::changed(
        Reply::Profiles { profiles },
        EventBody::FavouritesChanged(Box::new(event)),
    ))
}

/// A name that a profile may have, and none has.
fn free(profiles: &[Profile], name: &str) -> Result<String, Error> {
    let name = name.trim().to_owned();
    if !is_text(&name, NAME) {
        let why = format!("a profile has a name of 1 to {NAME} characters");
        return Err(Error::refused(Code::USAGE, why));
    }
    if profiles.iter().any(|known| known.name == name) {
        let why = format!("a profile is called {} already", control::quoted(&name));
        return Err(Error::refused(Code::USAGE, why));
    }
    Ok(name)
}

fn add(profiles: &mut Vec<Profile>, name: &str) -> Result<(), Error> {
    let name = free(profiles, name)?;
    if profiles.len() >= PROFILES {
        let why = format!("there are {PROFILES} profiles, and a user has no more than {PROFILES}");
        return Err(Error::refused(Code::LIST_FULL, why));
    }
    profiles.push(Profile {
        name,
        active: false,
        favourites: Vec::new(),
    });
    Ok(())
}

fn remove(profiles: &mut Vec<Profile>, name: &str) -> Result<(), Error> {
    find(profiles, Some(name))?;
    if profiles.len() == 1 {
        let why = "it is the only profile, and one is always in use";
        return Err(Error::refused(Code::USAGE, why));
    }
    profiles.retain(|profile| profile.name != name);
    if !profiles.iter().any(|profile| profile.active)
        && let Some(first) = profiles.first_mut()
    {
        first.active = true;
    }
    Ok(())
}

fn add_favourite(profiles: &mut [Profile], asked: FavouriteOf) -> Result<(), Error> {
    let favourite = checked(asked.favourite)?;
    let profile = find(profiles, asked.profile.as_deref())?;
    is_new(profile, &favourite)?;
    has_room(profile)?;
    profile.favourites.push(favourite);
    Ok(())
}

fn is_new(profile: &Profile, favourite: &Favourite) -> Result<(), Error> {
    match position(profile, favourite) {
        Some(_) => Err(Error::refused(Code::USAGE, "it is a favourite already")),
        None => Ok(()),
    }
}

fn has_room(profile: &Profile) -> Result<(), Error> {
    if profile.favourites.len() < FAVOURITES {
        return Ok(());
    }
    let name = control::quoted(&profile.name);
    let why = format!(
        "profile {name} has {FAVOURITES} favourites, and no profile has more than {FAVOURITES}"
    );
    Err(Error::refused(Code::LIST_FULL, why))
}

fn remove_favourite(profiles: &mut [Profile], asked: FavouriteOf) -> Result<(), Error> {
    let favourite = checked(asked.favourite)?;
    let profile = find(profiles, asked.profile.as_deref())?;
    let Some(at) = position(profile, &favourite) else {
        return Err(not_in(profile));
    };
    profile.favourites.remove(at);
    Ok(())
}

/// A favourite that is in its profile, as it was added. Errors: it is none of it.
pub(crate) fn known(db: &Connection, asked: FavouriteOf, owner: &str) -> Result<Favourite, Error> {
    let favourite = checked(asked.favourite)?;
    let mut profiles = of(db, owner)?;
    let profile = find(&mut profiles, asked.profile.as_deref())?;
    let at = position(profile, &favourite).ok_or_else(|| not_in(profile))?;
    Ok(profile.favourites.swap_remove(at))
}

fn not_in(profile: &Profile) -> Error {
    let why = format!(
        "profile {} has no such favourite",
        control::quoted(&profile.name)
    );
    Error::refused(Code::UNKNOWN_RECORD, why)
}

/// The profile of this name; without one, that in use.
fn find<'a>(profiles: &'a mut [Profile], name: Option<&str>) -> Result<&'a mut Profile, Error> {
    let fits = |profile: &&mut Profile| match name {
        Some(name) => profile.name == name,
        None => profile.active,
    };
    profiles.iter_mut().find(fits).ok_or_else(|| {
        let why = format!(
            "no profile is called {}",
            control::quoted(name.unwrap_or_default())
        );
        Error::refused(Code::UNKNOWN_RECORD, why)
    })
}

fn position(profile: &Profile, favourite: &Favourite) -> Option<usize> {
    let key = |of: &Favourite| (of.name.as_deref().map(fold::fold), of.number.clone());
    let wanted = key(favourite);
    profile
        .favourites
        .iter()
        .position(|known| key(known) == wanted)
}

/// A favourite by name or by number (M-113).
fn checked(favourite: Favourite) -> Result<Favourite, Error> {
    let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
    let favourite = Favourite {
        name: trimmed(favourite.name),
        number: trimmed(favourite.number),
        ..Favourite::default()
    };
    let why = match (&favourite.name, &favourite.number) {
        (Some(_), Some(_)) => "a favourite is defined by name or by number, not by both",
        (None, None) => "a favourite is defined by a name or by a number",
        (Some(text), None) | (None, Some(text)) if !is_text(text, FAVOURITE) => {
            "a favourite's name or number has 1 to 256 characters"
        }
        (Some(_), None) | (None, Some(_)) => return Ok(favourite),
    };
    Err(Error::refused(Code::USAGE, why))
}

fn is_text(text: &str, most: usize) -> bool {
    !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
