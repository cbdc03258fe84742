//! Other names and other places: of profiles, and of favourites in them and between them (M-117).

use super::{checked, find, free, has_room, is_new, not_in, position};
use crate::Error;
use control::contacts::{FavouriteMove, FavouriteRename, Profile, ProfileRename};

/// Gives a profile another name; its own, written otherwise, is none that is taken.
pub(super) fn rename_profile(profiles: &mut [Profile], asked: &ProfileRename) -> Result<(), Error> {
    find(profiles, Some(&asked.name))?;
    if asked.to.trim() == asked.name {
        return Ok(());
    }
    let name = free(profiles, &asked.to)?;
    find(profiles, Some(&asked.name))?.name = name;
    Ok(())
}

/// Says who a favourite is from now on, in its place.
pub(super) fn rename(profiles: &mut [Profile], asked: FavouriteRename) -> Result<(), Error> {
    let (old, new) = (checked(asked.of.favourite)?, checked(asked.to)?);
    let profile = find(profiles, asked.of.profile.as_deref())?;
    let at = position(profile, &old).ok_or_else(|| not_in(profile))?;
    if position(profile, &new) != Some(at) {
        is_new(profile, &new)?;
    }
    profile.favourites[at] = new;
    Ok(())
}

/// Puts a favourite elsewhere: a place from 1 on, in its profile or in another one.
pub(super) fn move_favourite(profiles: &mut [Profile], asked: FavouriteMove) -> Result<(), Error> {
    let favourite = checked(asked.of.favourite)?;
    let from = find(profiles, asked.of.profile.as_deref())?;
    let at = position(from, &favourite).ok_or_else(|| not_in(from))?;
    let from = from.name.clone();
    let to = asked.to_profile.unwrap_or_else(|| from.clone());
    let there = find(profiles, Some(&to))?;
    if from != to {
        is_new(there, &favourite)?;
        has_room(there)?;
    }
    let favourite = find(profiles, Some(&from))?.favourites.remove(at);
    let there = find(profiles, Some(&to))?;
    let last = there.favourites.len();
    let place = asked.place.and_then(|place| usize::try_from(place).ok());
    let place = place.map_or(last, |place| place.saturating_sub(1).min(last));
    there.favourites.insert(place, favourite);
    Ok(())
}
