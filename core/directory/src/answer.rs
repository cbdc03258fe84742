//! What a plugin says, as people. It is a stranger's: everything is bounded, and what cannot be used is left out.

use control::Contact;
use control::contacts::{ContactKind, Origin};
use serde::Deserialize;

/// Numbers of one person.
const NUMBERS: usize = 16;
/// Length of a name. Unit: characters.
const NAME: usize = 200;
/// Length of a number, a label, an id. Unit: characters.
const WORD: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Person {
    id: Option<String>,
    name: String,
    numbers: Vec<String>,
    labels: Vec<String>,
    organisation: Option<String>,
    kind: Option<ContactKind>,
}

/// The people of an answer, `limit` at most. Errors: it is no answer.
pub(crate) fn people(
    said: &str,
    title: &str,
    list: &str,
    limit: usize,
) -> Result<Vec<Contact>, String> {
    let read: Vec<Person> =
        serde_json::from_str(said).map_err(|why| format!("its answer cannot be read: {why}"))?;
    let people = read
        .into_iter()
        .filter_map(|person| contact(person, title, list));
    Ok(people.take(limit).collect())
}

fn contact(person: Person, title: &str, list: &str) -> Option<Contact> {
    let name = line(&person.name, NAME);
    let mut numbers = Vec::new();
    let mut labels = Vec::new();
    for (at, number) in person.numbers.iter().enumerate().take(NUMBERS) {
        let number = line(number, WORD);
        if number.is_empty() {
            continue;
        }
        numbers.push(number);
        let label = person.labels.get(at).map(|label| line(label, WORD));
        labels.push(label.unwrap_or_default());
    }
    if labels.iter().all(String::is_empty) {
        labels.clear();
    }
    let organisation = person.organisation.map(|text| line(&text, NAME));
    let usable = !name.is_empty() && !numbers.is_empty();
    usable.then(|| Contact {
        kind: kind(person.kind),
        name,
        organisation: organisation.filter(|text| !text.is_empty()),
        numbers,
        labels,
        source: title.to_owned(),
        origin: Some(Origin {
            list: list.to_owned(),
            id: line(&person.id.unwrap_or_default(), WORD),
        }),
        ..Contact::default()
    })
}

/// What a directory may say that its people are; quick dial and one's own are this computer's.
fn kind(said: Option<ContactKind>) -> ContactKind {
    match said {
        Some(kind @ (ContactKind::Extension | ContactKind::Department)) => kind,
        Some(
            ContactKind::General
            | ContactKind::QuickDial
            | ContactKind::Personal
            | ContactKind::Unknown,
        )
        | None => ContactKind::General,
    }
}

/// One line without control characters, cut.
fn line(text: &str, most: usize) -> String {
    let plain = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    plain.take(most).collect()
}
