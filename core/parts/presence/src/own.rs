//! One account: what is said of it, and what its server has.

use crate::{seen, why};
use base::{Instant, Machine, Rng};
use control::snapshot::CallState;
use control::{CallHandle, CallSnapshot, ErrorObject, PresenceSnapshot, PresenceState, Timestamp};
use policy::watch::{Judge, What};
use ports::Account;
use ports::blf::Server;
use sip::ClientId;
use sip::notifier::Content;
use sip::presence::{self, Doing, Presence};
use sip::publication::{Document, Input, News, Publication, Publish};
use sip_message::Uri;
use std::collections::BTreeMap;

/// Lifetime to ask for. Unit: s. Source: RFC 3856 §6.4 leaves it open; an hour is usual.
const EXPIRES_S: u32 = 3_600;

/// One account.
pub(crate) struct Own {
    pub(crate) account: Account,
    pub(crate) number: u64,
    pub(crate) publication: Publication,
    /// What was told last.
    pub(crate) told: Option<PresenceSnapshot>,
    /// Where its server reaches us.
    pub(crate) contact: Option<Uri>,
    /// Who may watch, read once.
    pub(crate) judge: Judge,
    /// Whether the server may be told that the person is in a call: see [`policy::watch::Watching::may_publish_calls`].
    of_calls: bool,
    /// Calls that are not over.
    calls: BTreeMap<CallHandle, CallSnapshot>,
    standing: Standing,
    /// The last document.
    said: Option<String>,
    published: Option<Timestamp>,
    why: Option<ErrorObject>,
}

/// Whether its server is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It publishes nothing.
    Silent,
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
        let standing = match (account.publish_presence, account.registers()) {
            (false, _) => Standing::Silent,
            (true, false) => Standing::Up,
            (true, true) => Standing::Lost,
        };
        let judge = Judge::new(&account.policy.watching, &account.aor.to_string());
        Self {
            of_calls: account.policy.watching.may_publish_calls(&judge),
            judge,
            account,
            number,
            publication: Publication::new(publish, first, rng),
            told: None,
            contact: None,
            calls: BTreeMap::new(),
            standing,
            said: None,
            published: None,
            why: None,
        }
    }

    /// The account is set up anew, as the same person's at the same server.
    pub(crate) fn set_up(&mut self, account: Account) {
        let watching = &account.policy.watching;
        if *watching != self.account.policy.watching {
            self.judge = Judge::new(watching, &account.aor.to_string());
            self.of_calls = watching.may_publish_calls(&self.judge);
        }
        self.account = account;
    }

    /// Whether a watcher may know of calls.
    pub(crate) fn may_see_calls(&self, who: &str) -> bool {
        self.judge.judge(What::Dialog, who).allowed
    }

    pub(crate) fn server(&mut self, server: &Server, now: Instant) {
        self.contact = match server {
            Server::Up(contact) => Some(contact.clone()),
            Server::Lost => None,
        };
        match (server, self.standing) {
            (_, Standing::Silent) => {}
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

    pub(crate) fn call(&mut self, call: &CallSnapshot) {
        match call.state == CallState::Ended {
            true => self.calls.remove(&call.call),
            false => self.calls.insert(call.call, call.clone()),
        };
    }

    pub(crate) fn no_calls(&mut self) {
        self.calls.clear();
    }

    /// What the server is told.
    fn published_as(&self, idle: bool) -> PresenceState {
        match self.of_calls {
            true => self.shown(idle),
            false => self.shown_without_calls(idle),
        }
    }

    /// What others are told.
    fn shown(&self, idle: bool) -> PresenceState {
        let own = self.account.presence.state;
        let hidden = matches!(own, PresenceState::DoNotDisturb | PresenceState::Absent);
        let is_up = |call: &CallSnapshot| call.answered.is_some();
        match hidden {
            false if self.calls.values().any(is_up) => PresenceState::OnThePhone,
            true | false => self.shown_without_calls(idle),
        }
    }

    /// The same to somebody who may not know of calls.
    fn shown_without_calls(&self, idle: bool) -> PresenceState {
        let own = self.account.presence.state;
        match idle && own == PresenceState::Available {
            true => PresenceState::Away,
            false => own,
        }
    }

    /// What a watcher is told, who may know of calls or not.
    pub(crate) fn seen(&self, what: What, idle: bool, of_calls: bool) -> Content {
        let entity = self.account.aor.to_string();
        let calls = self.calls.values();
        match what {
            What::Presence => {
                let shown = match of_calls {
                    true => self.shown(idle),
                    false => self.shown_without_calls(idle),
                };
                let presence = self.presence(shown);
                Content::Presence { entity, presence }
            }
            What::Dialog => Content::Calls {
                entity,
                calls: calls.filter_map(seen::call).collect(),
            },
        }
    }

    fn presence(&self, shown: PresenceState) -> Presence {
        let is_own = shown == self.account.presence.state;
        Presence {
            doing: doing(shown),
            note: self.note(),
            until: self.until().filter(|_| is_own).map(|at| at.to_string()),
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
        let presence = self.presence(self.published_as(idle));
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
            shown: self.published_as(idle),
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
