//! application/conference-info+xml: who is in a conference, full states and changes. Source: RFC 4575 §4, §5.

use super::xml::{self, Bad, Element};
use serde::{Deserialize, Serialize};

/// People of one conference that are kept, and endpoints of each; a document that names more is not read.
const MAX_USERS: usize = 256;
const MAX_ENDPOINTS: usize = 16;

/// Something is missing: the full state has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing;

/// How far somebody is. Source: RFC 4575 §5.7.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// Out of it, or on the way out.
    Left,
    /// On the way in: called, ringing, calling, or waiting to be let in.
    Joining,
    /// In it, and holds it.
    Held,
    /// In it.
    Connected,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its address.
    pub uri: String,
    /// Its name.
    pub display: Option<String>,
    /// Its phones, each with how far it is.
    endpoints: Vec<(String, Status)>,
}

impl User {
    /// How far it is, by the phone that is farthest; a notifier that names none says only that it is there.
    pub fn status(&self) -> Status {
        let all = self.endpoints.iter().map(|(_, status)| *status);
        all.max().unwrap_or(Status::Connected)
    }
}

/// Who is in a conference, as its notifier says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Of the last document that was taken; `None`: it is not known who is there.
    version: Option<u32>,
    users: Vec<User>,
    over: bool,
}

/// How an element stands to what was said before (RFC 4575 §4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Full,
    Partial,
    Deleted,
}

impl Roster {
    /// Takes one document. `gap`: a NOTIFY before it was not heard. `Ok(Err(Missing))`: changes are missing.
    ///
    /// Documents come in the order in which they were sent, so a full one counts whatever its version.
    pub fn take(&mut self, body: &[u8], gap: bool) -> Result<Result<(), Missing>, Bad> {
        let root = xml::read(body, "conference-info")?;
        let version = root.attribute("version").map(str::trim);
        let version = version.and_then(|text| text.parse().ok());
        let change = change(&root)?;
        match change {
            Change::Deleted => {
                *self = Self {
                    over: true,
                    ..Self::default()
                };
                return Ok(Ok(()));
            }
            Change::Full => *self = Self::default(),
            Change::Partial => {
                let version = version.ok_or(Bad::Malformed("version"))?;
                if !self.follows(version, gap) {
                    self.version = None;
                    return Ok(Err(Missing));
                }
            }
        }
        if let Some(users) = root.child("users") {
            let taken = self.users(users);
            // What it changed is not known: only the full state helps.
            taken.inspect_err(|_| *self = Self::default())?;
        }
        // A notifier that sends whole states alone need not count.
        self.version = Some(version.unwrap_or_default());
        Ok(Ok(()))
    }

    /// What was said counts no more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Everybody who has not left; `None`: not known.
    pub fn list(&self) -> Option<impl Iterator<Item = &User>> {
        self.version?;
        let is_there = |user: &&User| user.status() != Status::Left;
        Some(self.users.iter().filter(is_there))
    }

    /// Whether the conference is over.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// A change counts where it is the next one, or, of a notifier that does not count, where nothing is missing.
    fn follows(&self, version: u32, gap: bool) -> bool {
        self.version.is_some_and(|known| {
            version == known.wrapping_add(1) || (version == known && !gap && known == 0)
        })
    }

    fn users(&mut self, users: &Element) -> Result<(), Bad> {
        if change(users)? == Change::Full {
            self.users.clear();
        }
        for element in users.children("user") {
            let Some(uri) = element.attribute("entity").map(str::trim) else {
                continue;
            };
            let at = self.users.iter().position(|user| user.uri == uri);
            let known = match (at, change(element)?) {
                (Some(at), Change::Partial) => self.users.get_mut(at),
                (at, how) => {
                    if let Some(at) = at {
                        self.users.remove(at);
                    }
                    if how == Change::Deleted {
                        continue;
                    }
                    if self.users.len() >= MAX_USERS {
                        return Err(Bad::TooMuch("users"));
                    }
                    self.users.push(User {
                        uri: uri.to_owned(),
                        display: None,
                        endpoints: Vec::new(),
                    });
                    self.users.last_mut()
                }
            };
            if let Some(user) = known {
                user.change(element)?;
            }
        }
        Ok(())
    }
}

impl User {
    fn change(&mut self, element: &Element) -> Result<(), Bad> {
        if let Some(name) = element.child_text("display-text") {
            self.display = Some(name.to_owned());
        }
        for endpoint in element.children("endpoint") {
            let entity = endpoint.attribute("entity").unwrap_or_default().trim();
            let before = self.endpoints.iter().position(|(of, _)| of == entity);
            let before = before.map(|at| self.endpoints.remove(at).1);
            let said = endpoint.child_text("status").map(status);
            let status = match change(endpoint)? {
                Change::Deleted => continue,
                Change::Partial => said.or(before),
                Change::Full => said,
            };
            if self.endpoints.len() >= MAX_ENDPOINTS {
                return Err(Bad::TooMuch("endpoints"));
            }
            let status = status.unwrap_or(Status::Connected);
            self.endpoints.push((entity.to_owned(), status));
        }
        Ok(())
    }
}

/// `full` where an element does not say (RFC 4575 §4.6).
fn change(element: &Element) -> Result<Change, Bad> {
    match element.attribute("state").map(str::trim) {
        Some("full") | None => Ok(Change::Full),
        Some("partial") => Ok(Change::Partial),
        Some("deleted") => Ok(Change::Deleted),
        Some(_) => Err(Bad::Malformed("state")),
    }
}

/// Unknown words are of a newer notifier, who would not name whoever is not there.
fn status(text: &str) -> Status {
    match text {
        "disconnected" | "disconnecting" => Status::Left,
        "pending" | "dialing-out" | "dialing-in" | "alerting" => Status::Joining,
        "on-hold" => Status::Held,
        _ => Status::Connected,
    }
}

#[cfg(test)]
mod tests;
