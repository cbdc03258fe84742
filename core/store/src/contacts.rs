//! Contacts.

use crate::books::{Answer, Reader};
use crate::calls::{needle, places};
use crate::{Error, rescue, row};
use control::contacts::{
    Contact, ContactImport, ContactKind, ContactQuery, ContactsChanged, Imported, Skipped,
};
use control::{Code, EventBody, Reply};
use people::{fold, vcard};
use policy::rewrite::Source;
use ports::book::{Book, Entry};
use ports::store::Listed;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params, params_from_iter};
use std::collections::{BTreeMap, BTreeSet};

/// Contacts in one file. Source: ours; four times what M-105 asks for.
const CONTACTS: i64 = 20_000;
/// Numbers of one contact.
const NUMBERS: usize = 16;
/// Length of a name. Unit: characters.
const NAME: usize = 200;
/// Length of a mail address. Unit: characters.
const MAIL: usize = 254;
/// Length of a number or address. Unit: characters.
const NUMBER: usize = 256;
/// vCards that could not be used, told one by one.
const SKIPPED: usize = 100;
/// The list that all of these are of.
const LOCAL: &str = "local";

/// Keeps a contact with its id, or with a new one where it has none.
pub(crate) fn put(into: &Transaction<'_>, owner: &str, contact: &Contact) -> Result<(), Error> {
    let body = row::write(contact)?;
    let mut put = into.prepare_cached(
        "INSERT INTO contacts (id, owner, kind, position, sort, folded, body, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET owner = ?2, kind = ?3, position = ?4, sort = ?5, folded = ?6,
         body = ?7, sum = ?8",
    )?;
    put.execute(params![
        number_of(&contact.id),
        owner,
        contact.kind.word(),
        contact.position,
        fold::fold(&contact.name),
        folded(contact),
        body,
        row::sum(owner, &body),
    ])?;
    Ok(())
}

/// What a query asks for: quick dial in its own order first, the rest by name.
pub(crate) fn list(
    db: &Connection,
    query: &ContactQuery,
    reader: &Reader,
) -> Result<Answer, Error> {
    let contacts = find_all(db, query, reader)?;
    let silent = Vec::new();
    Ok(Answer::plain(Reply::Contacts { contacts, silent }))
}

pub(crate) fn find_all(
    db: &Connection,
    query: &ContactQuery,
    reader: &Reader,
) -> Result<Vec<Contact>, Error> {
    let sql = format!(
        "SELECT owner, body, sum FROM contacts WHERE owner IN ({})
         AND (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR instr(folded, ?2))
         ORDER BY kind != 'quick_dial', CASE kind WHEN 'quick_dial' THEN position ELSE 0 END, sort, id
         LIMIT ?3",
        places(4, reader.all.len())
    );
    let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let needle = needle(query.text.as_deref())?;
    let mut values = vec![
        text(query.kind.map(ContactKind::word)),
        text(needle.as_deref()),
        Value::Integer(query.limit.map_or(CONTACTS, i64::from)),
    ];
    values.extend(reader.all.iter().cloned().map(Value::Text));
    let mut rows = db.prepare_cached(&sql)?;
    let mut rows = rows.query(params_from_iter(values))?;
    let mut contacts = Vec::new();
    while let Some(found) = rows.next()? {
        let (owner, body, sum) = rescue::texts(found)?;
        match row::read::<Contact>(&owner, &body, sum) {
            Ok(contact) => contacts.push(contact),
            Err(why) => tracing::warn!(%why, "a contact is not shown"),
        }
    }
    Ok(contacts)
}

/// Keeps somebody.
pub(crate) fn add(db: &mut Connection, contact: Contact, reader: &Reader) -> Result<Answer, Error> {
    let mut contact = checked(contact)?;
    let write = db.transaction()?;
    contact.id = next_id(&write)?;
    put(&write, &reader.own, &contact)?;
    write.commit()?;
    Ok(changed(contact))
}

/// Puts this in the place of the contact with its id.
pub(crate) fn change(
    db: &mut Connection,
    contact: Contact,
    reader: &Reader,
) -> Result<Answer, Error> {
    let contact = checked(contact)?;
    let write = db.transaction()?;
    let owner = owner_of(&write, &contact.id, reader)?;
    put(&write, &owner, &contact)?;
    write.commit()?;
    Ok(changed(contact))
}

/// Takes a contact away.
pub(crate) fn remove(db: &mut Connection, id: &str, reader: &Reader) -> Result<Answer, Error> {
    let write = db.transaction()?;
    owner_of(&write, id, reader)?;
    write.execute("DELETE FROM contacts WHERE id = ?1", [number_of(id)])?;
    write.commit()?;
    let gone = ContactsChanged {
        deleted: vec![id.to_owned()],
        ..ContactsChanged::default()
    };
    let event = EventBody::ContactsChanged(Box::new(gone));
    Ok(Answer::changed(Reply::Deleted { count: 1 }, event))
}

