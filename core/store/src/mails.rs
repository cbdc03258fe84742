//! Mail addresses of favourites (M-118, M-119).

use crate::books::{Answer, Reader};
use crate::{Error, contacts, profiles};
use control::contacts::{Contact, ContactQuery, Favourite, FavouriteOf};
use control::{Code, Reply};
use people::fold;
use policy::mail::{self, Who};
use rusqlite::Connection;

/// The address of a favourite and the link to it. Errors: it is none, or there is no address.
pub(crate) fn of(db: &Connection, asked: FavouriteOf, reader: &Reader) -> Result<Answer, Error> {
    let favourite = profiles::known(db, asked, &reader.own)?;
    let contact = contact_of(db, &favourite, reader)?;
    let number = favourite.number.as_deref();
    let first = contact.as_ref().and_then(|contact| contact.numbers.first());
    let who = Who {
        name: contact.as_ref().map_or("", |contact| &contact.name),
        number: number.or(first.map(String::as_str)).unwrap_or_default(),
        mail: contact.as_ref().and_then(|contact| contact.mail.as_deref()),
    };
    let Some(address) = reader.mail.address(&who) else {
        let named = favourite.name.or(favourite.number).unwrap_or_default();
        let why = format!(
            "nothing says where a mail to {} goes",
            control::quoted(&named)
        );
        return Err(Error::refused(Code::NO_MAIL_ADDRESS, why));
    };
    let link = mail::link(&address);
    Ok(Answer::plain(Reply::Mail { address, link }))
}

/// Who it is, where that is kept: best first those of whom a mail is known.
fn contact_of(
    db: &Connection,
    favourite: &Favourite,
    reader: &Reader,
) -> Result<Option<Contact>, Error> {
    let text = favourite.name.clone().or_else(|| favourite.number.clone());
    let query = ContactQuery {
        text,
        ..ContactQuery::default()
    };
    let is_it = |contact: &Contact| match (&favourite.name, &favourite.number) {
        (Some(name), _) => fold::fold(&contact.name) == fold::fold(name),
        (None, Some(number)) => contact.numbers.contains(number),
        (None, None) => false,
    };
    let found = contacts::find_all(db, &query, reader)?.into_iter();
    let mut found: Vec<Contact> = found.filter(is_it).collect();
    found.sort_by_key(|contact| contact.mail.is_none());
    Ok(found.into_iter().next())
}

#[cfg(test)]
mod tests;
