//! Address books of a CardDAV server (RFC 6352), as a directory plugin.
//!
//! What it is not: it writes nothing at the server and nothing to disk. It keeps a copy in memory, brought up to date
//! when it is asked and the copy is older than it may be; where the server is away, the last copy answers `text` and
//! `number`, and `all` says what is wrong.
//!
//! | file | holds |
//! | --- | --- |
//! | [`CardDav`] | one account at a server, and its copy |
//! | `server` | what is asked of the server |
//! | `xml` | its answers |

mod server;
mod xml;

use control::Contact;
use http_client::Options;
use people::Question;
use plugin::{Directory, Refusal, Status};
use serde_json::{Value, json};
use server::Server;
use std::time::{Duration, Instant};

/// One account at a server.
#[derive(Debug)]
pub struct CardDav {
    server: Server,
    refresh: Duration,
    /// When the copy was last known to be the server's.
    fresh: Option<Instant>,
}

impl Directory for CardDav {
    fn open(options: &str) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, why);
        let options = Options::read(options).map_err(bad)?;
        Ok(Self {
            refresh: options.refresh(),
            server: Server::new(&options).map_err(bad)?,
            fresh: None,
        })
    }

    fn search(&mut self, query: &str) -> Result<String, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, why);
        let question = Question::read(query).map_err(bad)?;
        let synchronised = match self.is_stale() || question.all {
            true => self.synchronise(),
            false => Ok(()),
        };
        match synchronised {
            // Who asks for everybody keeps the last answer; who asks for one is helped by an old one.
            Err(why) if question.all || self.fresh.is_none() => return Err(why),
            Err(_) | Ok(()) => {}
        }
        let people = self
            .server
            .people()
            .filter(|(_, person)| question.means(person));
        let limit = question.limit.unwrap_or(usize::MAX);
        let people: Vec<Value> = people
            .take(limit)
            .map(|(id, person)| told(id, person))
            .collect();
        Ok(Value::Array(people).to_string())
    }
}

impl CardDav {
    fn is_stale(&self) -> bool {
        self.fresh.is_none_or(|at| at.elapsed() >= self.refresh)
    }

    fn synchronise(&mut self) -> Result<(), Refusal> {
        let done = self.server.synchronise();
        done.map_err(|why| Refusal::new(Status::FAILED, why.to_string()))?;
        self.fresh = Some(Instant::now());
        Ok(())
    }
}

fn told(id: &str, person: &Contact) -> Value {
    json!({
        "id": id,
        "name": person.name,
        "numbers": person.numbers,
        "labels": person.labels,
        "organisation": person.organisation,
    })
}

plugin::export_directory!(
    CardDav,
    id = "directory-carddav",
    name = "Address books over CardDAV",
    permissions = ["net"],
    config = r#"{
        "url":{"type":"string","default":"","help":"principal, home or address book: http://SERVER/USER/"},
        "user":{"type":"string","default":"","help":"name to log in with"},
        "password":{"type":"string","default":"","help":"its password"},
        "refresh_s":{"type":"integer","default":180,"min":1,"max":86400,"help":"how old the copy may be"},
        "timeout_ms":{"type":"integer","default":10000,"min":100,"max":60000,"help":"how long one request may take"},
        "clear_password":{"type":"boolean","default":false,"help":"let the password be readable on its way (Basic without TLS)"}
    }"#
);

#[cfg(test)]
mod tests;
