//! NOTIFY: dialogs made by it, order, Subscription-State.

use super::machine::Subscription;
use super::pace;
use super::state::{Leg, State, Way};
use super::words::{Cause, Ended, News, Output, RELATED};
use crate::dialog::{Dialog, LocalTag};
use crate::ids::ServerId;
use base::Instant;
use core::time::Duration;
use sip_message::{
    Content, HeaderName, MAX_LIST_PARTS, Part, Request, ResponseBuilder, Status, SubscriptionPhase,
    SubscriptionState,
};

/// How the user knows whoever answers polls.
const POLL_FORK: u32 = u32::MAX;

/// Where a NOTIFY belongs.
enum Place {
    /// To this leg. `gap`: one before it is missing.
    Leg { index: usize, gap: bool },
    /// It makes a new leg, granted for this long unless it says how long itself.
    New { granted: Duration },
    /// It answers a poll.
    Poll,
    /// It came twice, or after one that was sent later.
    Late,
}

impl Subscription {
    pub(super) fn notify(&mut self, id: ServerId, request: &Request, now: Instant) {
        let checked = self
            .check(request)
            .and_then(|state| Ok((self.place(request, now)?, state)));
        let (place, state) = match checked {
            Ok(checked) => checked,
            Err(status) => return self.respond(id, request, status),
        };
        self.respond(id, request, Status::OK);
        let phase = state.phase();
        if matches!(self.memory.state, State::Ending) {
            if let (Place::Leg { index, .. }, SubscriptionPhase::Terminated) = (place, phase) {
                self.drop_refresh(index);
                self.left(index);
            }
            return;
        }
        match place {
            Place::Late => {}
            Place::Poll => self.polled(request, now),
            Place::New { granted } => self.first(request, &state, granted, now),
            Place::Leg { index, gap } => self.next(index, request, &state, gap, now),
        }
    }

    /// Source: RFC 6665 §4.1.3, §8.2.1.
    fn check(&self, request: &Request) -> Result<SubscriptionState, Status> {
        let headers = request.headers();
        let event = headers.event().ok().flatten();
        let package = self.memory.watch.package.name();
        if !event.is_some_and(|event| event.package().eq_ignore_ascii_case(package)) {
            return Err(Status::BAD_EVENT);
        }
        let state = headers.subscription_state().ok().flatten();
        state.ok_or(Status::BAD_REQUEST)
    }

    fn place(&mut self, request: &Request, now: Instant) -> Result<Place, Status> {
        let headers = request.headers();
        let (from, call_id) = (headers.from(), headers.call_id());
        let (Ok(from), Ok(call_id), Ok(cseq)) = (from, call_id, headers.cseq()) else {
            return Err(Status::BAD_REQUEST);
        };
        if call_id != self.memory.call_id {
            return Err(Status::CALL_DOES_NOT_EXIST);
        }
        let legs = &mut self.memory.legs;
        let known = legs.iter().position(|leg| leg.dialog.is_with(from.tag()));
        if let Some((index, leg)) = known.and_then(|at| Some((at, legs.get_mut(at)?))) {
            // 500, as RFC 3261 §12.2.2 wants it, would make the notifier drop the subscription
            // (RFC 6665 §4.2.2) for a packet that only came late.
            if cseq.number <= leg.cseq {
                return Ok(Place::Late);
            }
            let gap = cseq.number != leg.cseq + 1;
            leg.cseq = cseq.number;
            return Ok(Place::Leg { index, gap });
        }
        let forks = match self.memory.watch.list {
            // Source: RFC 4662 §4.7.
            true => 1,
            false => self.memory.watch.package.forks(),
        };
        match &self.memory.state {
            State::Asking(attempt) if attempt.expires_s == 0 => Ok(Place::Poll),
            State::Asking(attempt) => Ok(Place::New {
                granted: Duration::from_secs(u64::from(attempt.expires_s)),
            }),
            // Polls have the shorter patience.
            State::Promised { granted } => Ok(match granted.is_zero() && self.is_poll() {
                true => Place::Poll,
                false => Place::New { granted: *granted },
            }),
            State::Active { forks_until, .. }
                if now <= *forks_until && self.memory.legs.len() < forks =>
            {
                let until = self.memory.legs.iter().map(|leg| leg.until).max();
                let granted = until.map_or(Duration::ZERO, |until| until.since(now));
                Ok(Place::New { granted })
            }
            State::Waiting | State::Active { .. } | State::Polled => {
                Err(Status::CALL_DOES_NOT_EXIST)
            }
            State::Failed(_) | State::Ending | State::Over => Err(Status::CALL_DOES_NOT_EXIST),
        }
    }

    /// Whether the SUBSCRIBE that was answered asked for the state only.
    fn is_poll(&self) -> bool {
        match self.memory.way {
            Way::Pushed => false,
            Way::Polled(polls) => polls % pace::POLLS != 0 || self.memory.watch.expires_s == 0,
        }
    }

    /// The answer to a poll: what it says holds until the next one.
    fn polled(&mut self, request: &Request, now: Instant) {
        self.drop_late();
        self.memory.failures = 0;
        let wait = self.until_poll();
        self.memory.turn = Some(now + wait);
        self.enter(State::Polled);
        self.tell(document(POLL_FORK, false, request));
    }

