//! The machine: NOTIFYs one after the other, refreshes, the end.

use super::ask::{Ask, Refused};
use super::content::Content;
use super::notify::Flight;
use super::tag::WatcherTag;
use super::words::{End, Input, Output, Over};
use crate::auth::Authenticator;
use crate::dialog::Dialog;
use crate::ids::{ClientId, ServerId};
use crate::subscription::Package;
use base::{Instant, Machine, Rng};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, NameAddr, Request, ResponseBuilder, Status, Text, Uri};
use std::collections::VecDeque;

/// How a notifier speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Where refreshes reach us.
    pub contact: Uri,
    /// Who proves who we are, where a proxy on the way wants that.
    pub auth: Authenticator,
}

/// Where a subscription stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// The watcher is told of every change.
    Active {
        /// Until when, unless it is refreshed.
        until: Instant,
    },
    /// The last NOTIFY goes out, or is out.
    Ending(End),
    /// Nothing more will happen.
    Over,
}

/// What the watcher is still to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Owed {
    /// It has everything.
    Nothing,
    /// A change: not before [`Memory::not_before`].
    Change,
    /// How it stands, at once: it asked, or it is the last word.
    Word,
}

/// Everything a notifier knows, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub(super) state: State,
    pub(super) terms: Terms,
    pub(super) dialog: Dialog,
    pub(super) tag: WatcherTag,
    pub(super) package: Package,
    /// Event as the watcher said it.
    pub(super) event: Text,
    pub(super) content: Content,
    /// Documents that were sent.
    pub(super) version: u32,
    pub(super) owed: Owed,
    /// Before that no change is told (RFC 6665 §4.2.1.4 with the packages' own bounds).
    pub(super) not_before: Instant,
    /// The NOTIFY that waits for its answer; there is one at a time.
    pub(super) flight: Option<Flight>,
    /// Challenges since a NOTIFY was last taken.
    pub(super) challenges: u32,
    pub(super) next_id: ClientId,
}

impl Memory {
    /// Whether what it says last has no document: the right to see one was taken, or there is nothing to see.
    pub(super) const fn shows_nothing(&self) -> bool {
        matches!(self.state, State::Ending(End::Rejected | End::NoResource))
    }
}

/// One subscription of somebody else's.
#[derive(Debug, Clone)]
pub struct Notifier {
    pub(super) memory: Memory,
    pub(super) outputs: VecDeque<Output>,
    pub(super) rng: Rng,
}

impl Notifier {
    /// Takes `request`, a SUBSCRIBE outside of a dialog that asks for `ask`, in the transaction `id`: it is answered,
    /// and the watcher is told `content`. NOTIFYs are named from `first_id` on.
    pub fn take(
        (id, request): (ServerId, &Request),
        ask: Ask,
        (terms, content): (Terms, Content),
        first_id: ClientId,
        mut rng: Rng,
        now: Instant,
    ) -> Result<Self, Refused> {
        let tag = WatcherTag::draw(&mut rng);
        let dialog = Dialog::of_subscribe(request, &tag.to_string(), &mut rng);
        let dialog = dialog.map_err(|_| Refused::Malformed)?;
        let state = match ask.granted.is_zero() {
            true => State::Ending(End::Timeout),
            false => State::Active {
                until: now + ask.granted,
            },
        };
        let memory = Memory {
            state,
            terms,
            dialog,
            tag,
            package: ask.package,
            event: ask.event,
            content,
            version: 0,
            owed: Owed::Word,
            not_before: now,
            flight: None,
            challenges: 0,
            next_id: first_id,
        };
        let mut notifier = Self {
            memory,
            outputs: VecDeque::new(),
            rng,
        };
        notifier.grant(id, request, ask.granted);
        notifier.push(now);
        Ok(notifier)
    }