/// Keeps what a vCard file has, all or nothing of what can be used.
pub(crate) fn import(
    db: &mut Connection,
    import: &ContactImport,
    reader: &Reader,
) -> Result<Answer, Error> {
    let mut done = Imported::default();
    let write = db.transaction()?;
    let mine = Reader {
        own: reader.own.clone(),
        all: vec![reader.own.clone()],
        mail: reader.mail.clone(),
    };
    let have = find_all(&write, &ContactQuery::default(), &mine)?;
    let mut known: BTreeSet<_> = have.iter().map(same).collect();
    for (read, number) in vcard::read(&import.vcards, import.kind)
        .into_iter()
        .zip(1..)
    {
        let contact = read.and_then(|contact| checked(contact).map_err(|why| why.to_string()));
        let mut contact = match contact {
            Ok(contact) => contact,
            Err(why) => {
                if done.skipped.len() < SKIPPED {
                    done.skipped.push(Skipped { number, why });
                }
                continue;
            }
        };
        if !known.insert(same(&contact)) {
            done.known += 1;
            continue;
        }
        contact.id = next_id(&write)?;
        put(&write, &reader.own, &contact)?;
        done.added += 1;
    }
    write.commit()?;
    let came = ContactsChanged {
        imported: done.added,
        ..ContactsChanged::default()
    };
    let mut answer = Answer::plain(Reply::Imported { imported: done });
    if came.imported > 0 {
        answer
            .events
            .push(EventBody::ContactsChanged(Box::new(came)));
    }
    Ok(answer)
}

/// Keeps what a directory lists in the place of what it listed before. Whoever stays keeps their id.
pub(crate) fn list_of_directory(db: &mut Connection, list: &Listed) -> Result<u32, Error> {
    let write = db.transaction()?;
    let mine = Reader {
        own: list.owner.clone(),
        all: vec![list.owner.clone()],
        mail: policy::mail::Rule::default(),
    };
    let have = find_all(&write, &ContactQuery::default(), &mine)?;
    let is_its = |contact: &&Contact| contact.origin.is_some() && contact.source == list.title;
    let id_of = |contact: &Contact| contact.origin.as_ref().map(|of| of.id.clone());
    let mut before: BTreeMap<_, Contact> = BTreeMap::new();
    let mut gone = Vec::new();
    for contact in have.iter().filter(is_its) {
        if let Some(twin) = before.insert(id_of(contact), contact.clone()) {
            gone.push(twin.id);
        }
    }
    let mut changed = 0;
    for person in &list.people {
        let Ok(mut contact) = checked(person.clone()) else {
            continue;
        };
        contact.source.clone_from(&list.title);
        contact.origin.clone_from(&person.origin);
        let known = before.remove(&id_of(person));
        contact.id = match &known {
            Some(known) => known.id.clone(),
            None => next_id(&write)?,
        };
        if known.as_ref() != Some(&contact) {
            put(&write, &list.owner, &contact)?;
            changed += 1;
        }
    }
    gone.extend(before.into_values().map(|contact| contact.id));
    for id in &gone {
        write.execute("DELETE FROM contacts WHERE id = ?1", [number_of(id)])?;
        changed += 1;
    }
    write.commit()?;
    Ok(changed)
}

/// Everybody who is kept, of all owners, as rules ask for them.
pub(crate) fn book(db: &Connection) -> Result<Book, Error> {
    let mut rows = db.prepare("SELECT owner, body, sum FROM contacts ORDER BY id")?;
    let mut rows = rows.query([])?;
    let mut entries = Vec::new();
    while let Some(found) = rows.next()? {
        let (owner, body, sum) = rescue::texts(found)?;
        let Ok(contact) = row::read::<Contact>(&owner, &body, sum) else {
            continue;
        };
        let Some(source) = source_of(&contact) else {
            continue;
        };
        let theirs = contact.origin.as_ref().map(|of| of.id.clone());
        let theirs = theirs.filter(|id| !id.is_empty());
        let identifiers: Vec<String> = [contact.id.clone()].into_iter().chain(theirs).collect();
        for (at, number) in contact.numbers.iter().enumerate() {
            entries.push(Entry {
                owner: owner.clone(),
                source,
                identifiers: identifiers.clone(),
                label: contact.label(at).map(str::to_owned),
                number: number.clone(),
            });
        }
    }
    Ok(Book::new(entries))
}

/// Where a contact is kept, as rules have it (K-119); `None`: they have no word for it.
fn source_of(contact: &Contact) -> Option<Source> {
    match (&contact.origin, contact.kind) {
        (Some(origin), _) => Source::read(&origin.list),
        (None, ContactKind::QuickDial) => Some(Source::QuickDial),
        (
            None,
            ContactKind::Extension
            | ContactKind::Department
            | ContactKind::General
            | ContactKind::Personal
            | ContactKind::Unknown,
        ) => Some(Source::AddressBook),
    }
}

