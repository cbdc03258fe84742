//! People of a server that answers in JSON or XML over HTTP, as a directory plugin.
//!
//! What it is not: it writes nothing at the server and nothing to disk. An address without `%query%` is everybody: it
//! keeps a copy in memory, asked for again with its tag when the copy is older than it may be; where the server is
//! away, the last copy answers `text` and `number`, and `all` says what is wrong. An address with `%query%` is a search,
//! asked each time.
//!
//! | file | holds |
//! | --- | --- |
//! | [`People`] | one address, and its copy |
//! | `json`, `xml` | its answers |

mod json;
mod xml;

use control::Contact;
use control::contacts::ContactKind;
use http_client::{Answer, Ask, Client, Options, Url};
use people::{Question, fold};
use plugin::{Directory, Refusal, Status};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// People of one answer. Source: the store holds as many contacts.
const PEOPLE: usize = 20_000;
/// One answer. Unit: bytes.
const BODY: u64 = 16 << 20;
/// What stands in the address of a search.
const QUERY: &str = "%query%";

/// Somebody, as the server says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Person {
    id: String,
    name: String,
    organisation: String,
    kind: String,
    /// Each with what it is for.
    numbers: Vec<(String, String)>,
}

/// One address.
#[derive(Debug)]
pub struct People {
    client: Client,
    /// With `%query%` in it where it is a search.
    url: String,
    refresh: Duration,
    copy: Vec<(String, Contact)>,
    /// What the copy is at the server; empty: it does not say.
    tag: String,
    /// When the copy was last known to be the server's.
    fresh: Option<Instant>,
}

impl Directory for People {
    fn open(options: &str) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, why);
        let options = Options::read(options).map_err(bad)?;
        Ok(Self {
            client: options.client(BODY).map_err(bad)?,
            refresh: options.refresh(),
            url: options.url,
            copy: Vec::new(),
            tag: String::new(),
            fresh: None,
        })
    }

    fn search(&mut self, query: &str) -> Result<String, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, why);
        let question = Question::read(query).map_err(bad)?;
        if self.url.contains(QUERY) {
            return self.ask(&question);
        }
        let is_stale = self.fresh.is_none_or(|at| at.elapsed() >= self.refresh);
        if is_stale || question.all {
            match self.synchronise() {
                // Who asks for everybody keeps the last answer; who asks for one is helped by an old one.
                Err(why) if question.all || self.fresh.is_none() => return Err(why),
                Err(_) | Ok(()) => {}
            }
        }
        let meant = self
            .copy
            .iter()
            .filter(|(_, person)| question.means(person));
        Ok(told(meant, question.limit))
    }
}

impl People {
    /// Has the server search.
    fn ask(&mut self, question: &Question) -> Result<String, Refusal> {
        let wanted = match (&question.text, &question.number) {
            (Some(text), _) => text.as_str(),
            (None, Some(number)) => fold::user_of(number),
            (None, None) => {
                let why = "a search does not say who there is";
                return Err(Refusal::new(Status::UNSUPPORTED, why));
            }
        };
        let wanted: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        let address = address(&self.url.replace(QUERY, &wanted))?;
        let found = read(&self.get(&address, &[])?)?;
        // Who has the number is for us to say: a search finds what is like it, too.
        let is_meant = |person: &Contact| question.number.is_none() || question.means(person);
        let found: Vec<_> = contacts(found).collect();
        let meant = found.iter().filter(|(_, person)| is_meant(person));
        Ok(told(meant, question.limit))
    }

    /// Makes the copy the server's. A list that did not change costs one small request, where the server knows tags.
    fn synchronise(&mut self) -> Result<(), Refusal> {
        let url = address(&self.url)?;
        let tag = self.tag.clone();
        let known = [("If-None-Match", tag.as_str())];
        let answer = self.get(&url, if tag.is_empty() { &[] } else { &known })?;
        if answer.status != 304 {
            self.copy = contacts(read(&answer)?).collect();
            self.tag = answer.header("etag").unwrap_or_default().to_owned();
        }
        self.fresh = Some(Instant::now());
        Ok(())
    }

