//! Table of sessions; forking.
//!
//! Finds the session of every message: requests in a dialog by our tag alone, which is random enough to
//! be unique, responses by the id of their request. Costs O(log n) each. A session that ended stays
//! only while a late 2xx, ACK or answer to a goodbye may come.
//!
//! | file | holds |
//! | --- | --- |
//! | [`config`] | bounds and rules |
//! | `open` | what it waits for |
//! | [`words`] | what goes in and out |
//! | `outside` | requests outside of any dialog |

pub mod config;
mod open;
mod outside;
pub mod words;

#[cfg(test)]
mod tests;

pub use config::{Config, Full, Limits, Redirects, Reliability};
pub use words::{Final, Input, Invitation, News, Output};

use crate::auth::Authenticator;
use crate::dialog::LocalTag;
use crate::ids::SessionId;
use crate::session::end::{By, Cause, Detail};
use crate::session::fx::{Asked, Fx, Owners};
use crate::session::{self, AccountId, Dial, EndReason, Goodbye, Order, Session, Weight};
use base::{Instant, Machine, Rng, Timers};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use sip_message::{Request, Status, Text};
use std::collections::{BTreeMap, VecDeque};

/// Ids of sessions that came in have this bit, so that they never meet those that the user chose.
const INBOUND: u64 = 1 << 63;

/// The `count`th session that the user dials.
pub const fn outbound(count: u64) -> SessionId {
    SessionId(count & !INBOUND)
}

/// Everything a table of sessions has to remember, as plain data (rulings 8).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    sessions: BTreeMap<SessionId, Box<Session>>,
    owners: Owners,
    accounts: BTreeMap<AccountId, Authenticator>,
    next_inbound: u64,
}

/// Table of sessions.
#[derive(Debug)]
pub struct Dialogs {
    config: Config,
    rng: Rng,
    state: State,
    by_tag: BTreeMap<LocalTag, SessionId>,
    timers: Timers<SessionId>,
    /// Unanswered calls by source.
    early: BTreeMap<IpAddr, u32>,
    /// Sessions that have not ended for their user.
    live: usize,
    outputs: VecDeque<Output>,
}

impl Dialogs {
    /// An empty table.
    pub fn new(config: Config, rng: Rng) -> Self {
        let state = State {
            sessions: BTreeMap::new(),
            owners: Owners::starting_at(&rng),
            accounts: BTreeMap::new(),
            next_inbound: 0,
        };
        Self::restore(state, config, rng)
    }

    /// The table as [`state`](Self::state) left it.
    pub fn restore(state: State, config: Config, rng: Rng) -> Self {
        let mut table = Self {
            config,
            rng,
            by_tag: BTreeMap::new(),
            timers: Timers::new(),
            early: BTreeMap::new(),
            live: 0,
            outputs: VecDeque::new(),
            state,
        };
        for (&id, session) in &table.state.sessions {
            table.by_tag.insert(session.tag(), id);
            table.timers.set(id, session.deadline());
            weigh(
                &mut table.live,
                &mut table.early,
                session.weight(),
                Change::Up,
            );
        }
        table
    }

    /// Everything it has to remember. Outputs that were not polled are not part of it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Sessions that have not ended for their user.
    pub fn live(&self) -> usize {
        self.live
    }

    /// All sessions, those that only wait for late messages included.
    pub fn len(&self) -> usize {
        self.state.sessions.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.state.sessions.is_empty()
    }

    /// What hanging up would send now.
    pub fn goodbye(&self, id: SessionId) -> Goodbye {
        let session = self.state.sessions.get(&id);
        session.map_or(Goodbye::Nothing, |session| session.goodbye())
    }

    /// The dialog of a session that is up.
    pub fn dialog(&self, id: SessionId) -> Option<crate::session::DialogName> {
        self.state
            .sessions
            .get(&id)
            .and_then(|session| session.name())
    }

    /// The early dialog of a call of ours that rings, where there is exactly one.
    pub fn early_dialog(&self, id: SessionId) -> Option<crate::session::DialogName> {
        let session = self.state.sessions.get(&id);
        session.and_then(|session| session.early_name())
    }

