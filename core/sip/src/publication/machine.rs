//! Publish, modify, refresh, remove; what an answer means. Source: RFC 3903 §4.

use super::words::{Cause, Document, Input, News, Output, Publish};
use crate::auth::Refusal;
use crate::ids::ClientId;
use crate::outside::{Answer, Attempt, Outside};
use crate::registration::pace::{obey, retry_after};
use crate::subscription::pace::refresh_after;
use crate::transaction::Failure;
use base::{Instant, Machine, Rng};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Method, Response, Text};
use std::collections::VecDeque;

/// The longest lifetime that is believed. Unit: time.
const MAX_GRANTED: Duration = Duration::from_secs(24 * 3600);
/// The longest lifetime that a server may ask for (423). Unit: s.
const MAX_EXPIRES_S: u32 = 24 * 3600;

/// What a request does to the state at the server. Source: RFC 3903 §4.1, table 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// Says all of it: there was nothing, or something else.
    Document,
    /// Keeps what is there.
    Refresh,
    /// Takes it away.
    Remove,
}

/// Where a publication stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Nothing is said.
    Silent,
    /// A request is out.
    Asking(Kind, Attempt),
    /// The server has the last document, until it is refreshed then.
    Published {
        /// When.
        refresh_at: Instant,
    },
    /// The server does not have it; it is tried again then, if at all.
    Failed {
        /// When.
        retry_at: Option<Instant>,
    },
}

/// Everything a publication knows, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    state: State,
    outside: Outside,
    event: String,
    expires_s: u32,
    /// What is to be said; `None`: nothing.
    document: Option<Document>,
    /// Under what the server knows what we said last, and what that was.
    held: Option<(Text, Document)>,
    /// What the request that is out says.
    said: Option<Document>,
    failures: u32,
    next_id: ClientId,
}

/// One event state of ours.
#[derive(Debug, Clone)]
pub struct Publication {
    memory: Memory,
    outputs: VecDeque<Output>,
    rng: Rng,
}

impl Publication {
    /// Nothing is said yet. `first` names its first request; the low 28 bits are its own.
    pub fn new(publish: Publish, first: ClientId, mut rng: Rng) -> Self {
        let memory = Memory {
            state: State::Silent,
            outside: Outside::new(publish.sender, &mut rng),
            event: publish.event,
            expires_s: publish.expires_s,
            document: None,
            held: None,
            said: None,
            failures: 0,
            next_id: first,
        };
        Self::restore(memory, rng)
    }

