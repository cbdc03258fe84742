//! application/rlmi+xml: what one list says of many resources. Source: RFC 4662 §5.
//!
//! A list says who is in it, and of each member what a subscription of its own would have said: so it is told on.
//! A list within a list is not looked into: its lamp says that it is of a kind that nobody asked for.

use super::xml::{self, Bad, Element};
use crate::subscription::{Ended, News, RELATED};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{Content, Part};

/// Content-Type of the part that tells of the others.
pub const RLMI: &str = "application/rlmi+xml";
/// Members of one list that are kept; a list that names more is not read. Source: ours; as many as lamps that start
/// together (M-094).
pub const MAX_MEMBERS: usize = 500;
/// Instances of one member.
const MAX_INSTANCES: usize = 8;

/// What one notifier said of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Of the last document that was taken; `None`: it is not known who is in the list.
    version: Option<u32>,
    members: Vec<Member>,
}

/// Somebody in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its address.
    pub uri: String,
    /// What the list calls it.
    pub name: Option<String>,
    /// Who says how it stands, each with the number by which that is told on.
    instances: Vec<(String, u32)>,
    next: u32,
}

/// What a document came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Took {
    /// What it says of its members, in its order. Who is in the list now is in [`List::members`].
    News(Vec<Told>),
    /// Changes are missing, and nothing is known any more: the full state has to be asked for.
    Missing,
}

/// What a list says of one of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whom, as [`Member::uri`] has it.
    pub uri: String,
    /// What.
    pub news: News,
}

impl List {
    /// Takes one document. `gap`: a NOTIFY before it was not heard. Errors: it cannot be read; nothing is known then.
    ///
    /// A full state counts whatever its version, for a server that was started anew begins again.
    pub fn take(&mut self, parts: &[Part], gap: bool) -> Result<Took, Bad> {
        let before = core::mem::take(self);
        let rlmi = parts.iter().find(|part| part.kind == RLMI);
        let rlmi = rlmi.and_then(bytes).ok_or(Bad::Malformed("list"))?;
        let root = xml::read(rlmi, "list")?;
        let version = root.attribute("version").map(str::trim);
        let version: u32 = version
            .and_then(|text| text.parse().ok())
            .ok_or(Bad::Malformed("version"))?;
        let full = match root.attribute("fullState").map(str::trim) {
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(_) | None => return Err(Bad::Malformed("fullState")),
        };
        let follows = |known: u32| version == known.wrapping_add(1) && !gap;
        if !full && !before.version.is_some_and(follows) {
            return Ok(Took::Missing);
        }
        let mut members = before.members;
        if full {
            let named = |member: &Member| root.children("resource").any(|of| is_of(of, member));
            members.retain(named);
        }
        let mut news = Vec::new();
        for resource in root.children("resource") {
            let member = member(&mut members, resource)?;
            member.take(resource, parts, full, &mut news)?;
        }
        *self = Self {
            version: Some(version),
            members,
        };
        Ok(Took::News(news))
    }

    /// What was said counts no more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Everybody in it; `None`: not known.
    pub fn members(&self) -> Option<&[Member]> {
        self.version.map(|_| self.members.as_slice())
    }
}

/// The bytes of a part that stands as it is.
fn bytes(part: &Part) -> Option<&Bytes> {
    match &part.content {
        Content::Leaf(bytes) if part.plain => Some(bytes),
        Content::Leaf(_) | Content::All(_) | Content::Choice(_) => None,
    }
}

fn is_of(resource: &Element, member: &Member) -> bool {
    resource.attribute("uri").map(str::trim) == Some(member.uri.as_str())
}

/// The member that an element is about: one that is known, or a new one.
fn member<'a>(members: &'a mut Vec<Member>, resource: &Element) -> Result<&'a mut Member, Bad> {
    let known = members.iter().position(|member| is_of(resource, member));
    let at = match known {
        Some(at) => at,
        None => {
            if members.len() >= MAX_MEMBERS {
                return Err(Bad::TooMuch("resources"));
            }
            let uri = resource.attribute("uri").map(str::trim);
            members.push(Member {
                uri: uri.ok_or(Bad::Malformed("uri"))?.to_owned(),
                name: None,
                instances: Vec::new(),
                next: 0,
            });
            members.len() - 1
        }
    };
    members.get_mut(at).ok_or(Bad::Malformed("resource"))
}