    /// Lets `step` work on one session, and keeps all indexes true.
    fn with(&mut self, id: SessionId, now: Instant, step: impl FnOnce(&mut Session, &mut Fx<'_>)) {
        let Some(session) = self.state.sessions.get_mut(&id) else {
            return;
        };
        let before = session.weight();
        let mut fx = Fx {
            session: id,
            now,
            config: &self.config,
            rng: &mut self.rng,
            owners: &mut self.state.owners,
            accounts: &mut self.state.accounts,
            outputs: &mut self.outputs,
        };
        step(session, &mut fx);
        let after = session.weight();
        if before != after {
            weigh(&mut self.live, &mut self.early, before, Change::Down);
            weigh(&mut self.live, &mut self.early, after, Change::Up);
        }
        self.timers.set(id, session.deadline());
        if session.is_gone() {
            let tag = session.tag();
            self.by_tag.remove(&tag);
            self.state.sessions.remove(&id);
        }
    }

    fn insert(&mut self, id: SessionId, session: Session) {
        weigh(
            &mut self.live,
            &mut self.early,
            session.weight(),
            Change::Up,
        );
        self.by_tag.insert(session.tag(), id);
        self.timers.set(id, session.deadline());
        self.state.sessions.insert(id, Box::new(session));
    }

    fn dial(&mut self, id: SessionId, dial: Dial, now: Instant) {
        let taken = id.0 & INBOUND != 0 || self.state.sessions.contains_key(&id);
        debug_assert!(!taken, "the id of a new session is its own");
        if taken || self.is_full() {
            let news = News::Ended(EndReason::new(By::Local, Cause::Failed, Detail::Full));
            self.outputs.push_back(Output::News { session: id, news });
            return;
        }
        let tag = LocalTag::draw(&mut self.rng);
        let session = Session::dial(
            dial,
            tag,
            &mut Fx {
                session: id,
                now,
                config: &self.config,
                rng: &mut self.rng,
                owners: &mut self.state.owners,
                accounts: &mut self.state.accounts,
                outputs: &mut self.outputs,
            },
        );
        self.insert(id, session);
    }

    fn is_full(&self) -> bool {
        let limits = &self.config.limits;
        self.live >= limits.calls || self.len() >= limits.sessions
    }

    /// A request: to its session by our tag, or to nobody yet.
    fn request(&mut self, asked: Asked, now: Instant) {
        let headers = asked.request.headers();
        let (Ok(to), Ok(from)) = (headers.to(), headers.from()) else {
            self.answer(&asked, Status::BAD_REQUEST);
            return;
        };
        let Some(to_tag) = to.tag() else {
            self.outside(asked, now);
            return;
        };
        let found = LocalTag::read(to_tag).and_then(|tag| self.by_tag.get(&tag).copied());
        let Some(id) = found else {
            self.answer(&asked, Status::CALL_DOES_NOT_EXIST);
            return;
        };
        let tag = from.tag().map(Text::from);
        self.with(id, now, |session, fx| {
            session.handle(session::Input::Request { asked, tag }, fx);
        });
    }

    fn ack(&mut self, request: Request, now: Instant) {
        let to = request.headers().to();
        let tag = to.as_ref().ok().and_then(|to| to.tag());
        let found = tag
            .and_then(LocalTag::read)
            .and_then(|tag| self.by_tag.get(&tag).copied());
        if let Some(id) = found {
            self.with(id, now, |session, fx| {
                session.handle(session::Input::Ack(request), fx);
            });
        }
    }

    fn order(&mut self, id: SessionId, order: Order, now: Instant) {
        self.with(id, now, |session, fx| {
            session.handle(session::Input::Order(order), fx);
        });
    }
}

impl Machine for Dialogs {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Dial(id, dial) => self.dial(id, *dial, now),
            Input::Order(id, order) => self.order(id, order, now),
            Input::Account(id, Some(account)) => {
                self.state.accounts.insert(id, account);
            }
            Input::Account(id, None) => {
                self.state.accounts.remove(&id);
            }
            Input::Request {
                id,
                request,
                origin,
            } => self.request(
                Asked {
                    id,
                    request,
                    origin,
                },
                now,
            ),
            Input::Ack(request) => self.ack(request, now),
            Input::Cancelled { id, reason } => {
                if let Some(&session) = self.state.owners.servers.get(&id) {
                    self.with(session, now, |session, fx| {
                        session.handle(session::Input::Cancelled { id, reason }, fx);
                    });
                }
            }
            Input::Response { id, response } => {
                if let Some(&session) = self.state.owners.clients.get(&id) {
                    self.with(session, now, |session, fx| {
                        session.handle(session::Input::Response { id, response }, fx);
                    });
                }
            }
            Input::Failed { id, why } => {
                if let Some(&session) = self.state.owners.clients.get(&id) {
                    self.with(session, now, |session, fx| {
                        session.handle(session::Input::Failed { id, why }, fx);
                    });
                }
            }
            Input::ServerEnded(id) => {
                if let Some(&session) = self.state.owners.servers.get(&id) {
                    self.with(session, now, |session, fx| {
                        session.handle(session::Input::ServerEnded(id), fx);
                    });
                }
            }
        }
    }

    fn handle_time(&mut self, now: Instant) {
        while let Some(id) = self.timers.expire(now) {
            self.with(id, now, |session, fx| session.handle_time(fx));
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}

/// Which way a count goes.
#[derive(Debug, Clone, Copy)]
enum Change {
    Up,
    Down,
}

fn weigh(live: &mut usize, early: &mut BTreeMap<IpAddr, u32>, weight: Weight, change: Change) {
    let source = match weight {
        Weight::Ended => return,
        Weight::Live => None,
        Weight::Early(source) => Some(source),
    };
    match change {
        Change::Up => {
            *live += 1;
            if let Some(source) = source {
                *early.entry(source).or_insert(0) += 1;
            }
        }
        Change::Down => {
            *live = live.saturating_sub(1);
            if let Some(source) = source {
                let left = early.get(&source).copied().unwrap_or(0).saturating_sub(1);
                if left == 0 {
                    early.remove(&source);
                } else {
                    early.insert(source, left);
                }
            }
        }
    }
}
