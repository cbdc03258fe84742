//! A phone book that is asked over LDAP (RFC 4511), as a directory plugin.
//!
//! What it is not: it copies nothing. Each question goes to the server; what comes back is looked through once more
//! here, because servers do not fold accents and write numbers in many ways.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Ldap`] | one directory, and its connection |
//! | [`options`] | what can be set |
//! | `question` | filters (RFC 4515) |
//! | `entry` | an entry as a person |

mod entry;
pub mod options;
mod question;

pub use options::Options;

use entry::Person;
use ldap3::{LdapConn, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions};
use plugin::{Directory, Refusal, Status};
use question::Question;
use std::time::Duration;

/// Entries asked for of one that is wanted: some of them are no match once accents and digits are compared.
const SPARE: usize = 4;
/// The answer is not whole. Source: RFC 4511 §4.1.9.
const SIZE_LIMIT: u32 = 4;
const TIME_LIMIT: u32 = 3;
/// Who asks is not let in. Source: RFC 4511 §4.1.9, appendix A.
const INVALID_CREDENTIALS: u32 = 49;

/// One directory.
#[derive(Debug)]
pub struct Ldap {
    options: Options,
    connection: Option<Connection>,
}

struct Connection(LdapConn);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Directory for Ldap {
    fn open(options: &str) -> Result<Self, Refusal> {
        Ok(Self {
            options: Options::read(options)?,
            connection: None,
        })
    }

    fn search(&mut self, query: &str) -> Result<String, Refusal> {
        let bad = |why: serde_json::Error| {
            Refusal::new(Status::BAD_ARGUMENT, format!("the question: {why}"))
        };
        let question: Question = serde_json::from_str(query).map_err(bad)?;
        if question.all {
            let why = "an LDAP server is asked, it is not listed";
            return Err(Refusal::new(Status::UNSUPPORTED, why));
        }
        let Some(filter) = question.filter(&self.options) else {
            return Ok("[]".to_owned());
        };
        let limit = question.limit.unwrap_or(self.options.limit);
        let limit = limit.min(self.options.limit);
        // A connection that stood unused for long may be gone: then it is made anew, once.
        let had = self.connection.is_some();
        let found = match self.ask(&filter, limit) {
            Err(_) if had && self.connection.is_none() => self.ask(&filter, limit),
            found => found,
        }?;
        let people = found.into_iter().filter_map(|entry| {
            let person = Person::of(entry, &self.options)?;
            question.is_answered_by(&person).then_some(person)
        });
        let people: Vec<Person> = people.take(limit).collect();
        serde_json::to_string(&people).map_err(|why| Refusal::new(Status::FAILED, why.to_string()))
    }
}

impl Ldap {
    /// Asks the server. Whatever goes wrong on the way ends the connection.
    fn ask(&mut self, filter: &str, limit: usize) -> Result<Vec<SearchEntry>, Refusal> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let options = &self.options;
        let most = i32::try_from(limit.saturating_mul(SPARE)).unwrap_or(i32::MAX);
        let seconds = i32::try_from(options.timeout_ms.div_ceil(1000)).unwrap_or(i32::MAX);
        let search = SearchOptions::new().sizelimit(most).timelimit(seconds);
        let line = &mut connection.0;
        line.with_timeout(Duration::from_millis(options.timeout_ms));
        line.with_search_options(search);
        let found = line.search(&options.base, Scope::Subtree, filter, options.attributes());
        let found = found.map_err(|why| options.fault(&why))?;
        let (entries, said) = (found.0, found.1);
        if !matches!(said.rc, 0 | SIZE_LIMIT | TIME_LIMIT) {
            let server = &options.url;
            let why = format!("{server} answers {}: {}", said.rc, said.text);
            return Err(Refusal::new(Status::FAILED, why));
        }
        self.connection = Some(connection);
        let entries = entries
            .into_iter()
            .filter(|entry| !entry.is_ref() && !entry.is_intermediate());
        Ok(entries.map(SearchEntry::construct).collect())
    }

    fn connect(&self) -> Result<Connection, Refusal> {
        let options = &self.options;
        let wait = Duration::from_millis(options.timeout_ms);
        let settings = LdapConnSettings::new().set_conn_timeout(wait);
        let line = LdapConn::with_settings(settings, &options.url);
        let mut line = line.map_err(|why| options.fault(&why))?;
        if !options.user.is_empty() {
            line.with_timeout(wait);
            let said = line.simple_bind(&options.user, options.password.text());
            let said = said.map_err(|why| options.fault(&why))?;
            if said.rc != 0 {
                return Err(options.refused(said.rc, &said.text));
            }
        }
        Ok(Connection(line))
    }
}

impl Options {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library may have more to say some day"
    )]
    fn fault(&self, why: &LdapError) -> Refusal {
        let server = &self.url;
        let why = match why {
            LdapError::Timeout { .. } => {
                let ms = self.timeout_ms;
                return Refusal::new(
                    Status::FAILED,
                    format!("{server} does not answer within {ms} ms"),
                );
            }
            why => why.to_string(),
        };
        Refusal::new(Status::FAILED, format!("{server} cannot be asked: {why}"))
    }

    fn refused(&self, code: u32, text: &str) -> Refusal {
        let (server, user) = (&self.url, &self.user);
        let why = match code {
            INVALID_CREDENTIALS => format!("{server} does not take the password of {user:?}"),
            code => format!("{server} does not let {user:?} in: {code} {text}"),
        };
        Refusal::new(Status::FAILED, why)
    }
}

plugin::export_directory!(
    Ldap,
    id = "directory-ldap",
    name = "A phone book over LDAP",
    permissions = ["net"],
    config = r#"{
        "url":{"type":"string","default":"","help":"ldap://SERVER or ldap://SERVER:PORT"},
        "base":{"type":"string","default":"","help":"where the people stand: ou=people,dc=example,dc=org"},
        "user":{"type":"string","default":"","help":"distinguished name to log in with; empty: anonymous"},
        "password":{"type":"string","default":"","help":"its password"},
        "filter":{"type":"string","default":"","help":"what every person fulfils: (objectClass=inetOrgPerson)"},
        "name":{"type":"string","default":"cn","help":"attribute that holds the name"},
        "organisation":{"type":"string","default":"o","help":"attribute that holds where they work"},
        "numbers":{"type":"string","default":"telephoneNumber=work,mobile=cell,homePhone=home","help":"attributes that hold numbers, best first, each with what it is for"},
        "limit":{"type":"integer","default":50,"min":1,"max":1000,"help":"people in an answer"},
        "timeout_ms":{"type":"integer","default":5000,"min":100,"max":60000,"help":"how long the server may take"}
    }"#
);

#[cfg(test)]
mod tests;