    /// The first NOTIFY of a notifier.
    fn first(
        &mut self,
        request: &Request,
        state: &SubscriptionState,
        granted: Duration,
        now: Instant,
    ) {
        let alone = self.memory.legs.is_empty();
        let ended = ended(state);
        if let Some(ended) = ended {
            // It says how things stand and does not stay: it does not push (M-092).
            return match (alone, ended.is_unkept() && !request.body().is_empty()) {
                (true, true) => {
                    if self.memory.way == Way::Pushed {
                        self.memory.way = Way::Polled(0);
                        self.tell(News::Polled(true));
                    }
                    self.polled(request, now);
                }
                (true, false) => self.lost(Cause::Ended(ended), said(state), now),
                (false, _) => {}
            };
        }
        let granted = life(state).unwrap_or(granted);
        let fork = self.fork();
        let Some(leg) = self.leg(request, granted, fork, now) else {
            return;
        };
        self.memory.legs.push(leg);
        if alone {
            let late = match &self.memory.state {
                State::Asking(attempt) => Some(attempt.clone()),
                State::Waiting | State::Promised { .. } | State::Active { .. } => None,
                State::Polled | State::Failed(_) | State::Ending | State::Over => None,
            };
            self.memory.turn = None;
            let forks_until = now + pace::NOTIFY;
            self.enter(State::Active { late, forks_until });
        }
        if self.memory.way != Way::Pushed {
            self.memory.way = Way::Pushed;
            self.tell(News::Polled(false));
        }
        self.told(fork, state, false, request);
    }

    fn leg(
        &mut self,
        request: &Request,
        granted: Duration,
        fork: u32,
        now: Instant,
    ) -> Option<Leg> {
        let memory = &self.memory;
        // The dialog's own tag is read by sessions only; what goes out is the text of From.
        let local = (memory.from.clone(), LocalTag::draw(&mut self.rng));
        let dialog = Dialog::of_notify(request, local, memory.cseq).ok()?;
        let granted = granted.max(Duration::from_secs(1)).min(pace::MAX_GRANTED);
        Some(Leg {
            dialog,
            fork,
            born: now,
            cseq: request.headers().cseq().ok()?.number,
            until: now + granted,
            refresh_at: Some(now + pace::refresh_after(granted, &mut self.rng)),
            notify_by: None,
            asked: now,
            heard: true,
            failures: 0,
            attempt: None,
        })
    }

    /// One more NOTIFY of a notifier.
    fn next(
        &mut self,
        index: usize,
        request: &Request,
        state: &SubscriptionState,
        gap: bool,
        now: Instant,
    ) {
        if let Some(ended) = ended(state) {
            return self.leg_over(index, Cause::Ended(ended), said(state), now);
        }
        if let Some(granted) = life(state) {
            self.shorten(index, granted, now);
        }
        let Some(leg) = self.memory.legs.get_mut(index) else {
            return;
        };
        leg.dialog.refresh_target(request.headers());
        // It answers a refresh: this notifier keeps what it grants.
        if leg.notify_by.is_some() || leg.attempt.is_some() {
            self.memory.misses = 0;
            self.memory.failures = 0;
        }
        leg.notify_by = None;
        leg.heard = true;
        let fork = leg.fork;
        self.told(fork, state, gap, request);
    }

    fn told(&mut self, fork: u32, state: &SubscriptionState, gap: bool, request: &Request) {
        self.tell(match state.phase() {
            SubscriptionPhase::Pending => News::Pending,
            SubscriptionPhase::Active
            | SubscriptionPhase::Terminated
            | SubscriptionPhase::Other => document(fork, gap, request),
        });
    }

    fn fork(&mut self) -> u32 {
        let fork = self.memory.next_fork;
        self.memory.next_fork = fork.wrapping_add(1);
        fork
    }

    fn respond(&mut self, id: ServerId, request: &Request, status: Status) {
        let mut response = ResponseBuilder::to(request, status);
        if status == Status::BAD_EVENT {
            let package = self.memory.watch.package.name();
            response = response.header(HeaderName::AllowEvents, package);
        }
        let response = response.build();
        self.outputs.push_back(Output::Respond { id, response });
    }
}

fn ended(state: &SubscriptionState) -> Option<Ended> {
    let over = state.phase() == SubscriptionPhase::Terminated;
    over.then(|| Ended::read(state.reason()))
}

fn life(state: &SubscriptionState) -> Option<Duration> {
    let seconds = state.expires()?;
    Some(Duration::from_secs(u64::from(seconds)))
}

fn said(state: &SubscriptionState) -> Option<Duration> {
    let seconds = state.retry_after()?;
    Some(Duration::from_secs(u64::from(seconds)))
}

fn document(fork: u32, gap: bool, request: &Request) -> News {
    let content_type = request.headers().content_type().unwrap_or_default();
    if content_type == RELATED {
        let parts = Part::of_up_to(MAX_LIST_PARTS, request.headers(), request.body());
        let parts = parts.map(|whole| match whole.map(|whole| whole.content) {
            Some(Content::All(parts)) => parts,
            Some(Content::Leaf(_) | Content::Choice(_)) | None => Vec::new(),
        });
        return News::List { parts, gap };
    }
    News::Document {
        fork,
        content_type,
        body: request.body().clone(),
        gap,
    }
}
