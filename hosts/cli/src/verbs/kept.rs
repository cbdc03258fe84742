//! `history` and `contact`.

use super::{Context, odd_reply};
use crate::args::{Contact, ContactFields, Export, History};
use crate::error::Error;
use crate::link::Engine;
use crate::words;
use control::contacts::{ContactImport, ContactKind, ContactQuery, ContactRef, Imported, Profile};
use control::history::{
    HistoryDelete, HistoryQuery, HistoryRecord, HistoryRef, RecordKind, RecordState,
};
use control::lamp::Shows;
use control::{Code, Command, ExitCode, Reply};
use std::path::Path;

/// Records of an export: all that an engine keeps by default, ten times over.
const ALL: u32 = 100_000;
/// vCards of one command, so that its line stays below what an engine takes. Unit: bytes.
const CHUNK: usize = 256 * 1024;

pub(crate) fn history(context: &mut Context, verb: Option<History>) -> Result<ExitCode, Error> {
    match verb.unwrap_or_default() {
        History::List(list) => {
            let query = HistoryQuery {
                kind: list.kind.map(kind).transpose()?,
                account: list.account,
                limit: list.limit,
                ..HistoryQuery::default()
            };
            ask(context, Command::HistoryList(query))
        }
        History::Search { text } => {
            let query = HistoryQuery {
                text: Some(text),
                ..HistoryQuery::default()
            };
            ask(context, Command::HistoryList(query))
        }
        History::Delete { ids, all } => {
            ask(context, Command::HistoryDelete(HistoryDelete { ids, all }))
        }
        History::Redial { id } => ask(context, Command::HistoryRedial(HistoryRef { id })),
        History::Export(export) => export_history(context, &export),
    }
}

fn kind(word: String) -> Result<RecordKind, Error> {
    match serde_json::from_value(word.into()) {
        Ok(RecordKind::Unknown) | Err(_) => {
            let why = "a kind is missed, answered, outgoing or answered_elsewhere";
            Err(Error::new(Code::USAGE, why))
        }
        Ok(kind) => Ok(kind),
    }
}

fn export_history(context: &mut Context, export: &Export) -> Result<ExitCode, Error> {
    let query = HistoryQuery {
        limit: Some(ALL),
        ..HistoryQuery::default()
    };
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::HistoryList(query))?;
    let Reply::History { records } = reply else {
        return Err(odd_reply(&reply));
    };
    let count = records.len();
    let text = match export.as_json {
        true => serde_json::to_string_pretty(&records)
            .map_err(|why| Error::new(Code::BAD_CONTROL_LINE, why.to_string()))?,
        false => csv(&records),
    };
    write(
        context,
        export.file.as_deref(),
        &text,
        &format!("{count} records"),
    )
}

/// Into a file that is new, or as lines.
fn write(
    context: &mut Context,
    file: Option<&Path>,
    text: &str,
    what: &str,
) -> Result<ExitCode, Error> {
    let Some(file) = file else {
        text.lines().for_each(|line| context.out.line(line));
        return Ok(ExitCode::Success);
    };
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file);
    let written =
        written.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|why| {
        Error::new(
            Code::FILE_UNREADABLE,
            format!("{} cannot be written: {why}", file.display()),
        )
    })?;
    context.out.line(&format!("{what} in {}", file.display()));
    Ok(ExitCode::Success)
}

/// A table for spreadsheets (RFC 4180).
fn csv(records: &[HistoryRecord]) -> String {
    let head =
        "id,kind,state,account,started,answered,ended,duration_ms,address,name,status,marks\r\n";
    let mut text = head.to_owned();
    for record in records {
        let moment =
            |at: Option<control::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let number = |number: Option<String>| number.unwrap_or_default();
        let marks: Vec<String> = record
            .marks
            .iter()
            .map(|mark| format!("{mark:?}").to_lowercase())
            .collect();
        let cells = [
            record.id.clone(),
            record.kind.word().to_owned(),
            state(record.state).to_owned(),
            record
                .account
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            record.started.to_string(),
            moment(record.answered),
            moment(record.ended),
            number(record.duration_ms.map(|ms| ms.to_string())),
            record.remote.uri.clone(),
            name(record).unwrap_or_default().to_owned(),
            number(record.sip_status.map(|status| status.to_string())),
            marks.join(" "),
        ];
        text += &cells.map(|cell| cell_of(&cell)).join(",");
        text += "\r\n";
    }
    text
}