    /// A notifier that goes on where `memory` stood.
    pub fn restore(memory: Memory, rng: Rng) -> Self {
        Self {
            memory,
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// Everything it knows. Outputs that were not taken are not part of it.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The tag that refreshes have.
    pub const fn tag(&self) -> WatcherTag {
        self.memory.tag
    }

    /// What is watched.
    pub const fn package(&self) -> Package {
        self.memory.package
    }

    /// Whether the watcher is told of changes.
    pub const fn is_active(&self) -> bool {
        matches!(self.memory.state, State::Active { .. })
    }

    fn grant(&mut self, id: ServerId, request: &Request, granted: Duration) {
        let memory = &self.memory;
        let mut response = ResponseBuilder::to(request, Status::OK).to_tag(&memory.tag.to_string());
        // RFC 3261 §12.1.1: the watcher learns the proxies that want to stay on the way.
        for route in request.headers().values(HeaderName::RecordRoute) {
            response = response.header(HeaderName::RecordRoute, String::from_utf8_lossy(route));
        }
        let response = response
            .header(HeaderName::Contact, NameAddr::new(&memory.terms.contact))
            .header(HeaderName::Expires, granted.as_secs())
            .build();
        self.outputs.push_back(Output::Respond { id, response });
    }

    fn subscribe(&mut self, id: ServerId, request: &Request, now: Instant) {
        match self.refreshed(request, now) {
            Ok(granted) => {
                self.grant(id, request, granted);
                self.push(now);
            }
            Err(response) => {
                let response = response.build();
                self.outputs.push_back(Output::Respond { id, response });
            }
        }
    }

    /// Source: RFC 6665 §4.2.1.2.
    fn refreshed(&mut self, request: &Request, now: Instant) -> Result<Duration, ResponseBuilder> {
        let refuse = |status| ResponseBuilder::to(request, status);
        if !self.is_active() {
            return Err(refuse(Refused::Unknown.status()));
        }
        let headers = request.headers();
        let from = headers.from().ok();
        let memory = &mut self.memory;
        if !from.is_some_and(|from| memory.dialog.is_with(from.tag()))
            || headers.call_id().ok().as_ref() != Some(memory.dialog.call_id())
        {
            return Err(refuse(Refused::Unknown.status()));
        }
        let Ok(cseq) = headers.cseq() else {
            return Err(refuse(Status::BAD_REQUEST));
        };
        if memory.dialog.hear(cseq.number).is_err() {
            return Err(refuse(Status::SERVER_INTERNAL_ERROR));
        }
        let event = headers.event().ok().flatten();
        let meant = memory.event.as_str().parse().ok();
        if !event
            .zip(meant)
            .is_some_and(|(event, known)| event.is(&known))
        {
            return Err(refuse(Status::BAD_EVENT));
        }
        let granted =
            Ask::granted(request).map_err(|refused| refused.answer(request, &[memory.package]))?;
        memory.dialog.refresh_target(headers);
        memory.owed = Owed::Word;
        memory.state = match granted.is_zero() {
            true => State::Ending(End::Timeout),
            false => State::Active {
                until: now + granted,
            },
        };
        Ok(granted)
    }

    fn say(&mut self, content: Content, now: Instant) {
        debug_assert_eq!(content.package(), self.memory.package);
        // Whoever is sent away learns nothing that came afterwards, also where the last NOTIFY still waits for its turn.
        let is_active = matches!(self.memory.state, State::Active { .. });
        if !is_active || self.memory.content == content {
            return;
        }
        self.memory.content = content;
        if self.memory.owed == Owed::Nothing {
            self.memory.owed = Owed::Change;
        }
        self.push(now);
    }

    fn end(&mut self, end: End, now: Instant) {
        match self.memory.state {
            State::Active { .. } => {
                self.memory.state = State::Ending(end);
                self.memory.owed = Owed::Word;
                self.push(now);
            }
            State::Ending(_) | State::Over => {}
        }
    }

    pub(super) fn over(&mut self, over: Over) {
        self.memory.state = State::Over;
        self.memory.owed = Owed::Nothing;
        self.memory.flight = None;
        self.outputs.push_back(Output::Over(over));
    }

    /// Sends what is owed, if now is the time.
    pub(super) fn push(&mut self, now: Instant) {
        if self.memory.flight.is_some() {
            return;
        }
        let due = match self.memory.owed {
            Owed::Nothing => false,
            Owed::Change => now >= self.memory.not_before,
            Owed::Word => true,
        };
        match self.memory.state.clone() {
            State::Active { until } if due => {
                let left = until.since(now).as_secs();
                self.notify(&format!("active;expires={left}"), now);
            }
            State::Ending(end) if due => {
                let mut said = format!("terminated;reason={}", end.word());
                if let End::Probation(after) = end {
                    said.push_str(&format!(";retry-after={}", after.as_secs()));
                }
                self.notify(&said, now);
            }
            State::Active { .. } | State::Over => {}
            State::Ending(end) => self.over(Over::Told(end)),
        }
    }
}

impl Machine for Notifier {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Subscribe { id, request } => self.subscribe(id, &request, now),
            Input::Say(content) => self.say(content, now),
            Input::End(end) => self.end(end, now),
            Input::Forgotten => {
                if self.memory.flight.take().is_some() {
                    self.memory.owed = Owed::Word;
                    self.push(now);
                }
            }
            Input::Response { id, response } => self.response(id, &response, now),
            Input::Failed { id, why: _ } => {
                if self.memory.flight.as_ref().is_some_and(|out| out.id == id) {
                    self.over(Over::Unreachable);
                }
            }
        }
    }

    fn handle_time(&mut self, now: Instant) {
        match self.memory.state {
            State::Active { until } if until <= now => self.end(End::Timeout, now),
            State::Active { .. } => self.push(now),
            State::Ending(_) | State::Over => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        let memory = &self.memory;
        match memory.state {
            State::Active { until } => {
                let waits = memory.flight.is_none() && memory.owed == Owed::Change;
                let change = waits.then_some(memory.not_before);
                Some(change.map_or(until, |at| at.min(until)))
            }
            State::Ending(_) | State::Over => None,
        }
    }
}
