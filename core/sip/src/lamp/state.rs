//! The lamp: documents and losses in, one state out (M-090, M-091).

use super::calls::{Calls, Missing};
use super::dialog_info::{self, Call, Direction, Party, Replaces, Stage};
use super::reginfo;
use super::xml::Bad;
use crate::presence::{self, Doing, Presence};
use crate::subscription::{Cause, Ended, News, Package, RELATED};
use base::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a lamp shows; exactly one of these (M-090).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Light {
    /// No call.
    Idle,
    /// A call comes in and nobody has answered it.
    Ringing,
    /// In a call, or calling.
    Busy,
    /// In a call that it holds.
    Held,
    /// A park slot with somebody in it.
    Parked,
    /// Not reachable: not registered, or not known to the server.
    Unregistered,
    /// Not known, and why.
    Unknown(Unknown),
}

/// Why a lamp is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing was said yet.
    NotYet,
    /// Somebody has to consent first.
    Pending,
    /// The subscription is lost.
    Lost(Cause),
    /// Changes are missing; the full state was asked for.
    Missing,
    /// What was said cannot be read.
    Unreadable(Bad),
    /// What was said is of a kind that nobody asked for.
    WrongType(String),
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// The extension's calls.
    Dialog,
    /// Its presence.
    Presence,
    /// Its bindings.
    Registration,
}

/// What a lamp shows, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The state.
    pub light: Light,
    /// Since when it is shown.
    pub since: Instant,
    /// Who began the call that is shown.
    pub direction: Option<Direction>,
    /// The other party of that call, where the notifier names it.
    pub peer: Option<Party>,
    /// What a call that takes it over has to say.
    pub replaces: Option<Replaces>,
    /// Who said it.
    pub source: Source,
    /// How the person is, where their presence tells (M-098).
    pub doing: Option<Doing>,
    /// What the person says of it (PIDF).
    pub note: Option<String>,
}

/// What one notifier said.
#[derive(Debug, Clone)]
enum Said {
    Calls(Calls),
    Presence(Presence),
    Registered(bool),
}

/// One lamp.
#[derive(Debug, Clone)]
pub struct Lamp {
    /// It is a park slot: whoever is in it is parked.
    slot: bool,
    source: Source,
    said: BTreeMap<u32, Said>,
    /// Why nothing is known, whatever was said before.
    trouble: Option<Unknown>,
    shown: Shown,
}

/// What a piece of news led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Led {
    /// It shows something else now.
    pub changed: bool,
    /// The full state has to be asked for.
    pub ask: bool,
}

impl Lamp {
    /// A lamp of which nothing is known at `now`. Of a mailbox and a conference there is none: `package` is one of those
    /// that say what an extension does.
    pub fn new(slot: bool, package: Package, now: Instant) -> Self {
        let source = match package {
            Package::Presence => Source::Presence,
            Package::Registration => Source::Registration,
            Package::Dialog | Package::MessageSummary | Package::Conference => Source::Dialog,
        };
        Self {
            slot,
            source,
            said: BTreeMap::new(),
            trouble: None,
            shown: Shown {
                light: Light::Unknown(Unknown::NotYet),
                since: now,
                direction: None,
                peer: None,
                replaces: None,
                source,
                doing: None,
                note: None,
            },
        }
    }

    /// What it shows.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Whether what it came by is lost, whatever it shows for that.
    pub fn is_lost(&self) -> bool {
        matches!(self.trouble, Some(Unknown::Lost(_)))
    }

