//! People in JSON.

use crate::Person;
use serde::Deserialize;
use serde_json::Value;

/// Under which names an object may hold the list.
const LISTS: [&str; 6] = [
    "people",
    "contacts",
    "entries",
    "items",
    "results",
    "directory",
];

/// Text, or a number where somebody wrote `"number": 101`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Whole(u64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(Text),
    Labelled {
        #[serde(alias = "value", alias = "phone")]
        number: Text,
        #[serde(default, alias = "type")]
        label: String,
    },
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    id: Option<Text>,
    #[serde(alias = "displayName", alias = "display_name")]
    name: String,
    #[serde(default, alias = "phones", alias = "telephones")]
    numbers: Vec<Number>,
    #[serde(default, alias = "phone", alias = "telephone", alias = "extension")]
    number: Option<Text>,
    #[serde(
        default,
        alias = "organization",
        alias = "company",
        alias = "department"
    )]
    organisation: Option<String>,
    #[serde(default)]
    kind: String,
}

impl Text {
    fn into_string(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
        }
    }
}

/// Everybody of an answer; one who cannot be read is left out. `None`: it is no list.
pub(crate) fn people(body: &[u8]) -> Option<Vec<Person>> {
    let list = match serde_json::from_slice(body).ok()? {
        Value::Array(list) => list,
        Value::Object(mut object) => {
            let name = LISTS.iter().find(|name| object.contains_key(**name))?;
            match object.remove(*name)? {
                Value::Array(list) => list,
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_) => return None,
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    let entries = list.into_iter().filter_map(|entry| {
        let entry: Entry = serde_json::from_value(entry).ok()?;
        Some(person(entry))
    });
    Some(entries.collect())
}

fn person(entry: Entry) -> Person {
    let mut person = Person {
        id: entry.id.map(Text::into_string).unwrap_or_default(),
        name: entry.name,
        organisation: entry.organisation.unwrap_or_default(),
        kind: entry.kind,
        numbers: Vec::new(),
    };
    for number in entry.numbers {
        person.numbers.push(match number {
            Number::Plain(number) => (number.into_string(), String::new()),
            Number::Labelled { number, label } => (number.into_string(), label),
        });
    }
    if let Some(number) = entry.number {
        person.numbers.push((number.into_string(), String::new()));
    }
    person
}