/// Contacts as a vCard file.
pub(crate) fn export(
    db: &Connection,
    query: &ContactQuery,
    reader: &Reader,
) -> Result<Answer, Error> {
    let vcards = find_all(db, query, reader)?
        .iter()
        .map(vcard::write)
        .collect();
    Ok(Answer::plain(Reply::Vcards { vcards }))
}

fn changed(contact: Contact) -> Answer {
    let event = ContactsChanged {
        contact: Some(contact.clone()),
        ..ContactsChanged::default()
    };
    let contact = Box::new(contact);
    Answer::changed(
        Reply::Contact { contact },
        EventBody::ContactsChanged(Box::new(event)),
    )
}

/// By what two contacts are the same: name and numbers.
fn same(contact: &Contact) -> (String, Vec<String>) {
    (fold::fold(&contact.name), contact.numbers.clone())
}

/// The contact as it is kept. Errors: something is missing, too long or too much.
fn checked(mut contact: Contact) -> Result<Contact, Error> {
    let refused = |why: String| Err(Error::refused(Code::USAGE, why));
    let is_text = |text: &str, most: usize| {
        !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    contact.name = contact.name.trim().to_owned();
    if !is_text(&contact.name, NAME) {
        return refused(format!("a contact has a name of 1 to {NAME} characters"));
    }
    if let Some(organisation) = &contact.organisation
        && !is_text(organisation, NAME)
    {
        return refused(format!("an organisation has 1 to {NAME} characters"));
    }
    if let Some(mail) = &contact.mail
        && !is_text(mail, MAIL)
    {
        return refused(format!("a mail has 1 to {MAIL} characters"));
    }
    for number in &mut contact.numbers {
        *number = number.trim().to_owned();
    }
    let fits = contact.numbers.iter().all(|number| is_text(number, NUMBER));
    if !fits || !(1..=NUMBERS).contains(&contact.numbers.len()) {
        let why = format!("a contact has 1 to {NUMBERS} numbers, each of 1 to {NUMBER} characters");
        return refused(why);
    }
    if contact.kind == ContactKind::Unknown {
        let why = "a contact is extension, department, general, quick_dial or personal";
        return refused(why.to_owned());
    }
    contact.labels.truncate(contact.numbers.len());
    if !contact
        .labels
        .iter()
        .all(|label| label.is_empty() || is_text(label, NUMBER))
    {
        return refused(format!("a label has up to {NUMBER} characters"));
    }
    contact.source = LOCAL.to_owned();
    contact.origin = None;
    contact.shows = None;
    Ok(contact)
}

fn next_id(write: &Transaction<'_>) -> Result<String, Error> {
    let all: i64 = write.query_row("SELECT count(*) FROM contacts", [], |row| row.get(0))?;
    if all >= CONTACTS {
        let why = format!("there are {CONTACTS} contacts already");
        return Err(Error::refused(Code::LIST_FULL, why));
    }
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'contacts'";
    let last: Option<i64> = write.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(format!("k{}", last.unwrap_or(0) + 1))
}

/// The number of a row by the id that people see; 0, which no row has, for what is none.
fn number_of(id: &str) -> i64 {
    let number = id.strip_prefix('k').and_then(|number| number.parse().ok());
    number.unwrap_or(0)
}

/// Whose a contact is. Errors: nobody's that `reader` may see.
fn owner_of(write: &Transaction<'_>, id: &str, reader: &Reader) -> Result<String, Error> {
    let sql = "SELECT owner FROM contacts WHERE id = ?1";
    let owner = write.query_row(sql, [number_of(id)], |row| row.get(0));
    let owner = owner.optional()?.filter(|owner| reader.all.contains(owner));
    let owner = owner.ok_or_else(|| {
        let why = format!("no contact has the id {}", control::quoted(id));
        Error::refused(Code::UNKNOWN_RECORD, why)
    })?;
    let sql = "SELECT owner, body, sum FROM contacts WHERE id = ?1";
    let mut rows = write.prepare(sql)?;
    let mut rows = rows.query([number_of(id)])?;
    let found = rows.next()?.map(rescue::texts).transpose()?;
    let Some((_, body, sum)) = found else {
        return Ok(owner);
    };
    let contact: Contact = row::read(&owner, &body, sum)?;
    match contact.origin {
        None => Ok(owner),
        Some(_) => Err(Error::refused(
            Code::DIRECTORY_HAS_IT,
            format!("{} is of {}", contact.name, contact.source),
        )),
    }
}

/// What can be found: name, organisation, numbers as written and as dialled.
fn folded(contact: &Contact) -> String {
    let mut text = fold::fold(&contact.name);
    let more = contact.organisation.iter().chain(&contact.numbers);
    for more in more {
        text.push('\n');
        text += &fold::fold(more);
    }
    for number in &contact.numbers {
        text.push('\n');
        text += &fold::digits(number);
    }
    text
}

#[cfg(test)]
mod tests;