/// What is said of one instance. Source: RFC 4662 §5.5.
enum Said {
    /// This document; `None`: it is there, and nothing new is said of it.
    Document(Option<News>),
    Pending,
    Over(Ended),
}

impl Member {
    /// Takes what is said of it. An instance that a full state leaves out is over, one that a change leaves out is as it
    /// was.
    fn take(
        &mut self,
        resource: &Element,
        parts: &[Part],
        full: bool,
        news: &mut Vec<Told>,
    ) -> Result<(), Bad> {
        let name = resource.child_text("name").map(str::to_owned);
        self.name = name.or(self.name.take());
        let uri = self.uri.clone();
        let mut tell = |said: News| {
            let uri = uri.clone();
            news.push(Told { uri, news: said });
        };
        if full {
            let is_there = |id: &str| {
                let mut all = resource.children("instance");
                all.any(|of| of.attribute("id") == Some(id))
            };
            let gone = self.instances.iter().filter(|(id, _)| !is_there(id));
            gone.for_each(|(_, fork)| tell(News::ForkGone { fork: *fork }));
            self.instances.retain(|(id, _)| is_there(id));
        }
        let mut ended = None;
        let mut waits = false;
        for instance in resource.children("instance") {
            let id = instance.attribute("id").ok_or(Bad::Malformed("id"))?;
            match self.said(id, instance, parts)? {
                Said::Document(document) => tell(document.unwrap_or_else(nothing_new)),
                Said::Pending => waits = true,
                Said::Over(why) => {
                    let known = self.instances.iter().find(|(known, _)| known == id);
                    if let Some((_, fork)) = known {
                        tell(News::ForkGone { fork: *fork });
                    }
                    self.instances.retain(|(known, _)| known != id);
                    ended = Some(why);
                }
            }
        }
        // What one of them says counts more than that others say nothing.
        if self.instances.is_empty() {
            match (waits, ended) {
                (true, _) => tell(News::Pending),
                (false, Some(why)) => tell(News::Lost {
                    cause: crate::subscription::Cause::Ended(why),
                    next_try: None,
                }),
                // The list does not know it yet.
                (false, None) if full => tell(nothing_new()),
                (false, None) => {}
            }
        }
        Ok(())
    }

    fn said(&mut self, id: &str, instance: &Element, parts: &[Part]) -> Result<Said, Bad> {
        let state = instance.attribute("state").map(str::trim);
        match state.ok_or(Bad::Malformed("state"))? {
            "pending" => {
                self.instances.retain(|(known, _)| known != id);
                return Ok(Said::Pending);
            }
            "terminated" => return Ok(Said::Over(Ended::read(instance.attribute("reason")))),
            // Nobody may count on words that come later (RFC 4662 §5.5): it is there.
            _ => {}
        }
        let fork = self.fork(id)?;
        let Some(cid) = instance.attribute("cid").map(str::trim) else {
            return Ok(Said::Document(None));
        };
        let part = parts.iter().find(|part| part.id.as_deref() == Some(cid));
        let part = part.ok_or(Bad::Malformed("cid"))?;
        Ok(Said::Document(Some(News::Document {
            fork,
            content_type: match bytes(part) {
                Some(_) => part.kind.clone(),
                None => RELATED.to_owned(),
            },
            body: bytes(part).cloned().unwrap_or_default(),
            gap: false,
        })))
    }

    /// The number of an instance, which it has from now on.
    fn fork(&mut self, id: &str) -> Result<u32, Bad> {
        let known = self.instances.iter().find(|(known, _)| known == id);
        if let Some((_, fork)) = known {
            return Ok(*fork);
        }
        if self.instances.len() >= MAX_INSTANCES {
            return Err(Bad::TooMuch("instances"));
        }
        let fork = self.next;
        self.next = fork.wrapping_add(1);
        self.instances.push((id.to_owned(), fork));
        Ok(fork)
    }
}

/// It is there, and there is nothing to say of it.
fn nothing_new() -> News {
    News::Document {
        fork: 0,
        content_type: String::new(),
        body: Bytes::new(),
        gap: false,
    }
}

#[cfg(test)]
mod tests;