    fn get(&mut self, url: &Url, headers: &[(&str, &str)]) -> Result<Answer, Refusal> {
        let ask = Ask {
            method: "GET",
            url,
            headers,
            body: "",
        };
        let answer = self.client.ask(&ask);
        let answer = answer.map_err(|why| failed(format!("{why}; {}", why.fix())))?;
        match answer.status {
            200 | 304 => Ok(answer),
            status => Err(failed(format!("{} answers {status}", answer.url))),
        }
    }
}

fn failed(why: String) -> Refusal {
    Refusal::new(Status::FAILED, why)
}

fn address(text: &str) -> Result<Url, Refusal> {
    let bad = |why| Refusal::new(Status::BAD_ARGUMENT, format!("options: url: {why}"));
    http_client::address(text).map_err(bad)
}

/// People of an answer, by what it looks like: servers say all sorts of content types.
fn read(answer: &Answer) -> Result<Vec<Person>, Refusal> {
    let begins = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
    let people = match begins {
        Some(b'[' | b'{') => json::people(&answer.body),
        Some(_) => xml::people(&answer.body),
        None => None,
    };
    let no_list = || failed(format!("{} answers with no list of people", answer.url));
    let people = people.ok_or_else(no_list)?;
    match people.len() > PEOPLE {
        true => Err(failed(format!(
            "{} has more than {PEOPLE} people",
            answer.url
        ))),
        false => Ok(people),
    }
}

/// Those who can be called, each with an id that lasts as long as the server's, or name and number, do.
fn contacts(people: Vec<Person>) -> impl Iterator<Item = (String, Contact)> {
    people.into_iter().filter_map(|person| {
        let (mut numbers, mut labels) = (Vec::new(), Vec::new());
        for (number, label) in person.numbers {
            if !number.trim().is_empty() {
                numbers.push(number.trim().to_owned());
                labels.push(label);
            }
        }
        let name = person.name.trim();
        let id = match (person.id, numbers.first()?) {
            (id, number) if id.is_empty() => format!("{name} {number}"),
            (id, _) => id,
        };
        let kind = match person.kind.as_str() {
            "extension" => ContactKind::Extension,
            "department" => ContactKind::Department,
            _ => ContactKind::General,
        };
        let contact = Contact {
            kind,
            name: name.to_owned(),
            organisation: Some(person.organisation).filter(|text| !text.is_empty()),
            numbers,
            labels,
            ..Contact::default()
        };
        (!name.is_empty()).then_some((id, contact))
    })
}

fn told<'a>(people: impl Iterator<Item = &'a (String, Contact)>, limit: Option<usize>) -> String {
    let told = people
        .take(limit.unwrap_or(usize::MAX))
        .map(|(id, person)| {
            json!({
                "id": id,
                "kind": person.kind,
                "name": person.name,
                "numbers": person.numbers,
                "labels": person.labels,
                "organisation": person.organisation,
            })
        });
    Value::Array(told.collect()).to_string()
}

plugin::export_directory!(
    People,
    id = "directory-http",
    name = "People of a server, in JSON or XML",
    permissions = ["net"],
    config = r#"{
        "url":{"type":"string","default":"","help":"a list of everybody, or with %query% in it a search: http://SERVER/people?q=%query%"},
        "user":{"type":"string","default":"","help":"name to log in with"},
        "password":{"type":"string","default":"","help":"its password"},
        "refresh_s":{"type":"integer","default":180,"min":1,"max":86400,"help":"how old the copy may be"},
        "timeout_ms":{"type":"integer","default":10000,"min":100,"max":60000,"help":"how long one request may take"},
        "clear_password":{"type":"boolean","default":false,"help":"let the password be readable on its way (Basic without TLS)"}
    }"#
);

#[cfg(test)]
mod tests;
