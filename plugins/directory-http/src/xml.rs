//! People in XML, as phone books for desk phones have them: entries with a name and numbers, whatever the case of
//! their elements.
//!
//! Their size is the client's bound; depth and count are bounded here.

use crate::{PEOPLE, Person};
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Elements within elements.
const DEPTH: usize = 16;
/// What a server sends that wants somebody to log in, or is out of order: no list of nobody.
const PAGE: &str = "html";
/// Elements that are somebody.
const ENTRIES: [&str; 5] = ["directoryentry", "entry", "contact", "person", "item"];
/// Elements that hold a number, and what it is for.
const NUMBERS: [(&str, &str); 7] = [
    ("telephone", ""),
    ("number", ""),
    ("phone", ""),
    ("extension", ""),
    ("mobile", "cell"),
    ("home", "home"),
    ("office", "work"),
];

/// An entry that is being read.
struct Open {
    person: Person,
    /// How many elements it stands in.
    depth: usize,
    /// What the number is for whose element is open.
    label: String,
}

/// Everybody of an answer. `None`: it is no XML.
pub(crate) fn people(body: &[u8]) -> Option<Vec<Person>> {
    let text = core::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let (mut found, mut open) = (Vec::new(), None);
    let (mut depth, mut said, mut begun) = (0, String::new(), false);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                depth += 1;
                begun = true;
                let is_page = depth == 1 && start.local_name().as_ref().eq_ignore_ascii_case(PAGE);
                if depth > DEPTH || is_page {
                    return None;
                }
                opened(&start, depth, &mut open)?;
                said.clear();
            }
            Event::Empty(_) => begun = true,
            Event::Text(text) => said.push_str(&text),
            Event::CData(text) => said.push_str(&text),
            Event::GeneralRef(entity) => said.push_str(&meant(&entity)?),
            Event::End(end) => {
                let name = end.local_name().as_ref().to_lowercase();
                open = closed(open, &name, depth, said.trim(), &mut found)?;
                depth = depth.checked_sub(1)?;
                said.clear();
            }
            Event::DocType(_) => return None,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return (begun && depth == 0).then_some(found),
        }
    }
}

/// An entity: one of XML's own, or a character by its number.
fn meant(entity: &BytesRef<'_>) -> Option<String> {
    if let Some(letter) = entity.resolve_char_ref().ok()? {
        return Some(letter.to_string());
    }
    resolve_xml_entity(entity).map(str::to_owned)
}

fn opened(start: &BytesStart<'_>, depth: usize, open: &mut Option<Open>) -> Option<()> {
    let name = start.local_name().as_ref().to_lowercase();
    if let Some(open) = open {
        open.label = attribute(start, "label")?;
        if open.label.is_empty() {
            open.label = attribute(start, "type")?;
        }
    } else if ENTRIES.contains(&name.as_str()) {
        let person = Person {
            id: attribute(start, "id")?,
            kind: attribute(start, "kind")?,
            ..Person::default()
        };
        *open = Some(Open {
            person,
            depth,
            label: String::new(),
        });
    }
    Some(())
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.try_get_attribute(name).ok()?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0));
    Some(value.transpose().ok()?.unwrap_or_default().into_owned())
}

/// `None`: there are too many.
#[allow(clippy::option_option, reason = "the entry may go on")]
fn closed(
    open: Option<Open>,
    name: &str,
    depth: usize,
    said: &str,
    found: &mut Vec<Person>,
) -> Option<Option<Open>> {
    let Some(mut open) = open else {
        return Some(None);
    };
    if depth == open.depth {
        found.push(open.person);
        return (found.len() <= PEOPLE).then_some(None);
    }
    let person = &mut open.person;
    let number = NUMBERS.iter().find(|(element, _)| *element == name);
    match (name, number) {
        (_, Some((_, usual))) => {
            let label = match open.label.as_str() {
                "" => *usual,
                label => label,
            };
            person.numbers.push((said.to_owned(), label.to_lowercase()));
        }
        ("name" | "displayname", None) => said.clone_into(&mut person.name),
        ("id", None) => said.clone_into(&mut person.id),
        ("kind", None) => said.clone_into(&mut person.kind),
        ("organisation" | "organization" | "company" | "department", None) => {
            said.clone_into(&mut person.organisation);
        }
        (_, None) => {}
    }
    Some(Some(open))
}