    /// One that goes on where `memory` stood.
    pub fn restore(memory: Memory, rng: Rng) -> Self {
        Self {
            memory,
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// All it knows.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    fn next_id(&mut self) -> ClientId {
        let id = self.memory.next_id;
        let share = u64::from(u32::MAX >> 4);
        self.memory.next_id = ClientId((id.0 & !share) | (id.0.wrapping_add(1) & share));
        id
    }

    /// Asks for whatever brings the server to what is to be said.
    fn settle(&mut self) {
        if matches!(self.memory.state, State::Asking(..)) {
            return;
        }
        let held = self.memory.held.as_ref().map(|(_, document)| document);
        let kind = match (&self.memory.document, held) {
            (Some(wanted), Some(held)) if wanted == held => return,
            (Some(_), _) => Kind::Document,
            (None, Some(_)) => Kind::Remove,
            (None, None) => {
                self.memory.state = State::Silent;
                return;
            }
        };
        self.begin(kind);
    }

    fn begin(&mut self, kind: Kind) {
        let id = self.next_id();
        self.send(kind, Attempt::first(id));
    }

    fn send(&mut self, kind: Kind, mut attempt: Attempt) {
        let memory = &mut self.memory;
        let document = match kind {
            Kind::Document => memory.document.clone(),
            Kind::Refresh | Kind::Remove => None,
        };
        let expires_s = match kind {
            Kind::Remove => 0,
            Kind::Document | Kind::Refresh => memory.expires_s,
        };
        let etag = memory.held.as_ref().map(|(etag, _)| etag.clone());
        let event = memory.event.clone();
        memory.said.clone_from(&document);
        let write = &mut memory.outside;
        let (request, next_hop) = write.write(
            Method::Publish,
            &mut attempt,
            &mut self.rng,
            |mut builder| {
                builder = builder
                    .header(HeaderName::Event, event)
                    .header(HeaderName::Expires, expires_s);
                if let Some(etag) = etag {
                    builder = builder.header(HeaderName::SipIfMatch, etag);
                }
                match document {
                    Some(document) => builder.body(&document.kind, document.body),
                    None => builder,
                }
            },
        );
        let id = attempt.id;
        self.memory.state = State::Asking(kind, attempt);
        self.outputs.push_back(Output::Send {
            id,
            request,
            next_hop,
        });
    }

    fn response(&mut self, kind: Kind, attempt: &Attempt, response: &Response, now: Instant) {
        let answer = self.memory.outside.answered(attempt, response, now);
        let cause = match answer {
            Answer::Taken(_) => return self.taken(kind, response, now),
            Answer::Again => return self.again(kind, attempt, now),
            Answer::Unproved(refusal) => Cause::Unproved(refusal),
            Answer::Refused { status, reason } => Cause::Refused { status, reason },
        };
        let Cause::Refused { status, .. } = &cause else {
            return self.failed(kind, cause, None, now);
        };
        match *status {
            // The server no longer knows it: everything is said anew (RFC 3903 §4.1).
            412 => {
                self.memory.held = None;
                if kind == Kind::Remove {
                    return self.removed();
                }
                self.memory.state = State::Silent;
                match attempt.again(attempt.id) {
                    Some(_) if self.memory.failures == 0 => {
                        self.memory.failures = 1;
                        self.settle();
                    }
                    Some(_) | None => self.failed(kind, cause, None, now),
                }
            }
            423 if self.ask_for_longer(response) => self.again(kind, attempt, now),
            _ => {
                let wait = response.headers().retry_after().ok().flatten();
                let wait = wait.map(|s| Duration::from_secs(u64::from(s)));
                self.failed(kind, cause, wait, now);
            }
        }
    }

    fn again(&mut self, kind: Kind, attempt: &Attempt, now: Instant) {
        let id = self.next_id();
        match attempt.again(id) {
            Some(again) => self.send(kind, again),
            None => self.failed(kind, Cause::Unproved(Refusal::Loop), None, now),
        }
    }

    /// 423: asks for what the server takes. Source: RFC 3903 §4.1.
    fn ask_for_longer(&mut self, response: &Response) -> bool {
        let least = response.headers().min_expires().ok().flatten();
        let Some(least) = least.filter(|least| *least <= MAX_EXPIRES_S) else {
            return false;
        };
        let helps = least > self.memory.expires_s;
        self.memory.expires_s = self.memory.expires_s.max(least);
        helps
    }

    fn taken(&mut self, kind: Kind, response: &Response, now: Instant) {
        if kind == Kind::Remove {
            self.memory.held = None;
            return self.removed();
        }
        let headers = response.headers();
        let etag = headers.text(HeaderName::SipETag);
        let etag = etag.map(|etag| Text::from(etag.trim()));
        let said = self.memory.said.take();
        let document = said.or_else(|| {
            let held = self.memory.held.take();
            held.map(|(_, document)| document)
        });
        // Without a name for it nothing can be refreshed: it is said anew each time.
        self.memory.held = etag.zip(document.clone());
        let seconds = headers.expires().ok().flatten();
        let seconds = seconds.unwrap_or(self.memory.expires_s);
        let granted = Duration::from_secs(u64::from(seconds)).min(MAX_GRANTED);
        let refresh_at = now + refresh_after(granted, &mut self.rng);
        self.memory.state = State::Published { refresh_at };
        self.memory.failures = 0;
        if document == self.memory.document && kind == Kind::Document {
            self.outputs.push_back(Output::News(News::Published));
        }
        if document != self.memory.document {
            self.settle();
        }
    }

    fn removed(&mut self) {
        self.memory.state = State::Silent;
        match self.memory.document {
            None => self.outputs.push_back(Output::News(News::Removed)),
            Some(_) => self.settle(),
        }
    }

    fn failed(&mut self, kind: Kind, cause: Cause, said: Option<Duration>, now: Instant) {
        if kind == Kind::Remove {
            // It runs out at the server by itself.
            self.memory.held = None;
            return self.removed();
        }
        self.memory.failures = self.memory.failures.saturating_add(1);
        let next_try = match (cause.is_final(), said) {
            (true, _) => None,
            (false, Some(wait)) => Some(obey(wait, &mut self.rng)),
            (false, None) => Some(retry_after(self.memory.failures, &mut self.rng)),
        };
        let retry_at = next_try.map(|wait| now + wait);
        self.memory.state = State::Failed { retry_at };
        if self.memory.document.is_none() {
            return self.settle();
        }
        let news = News::Failed { cause, next_try };
        self.outputs.push_back(Output::News(news));
    }

    fn forget(&mut self) {
        self.memory.held = None;
        self.memory.failures = 0;
        self.memory.state = State::Silent;
    }
}

impl Machine for Publication {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Say(document) => {
                if self.memory.document.as_ref() == Some(&document) {
                    return;
                }
                self.memory.document = Some(document);
                // One that is refused for good is not tried with the next words either.
                if !matches!(self.memory.state, State::Failed { retry_at: None }) {
                    self.settle();
                }
            }
            Input::Again => {
                // A request that is out counts no more.
                self.forget();
                self.settle();
            }
            Input::Doubt => self.forget(),
            Input::End => {
                self.memory.document = None;
                self.settle();
            }
            Input::Response { id, response } => {
                if let State::Asking(kind, attempt) = self.memory.state.clone()
                    && attempt.id == id
                    && response.status().is_final()
                {
                    self.response(kind, &attempt, &response, now);
                }
            }
            Input::Failed { id, why } => {
                if let State::Asking(kind, attempt) = self.memory.state.clone()
                    && attempt.id == id
                {
                    let cause = match why {
                        Failure::TimedOut => Cause::NoAnswer,
                        Failure::Transport => Cause::Unreachable,
                    };
                    self.failed(kind, cause, None, now);
                }
            }
        }
    }

    fn handle_time(&mut self, now: Instant) {
        match self.memory.state {
            State::Published { refresh_at } if refresh_at <= now => {
                let kind = match self.memory.held {
                    Some(_) => Kind::Refresh,
                    None => Kind::Document,
                };
                self.begin(kind);
            }
            State::Failed {
                retry_at: Some(retry_at),
            } if retry_at <= now => self.begin(Kind::Document),
            State::Silent | State::Asking(..) | State::Published { .. } | State::Failed { .. } => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        match self.memory.state {
            State::Published { refresh_at } => Some(refresh_at),
            State::Failed { retry_at } => retry_at,
            State::Silent | State::Asking(..) => None,
        }
    }
}