    /// Takes what a subscription tells.
    pub fn take(&mut self, news: &News, now: Instant) -> Led {
        let mut ask = false;
        match news {
            News::Document {
                fork,
                content_type,
                body,
                gap,
            } => {
                if body.is_empty() && content_type.is_empty() {
                    // Alive, and without anything to say of it.
                    if matches!(self.trouble, Some(Unknown::Pending | Unknown::Missing)) {
                        self.trouble = None;
                    }
                } else {
                    self.trouble = None;
                    ask = self.document(*fork, content_type, body, *gap);
                }
            }
            News::Pending => self.trouble = Some(Unknown::Pending),
            News::ForkGone { fork } => {
                self.said.remove(fork);
            }
            News::Lost { cause, .. } => {
                // A server that is lost may be back and go on where it was.
                if *cause != Cause::ServerLost {
                    self.said.clear();
                }
                self.trouble = Some(Unknown::Lost(cause.clone()));
            }
            // It was not asked for: what a list says comes here one by one.
            News::List { .. } => {
                self.trouble = Some(Unknown::WrongType(RELATED.to_owned()));
            }
            News::Polled(_) | News::Over => self.said.clear(),
        }
        let changed = self.show(now);
        Led { changed, ask }
    }

    /// What was said counts no more, because of this: a list that it comes by is not known to be whole.
    pub fn doubt(&mut self, why: Unknown, now: Instant) {
        self.said.clear();
        self.trouble = Some(why);
        self.show(now);
    }

    /// Takes a document; whether the full state has to be asked for.
    fn document(&mut self, fork: u32, content_type: &str, body: &[u8], gap: bool) -> bool {
        let read = match (self.source, content_type) {
            (Source::Dialog, "application/dialog-info+xml") => self.calls(fork, body, gap),
            (Source::Presence, "application/pidf+xml") => {
                presence::read(body).map(|said| (Said::Presence(said), false))
            }
            (Source::Registration, "application/reginfo+xml") => self.bindings(fork, body),
            (Source::Dialog | Source::Presence | Source::Registration, other) => {
                self.trouble = Some(Unknown::WrongType(other.chars().take(64).collect()));
                return false;
            }
        };
        match read {
            Ok((said, ask)) => {
                self.said.insert(fork, said);
                ask
            }
            Err(bad) => {
                // What it changed is not known: only the full state helps.
                self.said.remove(&fork);
                self.trouble = Some(Unknown::Unreadable(bad));
                false
            }
        }
    }

    fn calls(&mut self, fork: u32, body: &[u8], gap: bool) -> Result<(Said, bool), Bad> {
        let document = dialog_info::read(body)?;
        let mut calls = match self.said.remove(&fork) {
            Some(Said::Calls(calls)) => calls,
            Some(Said::Presence(_) | Said::Registered(_)) | None => Calls::default(),
        };
        let missing = calls.take(document, gap) == Err(Missing);
        Ok((Said::Calls(calls), missing))
    }

    /// A change that does not name the resource leaves it as it was.
    fn bindings(&mut self, fork: u32, body: &[u8]) -> Result<(Said, bool), Bad> {
        let document = reginfo::read(body)?;
        let known = match self.said.get(&fork) {
            Some(Said::Registered(known)) => *known,
            Some(Said::Calls(_) | Said::Presence(_)) | None => false,
        };
        let named = !document.registrations.is_empty();
        let active = document.registrations.iter().any(|of| of.active);
        let active = match document.full || named {
            true => active,
            false => known,
        };
        Ok((Said::Registered(active), false))
    }

    /// Makes what is shown out of what is known.
    fn show(&mut self, now: Instant) -> bool {
        let call = self.leading();
        let light = match &self.trouble {
            Some(Unknown::Lost(cause)) if is_absent(cause) => Light::Unregistered,
            Some(trouble) => Light::Unknown(trouble.clone()),
            None => self.light(call.as_ref()),
        };
        let call = call.filter(|_| self.trouble.is_none());
        let call = call.filter(|_| !matches!(light, Light::Unknown(_)));
        let presence = self.presence().filter(|_| self.trouble.is_none());
        let since = match light == self.shown.light {
            true => self.shown.since,
            false => now,
        };
        let peer = call.as_ref().map(|call| call.peer.clone());
        let shown = Shown {
            light,
            since,
            direction: call.as_ref().and_then(|call| call.direction),
            peer: peer.filter(|peer| *peer != Party::default()),
            replaces: call.and_then(|call| call.replaces),
            source: self.source,
            doing: presence.map(|presence| presence.doing),
            note: presence.and_then(|presence| presence.note.clone()),
        };
        let changed = shown != self.shown;
        self.shown = shown;
        changed
    }

