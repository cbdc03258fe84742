//! One account: what is said of it, and what its server has.

use crate::why;
use base::{Instant, Machine, Rng};
use control::{CallHandle, ErrorObject, PresenceSnapshot, PresenceState, Timestamp};
use ports::Account;
use ports::blf::Server;
use sip::ClientId;
use sip::presence::{self, Doing, Presence};
use sip::publication::{Document, Input, News, Publication, Publish};
use std::collections::BTreeSet;

/// Lifetime to ask for. Unit: s. Source: RFC 3856 §6.4 leaves it open; an hour is usual.
const EXPIRES_S: u32 = 3_600;

/// One account.
pub(crate) struct Own {
    pub(crate) account: Account,
    pub(crate) number: u64,
    pub(crate) publication: Publication,
    /// What was told last.
    pub(crate) told: Option<PresenceSnapshot>,
    /// Calls that are up.
    calls: BTreeSet<CallHandle>,
    standing: Standing,
    /// The last document.
    said: Option<String>,
    published: Option<Timestamp>,
    why: Option<ErrorObject>,
}

/// Whether its server is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Its server is not there.
    Lost,
    /// It is.
    Up,
    /// The account logs out.
    Leaving,
}

impl Own {
    pub(crate) fn new(account: Account, number: u64, first: ClientId, rng: Rng) -> Self {
        let publish = Publish {
            sender: account.sender(&account.aor),
            event: String::from("presence"),
            expires_s: EXPIRES_S,
        };
        // Of an account that does not register nobody says how its server stands.
        let standing = match account.registers() {
            true => Standing::Lost,
            false => Standing::Up,
        };
        Self {
            account,
            number,
            publication: Publication::new(publish, first, rng),
            told: None,
            calls: BTreeSet::new(),
            standing,
            said: None,
            published: None,
            why: None,
        }
    }

    pub(crate) fn server(&mut self, server: &Server, now: Instant) {
        match (server, self.standing) {
            (Server::Up(_), Standing::Up) | (Server::Lost, Standing::Lost) => {}
            (Server::Up(_), Standing::Lost | Standing::Leaving) => {
                self.standing = Standing::Up;
                self.again(now);
            }
            // What is said at last may still be answered.
            (Server::Lost, Standing::Leaving) => {}
            (Server::Lost, Standing::Up) => {
                self.standing = Standing::Lost;
                self.published = None;
                self.publication.handle(Input::Doubt, now);
            }
        }
    }

    /// All is said anew.
    pub(crate) fn again(&mut self, now: Instant) {
        if self.standing == Standing::Up {
            self.publication.handle(Input::Again, now);
        }
    }

    /// The account logs out.
    pub(crate) fn leave(&mut self, now: Instant) {
        if self.standing == Standing::Up {
            self.standing = Standing::Leaving;
            self.publication.handle(Input::End, now);
        }
    }

    pub(crate) fn call(&mut self, call: CallHandle, is_up: bool) {
        match is_up {
            true => self.calls.insert(call),
            false => self.calls.remove(&call),
        };
    }

    pub(crate) fn no_calls(&mut self) {
        self.calls.clear();
    }

    /// What others are told.
    fn shown(&self, idle: bool) -> PresenceState {
        let own = self.account.presence.state;
        let hidden = matches!(own, PresenceState::DoNotDisturb | PresenceState::Absent);
        match (own, hidden) {
            (_, false) if !self.calls.is_empty() => PresenceState::OnThePhone,
            (PresenceState::Available, _) if idle => PresenceState::Away,
            (own, _) => own,
        }
    }

    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.account.presence.until
    }

    fn note(&self) -> Option<String> {
        let note = self.account.presence.note.trim();
        (!note.is_empty()).then(|| note.to_owned())
    }

    /// Gives its publication what is to be said now.
    pub(crate) fn say(&mut self, idle: bool, now: Instant) {
        if self.standing != Standing::Up {
            return;
        }
        let shown = self.shown(idle);
        let is_own = shown == self.account.presence.state;
        let presence = Presence {
            doing: doing(shown),
            note: self.note(),
            until: self.until().filter(|_| is_own).map(|at| at.to_string()),
        };
        let body = presence::write(&self.account.aor.to_string(), &presence);
        if self.said.as_ref() != Some(&body) {
            // The server has something else until it answers.
            self.published = None;
            self.why = None;
            self.said = Some(body.clone());
        }
        let kind = presence::KIND.to_owned();
        self.publication
            .handle(Input::Say(Document { kind, body }), now);
    }

    pub(crate) fn news(&mut self, news: News, time: Timestamp) {
        match news {
            News::Published => {
                self.published = Some(time);
                self.why = None;
            }
            News::Failed { cause, .. } => {
                self.published = None;
                self.why = Some(why::failed(&cause));
            }
            News::Removed => {
                self.published = None;
                self.standing = Standing::Lost;
            }
        }
    }

    /// How it stands; `None`: its name is none.
    pub(crate) fn snapshot(&self, idle: bool) -> Option<PresenceSnapshot> {
        Some(PresenceSnapshot {
            account: self.account.name.parse().ok()?,
            state: self.account.presence.state,
            shown: self.shown(idle),
            note: self.note(),
            until: self.until(),
            published: self.published,
            why: self.why.clone(),
        })
    }
}

const fn doing(state: PresenceState) -> Doing {
    match state {
        PresenceState::Available | PresenceState::Unknown => Doing::Available,
        PresenceState::Busy => Doing::Busy,
        PresenceState::OnThePhone => Doing::OnThePhone,
        PresenceState::Away => Doing::Away,
        PresenceState::DoNotDisturb => Doing::DoNotDisturb,
        PresenceState::Absent => Doing::Absent,
        PresenceState::Offline => Doing::Offline,
    }
}
