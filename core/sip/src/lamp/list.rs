//! application/rlmi+xml: what one list says of many resources. Source: RFC 4662 §5.
//!
//! A list says who is in it, and of each member what a subscription of its own would have said: so it is told on.
//! A list within a list is not looked into: its lamp says that it is of a kind that nobody asked for.

use super::xml::{self, Bad, Element};
use crate::subscription::{Ended, News, RELATED};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{Content, Part};
use std::collections::{HashMap, HashSet};

/// Content-Type of the part that tells of the others.
pub const RLMI: &str = "application/rlmi+xml";
/// Members of one list that are kept, of those that it names more the first. Source: ours; as many as lamps that start
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
    /// What; of one that is not well said what is wrong with it. The others are told all the same.
    pub news: Result<News, Bad>,
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
        let mut document = Document::new(parts, full);
        let members = document.read(&root, before.members);
        *self = Self {
            version: Some(version),
            members,
        };
        Ok(Took::News(document.news))
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

fn uri_of(resource: &Element) -> Option<&str> {
    resource.attribute("uri").map(str::trim)
}

/// One document, while it is read.
struct Document<'a> {
    /// Those that no instance was given yet.
    parts: HashMap<&'a str, &'a Part>,
    full: bool,
    news: Vec<Told>,
}

impl<'a> Document<'a> {
    fn new(parts: &'a [Part], full: bool) -> Self {
        let named = parts
            .iter()
            .filter_map(|part| Some((part.id.as_deref()?, part)));
        Self {
            parts: named.collect(),
            full,
            news: Vec::new(),
        }
    }

    /// Who is in the list after it. What is wrong with one member is that one's trouble alone; one without an address is
    /// nobody, and of those that are named beyond [`MAX_MEMBERS`] nothing is told.
    fn read(&mut self, root: &Element, mut members: Vec<Member>) -> Vec<Member> {
        if self.full {
            let named: HashSet<&str> = root.children("resource").filter_map(uri_of).collect();
            members.retain(|member| named.contains(member.uri.as_str()));
        }
        let known = members.iter().enumerate();
        let mut places: HashMap<String, usize> =
            known.map(|(at, member)| (member.uri.clone(), at)).collect();
        let mut done = HashSet::new();
        for resource in root.children("resource") {
            let Some(uri) = uri_of(resource) else {
                continue;
            };
            let at = match places.get(uri) {
                Some(at) => *at,
                None if members.len() >= MAX_MEMBERS => continue,
                None => {
                    places.insert(uri.to_owned(), members.len());
                    members.push(Member::new(uri));
                    members.len() - 1
                }
            };
            let Some(member) = members.get_mut(at) else {
                continue;
            };
            // Of one that is named twice nobody knows which counts.
            let took = match done.insert(at) {
                true => member.take(resource, self),
                false => Err(Bad::Malformed("uri")),
            };
            if let Err(bad) = took {
                member.instances.clear();
                self.tell(uri, Err(bad));
            }
        }
        members
    }

    fn tell(&mut self, uri: &str, news: Result<News, Bad>) {
        let uri = uri.to_owned();
        self.news.push(Told { uri, news });
    }
}

/// What is said of one instance. Source: RFC 4662 §5.5.
enum Said {
    /// This document; `None`: it is there, and nothing new is said of it.
    Document(Option<News>),
    Pending,
    Over(Ended),
}

impl Member {
    fn new(uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            name: None,
            instances: Vec::new(),
            next: 0,
        }
    }

    /// Takes what is said of it. An instance that a full state leaves out is over, one that a change leaves out is as it
    /// was.
    fn take(&mut self, resource: &Element, of: &mut Document<'_>) -> Result<(), Bad> {
        let name = resource.child_text("name").map(str::to_owned);
        self.name = name.or(self.name.take());
        let uri = self.uri.clone();
        let mut named = HashSet::new();
        for instance in resource.children("instance") {
            let id = instance.attribute("id").ok_or(Bad::Malformed("id"))?;
            if !named.insert(id) {
                return Err(Bad::Malformed("id"));
            }
        }
        if of.full {
            let gone = self.instances.iter().map(|(id, _)| id.clone());
            let gone: Vec<String> = gone.filter(|id| !named.contains(id.as_str())).collect();
            gone.iter().for_each(|id| self.end(id, of));
        }
        let mut ended = None;
        let mut waits = false;
        for instance in resource.children("instance") {
            let id = instance.attribute("id").unwrap_or_default();
            match self.said(id, instance, &mut of.parts)? {
                Said::Document(document) => {
                    of.tell(&uri, Ok(document.unwrap_or_else(nothing_new)));
                }
                // What it said before counts no more: somebody has to consent first.
                Said::Pending => {
                    self.end(id, of);
                    waits = true;
                }
                Said::Over(why) => {
                    self.end(id, of);
                    ended = Some(why);
                }
            }
        }
        // What one of them says counts more than that others say nothing.
        if self.instances.is_empty() {
            match (waits, ended) {
                (true, _) => of.tell(&uri, Ok(News::Pending)),
                (false, Some(why)) => of.tell(
                    &uri,
                    Ok(News::Lost {
                        cause: crate::subscription::Cause::Ended(why),
                        next_try: None,
                    }),
                ),
                // The list does not know it yet.
                (false, None) if of.full => of.tell(&uri, Ok(nothing_new())),
                (false, None) => {}
            }
        }
        Ok(())
    }

    /// An instance says nothing any more.
    fn end(&mut self, id: &str, of: &mut Document<'_>) {
        if let Some(at) = self.instances.iter().position(|(known, _)| known == id) {
            let (_, fork) = self.instances.remove(at);
            of.tell(&self.uri, Ok(News::ForkGone { fork }));
        }
    }

    /// What is said of one instance; each part is of one alone.
    fn said(
        &mut self,
        id: &str,
        instance: &Element,
        parts: &mut HashMap<&str, &Part>,
    ) -> Result<Said, Bad> {
        let state = instance.attribute("state").map(str::trim);
        match state.ok_or(Bad::Malformed("state"))? {
            "pending" => return Ok(Said::Pending),
            "terminated" => return Ok(Said::Over(Ended::read(instance.attribute("reason")))),
            // Nobody may count on words that come later (RFC 4662 §5.5): it is there.
            _ => {}
        }
        let fork = self.fork(id)?;
        let Some(cid) = instance.attribute("cid").map(str::trim) else {
            return Ok(Said::Document(None));
        };
        let part = parts.remove(cid).ok_or(Bad::Malformed("cid"))?;
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