/// In quotes; what a spreadsheet would take for a formula begins with an apostrophe.
fn cell_of(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

pub(crate) fn contact(context: &mut Context, verb: Contact) -> Result<ExitCode, Error> {
    match verb {
        Contact::List { kind } => ask(context, Command::ContactList(query(kind, None)?)),
        Contact::Search { text } => ask(context, Command::ContactList(query(None, Some(text))?)),
        Contact::Add(fields) => {
            let contact = read(control::Contact::default(), fields)?;
            ask(context, Command::ContactAdd(Box::new(contact)))
        }
        Contact::Change { id, fields } => {
            let known = find(context, &id)?;
            let contact = read(known, fields)?;
            ask(context, Command::ContactChange(Box::new(contact)))
        }
        Contact::Remove { id } => ask(context, Command::ContactRemove(ContactRef { id })),
        Contact::Import { file, kind } => import(context, &file, kind),
        Contact::Export { file } => {
            let mut engine = Engine::connect(&context.global, None)?;
            let (_, reply) = engine.ask(Command::ContactExport(ContactQuery::default()))?;
            let Reply::Vcards { vcards } = reply else {
                return Err(odd_reply(&reply));
            };
            let count = vcards.matches("BEGIN:VCARD").count();
            write(
                context,
                file.as_deref(),
                &vcards,
                &format!("{count} contacts"),
            )
        }
    }
}

fn query(kind: Option<String>, text: Option<String>) -> Result<ContactQuery, Error> {
    Ok(ContactQuery {
        kind: kind.map(contact_kind).transpose()?,
        text,
        ..ContactQuery::default()
    })
}

fn contact_kind(word: String) -> Result<ContactKind, Error> {
    match serde_json::from_value(word.into()) {
        Ok(ContactKind::Unknown) | Err(_) => {
            let why = "a kind is extension, department, general, quick_dial or personal";
            Err(Error::new(Code::USAGE, why))
        }
        Ok(kind) => Ok(kind),
    }
}

/// The contact with what was typed; what was not stays as it is.
fn read(mut contact: control::Contact, fields: ContactFields) -> Result<control::Contact, Error> {
    if let Some(name) = fields.name {
        contact.name = name;
    }
    if !fields.number.is_empty() {
        contact.numbers = fields.number;
    }
    if let Some(kind) = fields.kind {
        contact.kind = contact_kind(kind)?;
    }
    contact.organisation = fields.organisation.or(contact.organisation);
    contact.mail = fields.mail.or(contact.mail);
    contact.position = fields.position.unwrap_or(contact.position);
    contact.watch = fields.watch.unwrap_or(contact.watch);
    Ok(contact)
}

fn find(context: &Context, id: &str) -> Result<control::Contact, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::ContactList(ContactQuery::default()))?;
    let Reply::Contacts { contacts, .. } = reply else {
        return Err(odd_reply(&reply));
    };
    let found = contacts.into_iter().find(|contact| contact.id == id);
    found.ok_or_else(|| Error::new(Code::UNKNOWN_RECORD, format!("no contact has the id {id}")))
}

fn import(context: &mut Context, file: &Path, kind: Option<String>) -> Result<ExitCode, Error> {
    let kind = kind.map(contact_kind).transpose()?.unwrap_or_default();
    let text = std::fs::read(file)
        .map_err(|why| Error::new(Code::FILE_UNREADABLE, format!("{}: {why}", file.display())))?;
    let text = String::from_utf8_lossy(&text);
    let mut engine = Engine::connect(&context.global, None)?;
    let mut done = Imported::default();
    let mut before = 0;
    for chunk in chunks(&text) {
        let vcards = chunk.to_owned();
        let cards = u32::try_from(vcards.matches("BEGIN:VCARD").count()).unwrap_or(u32::MAX);
        let (_, reply) = engine.ask(Command::ContactImport(ContactImport { vcards, kind }))?;
        let Reply::Imported { imported } = reply else {
            return Err(odd_reply(&reply));
        };
        done.added += imported.added;
        done.known += imported.known;
        done.skipped
            .extend(imported.skipped.into_iter().map(|mut skipped| {
                skipped.number += before;
                skipped
            }));
        before += cards;
    }
    show(context, &Reply::Imported { imported: done })
}

/// The text in parts that each begin with a vCard.
fn chunks(text: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut rest = text;
    while rest.len() > CHUNK {
        let mut most = CHUNK;
        while !rest.is_char_boundary(most) {
            most -= 1;
        }
        let (head, _) = rest.split_at(most);
        // A card larger than this is for the engine to refuse.
        let Some(at) = head.rfind("\nBEGIN:VCARD").filter(|at| *at > 0) else {
            break;
        };
        let (chunk, next) = rest.split_at(at + 1);
        chunks.push(chunk);
        rest = next;
    }
    chunks.push(rest);
    chunks
}

pub(super) fn ask(context: &mut Context, command: Command) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(command)?;
    show(context, &reply)
}