    fn light(&self, leading: Option<&Call>) -> Light {
        let mut known = false;
        let mut light = Light::Idle;
        for said in self.said.values() {
            match said {
                Said::Calls(calls) if !calls.is_known() => return Light::Unknown(Unknown::Missing),
                Said::Calls(_) => known = true,
                Said::Presence(_) => {
                    known = true;
                    light = self.presence().map_or(light, |of| by_presence(of.doing));
                }
                Said::Registered(active) => {
                    known = true;
                    if !active {
                        light = Light::Unregistered;
                    }
                }
            }
        }
        match (known, leading) {
            (false, _) => Light::Unknown(Unknown::NotYet),
            (true, None) => light,
            (true, Some(call)) => self.of_call(call),
        }
    }

    /// Of several devices of a person the one that says most: who is busy at one is busy, and who is there at one is there.
    fn presence(&self) -> Option<&Presence> {
        let rank = |presence: &&Presence| match presence.doing {
            Doing::DoNotDisturb => 6,
            Doing::OnThePhone => 5,
            Doing::Busy => 4,
            Doing::Available => 3,
            Doing::Away => 2,
            Doing::Absent => 1,
            Doing::Offline => 0,
        };
        let all = self.said.values().filter_map(|said| match said {
            Said::Presence(presence) => Some(presence),
            Said::Calls(_) | Said::Registered(_) => None,
        });
        // Of equals the one that came first.
        all.rev().max_by_key(rank)
    }

    fn of_call(&self, call: &Call) -> Light {
        match call.stage {
            Stage::Confirmed if self.slot => Light::Parked,
            Stage::Confirmed if call.held => Light::Held,
            Stage::Confirmed => Light::Busy,
            // Whoever calls is busy and cannot be picked up.
            Stage::Trying | Stage::Proceeding | Stage::Early
                if call.direction == Some(Direction::Outgoing) =>
            {
                Light::Busy
            }
            Stage::Trying | Stage::Proceeding | Stage::Early => Light::Ringing,
            Stage::Terminated => Light::Idle,
        }
    }

    /// The call that matters most: one that can be picked up, then one that is spoken in.
    fn leading(&self) -> Option<Call> {
        let rank = |call: &&Call| match self.of_call(call) {
            Light::Ringing => 4,
            Light::Parked => 3,
            Light::Busy => 2,
            Light::Held => 1,
            Light::Idle | Light::Unregistered | Light::Unknown(_) => 0,
        };
        let all = self.said.values().flat_map(|said| match said {
            Said::Calls(calls) => calls.list(),
            Said::Presence(_) | Said::Registered(_) => &[],
        });
        // Of equals the one that was named first.
        all.rev().max_by_key(rank).cloned()
    }
}

const fn by_presence(doing: Doing) -> Light {
    match doing {
        Doing::Offline | Doing::Absent => Light::Unregistered,
        Doing::Busy | Doing::OnThePhone | Doing::DoNotDisturb => Light::Busy,
        Doing::Available | Doing::Away => Light::Idle,
    }
}

/// Whether the server says that nobody is there (M-090).
fn is_absent(cause: &Cause) -> bool {
    match cause {
        Cause::Refused { status, .. } => matches!(status, 404 | 410 | 480 | 604),
        Cause::Ended(ended) => *ended == Ended::NoResource,
        Cause::NoAnswer | Cause::Unreachable | Cause::WrongPassword | Cause::Proof(_) => false,
        Cause::NoNotify | Cause::Expired | Cause::Gone | Cause::ServerLost => false,
    }
}

#[cfg(test)]
mod tests;