pub(super) fn show(context: &mut Context, reply: &Reply) -> Result<ExitCode, Error> {
    for line in lines(reply)? {
        context.out.line(&line);
    }
    context.out.object(reply);
    Ok(ExitCode::Success)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a reply of another kind than these is odd"
)]
fn lines(reply: &Reply) -> Result<Vec<String>, Error> {
    Ok(match reply {
        Reply::History { records } => records_table(records),
        Reply::Deleted { count } => vec![format!("{count} deleted")],
        Reply::Contacts { contacts, silent } => {
            let mut lines = contacts_table(contacts);
            let told = silent.iter();
            lines.extend(told.map(|title| format!("{title} did not answer: this is not all")));
            lines
        }
        Reply::Contact { contact } => contacts_table(std::slice::from_ref(contact)),
        Reply::Imported { imported } => {
            let (added, known) = (imported.added, imported.known);
            let mut lines = vec![format!("{added} added, {known} known already")];
            let skipped = imported.skipped.iter();
            lines.extend(
                skipped.map(|skipped| format!("vCard {}: {}", skipped.number, skipped.why)),
            );
            lines
        }
        Reply::Mail { link, .. } => vec![link.clone()],
        Reply::Profiles { profiles } => profiles.iter().flat_map(profile).collect(),
        Reply::Call { call } => vec![format!("{} {}", call.call, words::address(&call.to.uri))],
        _ => return Err(odd_reply(reply)),
    })
}

fn records_table(records: &[HistoryRecord]) -> Vec<String> {
    if records.is_empty() {
        return vec!["no records".to_owned()];
    }
    let head = [
        "id", "kind", "state", "when", "for", "with", "account", "marks",
    ]
    .map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(records.iter().map(|record| {
        let with = match name(record) {
            Some(name) => format!("{} ({name})", words::address(&record.remote.uri)),
            None => words::address(&record.remote.uri).to_owned(),
        };
        let marks: Vec<String> = record
            .marks
            .iter()
            .map(|mark| format!("{mark:?}").to_lowercase())
            .collect();
        let length = record
            .duration_ms
            .map(|ms| format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60));
        vec![
            record.id.clone(),
            record.kind.word().replace('_', " "),
            state(record.state).to_owned(),
            record.started.to_string(),
            length.unwrap_or_default(),
            with,
            record
                .account
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            marks.join(" "),
        ]
    }));
    words::table(&rows)
}

/// The name by our own lists, or else the one they give themselves.
fn name(record: &HistoryRecord) -> Option<&str> {
    let known = record.known.as_ref().map(|known| known.name.as_str());
    known.or(record.remote.display.as_deref())
}

const fn state(state: RecordState) -> &'static str {
    match state {
        RecordState::Open => "open",
        RecordState::Completed => "completed",
        RecordState::Cancelled => "cancelled",
        RecordState::Interrupted => "interrupted",
        RecordState::Unknown => "unknown",
    }
}

fn contacts_table(contacts: &[control::Contact]) -> Vec<String> {
    if contacts.is_empty() {
        return vec!["no contacts".to_owned()];
    }
    let head = [
        "id",
        "kind",
        "name",
        "organisation",
        "numbers",
        "source",
        "shows",
    ]
    .map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(contacts.iter().map(|contact| {
        vec![
            contact.id.clone(),
            contact.kind.word().replace('_', " "),
            contact.name.clone(),
            contact.organisation.clone().unwrap_or_default(),
            contact.numbers.join(", "),
            contact.source.clone(),
            shows(contact.shows.as_ref()),
        ]
    }));
    words::table(&rows)
}

fn profile(profile: &Profile) -> Vec<String> {
    let active = if profile.active { "  (in use)" } else { "" };
    let mut lines = vec![format!("{}{active}", profile.name)];
    let favourites = profile.favourites.iter();
    lines.extend(favourites.filter_map(|favourite| {
        let text = favourite.name.as_ref().or(favourite.number.as_ref())?;
        let line = format!("  {text:<16}  {}", shows(favourite.shows.as_ref()));
        Some(line.trim_end().to_owned())
    }));
    lines
}

/// How somebody in a list is.
fn shows(shows: Option<&Shows>) -> String {
    match shows {
        Some(Shows::Lamp(lamp)) => super::blf::words(lamp),
        Some(Shows::NoPresence) => "no presence".to_owned(),
        Some(Shows::Unknown) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_takes_no_name_for_a_formula() {
        assert_eq!(cell_of("=1+1"), "\"'=1+1\"");
        assert_eq!(cell_of("+4930"), "\"'+4930\"");
        assert_eq!(cell_of("a \"b\""), "\"a \"\"b\"\"\"");
    }

    #[test]
    fn a_large_file_is_cut_between_cards_and_nothing_is_lost() {
        let card = "BEGIN:VCARD\nFN:Jörg\nTEL:1\nEND:VCARD\n";
        let text = card.repeat(20_000);
        let chunks = chunks(&text);
        assert!(chunks.len() > 2);
        assert_eq!(chunks.concat(), text);
        assert!(
            chunks
                .iter()
                .all(|chunk| chunk.starts_with("BEGIN:VCARD") && chunk.len() <= CHUNK)
        );
    }
}
