//! The machine: states and what moves it.

use super::pace;
use super::state::{Leg, Memory, State, Way};
use super::tag::WatchTag;
use super::words::{Cause, Input, News, Output, Watch};
use crate::ids::ClientId;
use base::{Duration, Instant, Machine, Rng};
use sip_message::{Text, Uri};
use std::collections::VecDeque;

/// Letters of a Call-ID.
const CALL_ID_LETTERS: usize = 24;

/// One subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub(super) memory: Memory,
    pub(super) outputs: VecDeque<Output>,
    pub(super) rng: Rng,
}

impl Subscription {
    /// A subscription that is not started yet. Its requests are named from `first_id` on.
    pub fn new(watch: Watch, first_id: ClientId, mut rng: Rng) -> Self {
        let tag = WatchTag::draw(&mut rng);
        let memory = Memory {
            state: State::Waiting,
            way: match watch.expires_s {
                0 => Way::Polled(0),
                _ => Way::Pushed,
            },
            legs: Vec::new(),
            turn: None,
            expires_s: watch.expires_s,
            from: Text::from(watch.from.with_tag(&tag.to_string()).to_string()),
            tag,
            call_id: Text::from(rng.token(CALL_ID_LETTERS)),
            cseq: 0,
            next_id: first_id,
            next_fork: 0,
            failures: 0,
            misses: 0,
            watch,
        };
        Self {
            memory,
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// A subscription that goes on where `memory` stood.
    pub fn restore(memory: Memory, rng: Rng) -> Self {
        Self {
            memory,
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// Everything it knows. Outputs that were not taken are not part of it.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.memory.state
    }

    /// The tag that its NOTIFYs are for. It changes with each SUBSCRIBE outside of a dialog.
    pub fn tag(&self) -> WatchTag {
        self.memory.tag
    }

    pub(super) fn enter(&mut self, state: State) {
        self.memory.state = state;
    }

    pub(super) fn tell(&mut self, news: News) {
        self.outputs.push_back(Output::News(news));
    }

    /// SUBSCRIBE outside of a dialog: the first, after a loss, or a poll.
    fn ask_outside(&mut self, now: Instant) {
        let memory = &mut self.memory;
        memory.tag = WatchTag::draw(&mut self.rng);
        let from = memory.watch.from.with_tag(&memory.tag.to_string());
        memory.from = Text::from(from.to_string());
        memory.call_id = Text::from(self.rng.token(CALL_ID_LETTERS));
        let expires_s = match &mut memory.way {
            Way::Pushed => memory.expires_s,
            Way::Polled(polls) => {
                *polls = polls.wrapping_add(1);
                // Whether it pushes by now.
                match *polls % pace::POLLS == 0 {
                    true => memory.watch.expires_s,
                    false => 0,
                }
            }
        };
        memory.turn = (expires_s == 0).then(|| now + pace::POLL);
        let attempt = self.attempt(expires_s);
        let attempt = self.send_outside(attempt);
        self.enter(State::Asking(attempt));
    }

    /// SUBSCRIBE in the dialog of a leg.
    pub(super) fn refresh(&mut self, index: usize, now: Instant) {
        let attempt = self.attempt(self.memory.expires_s);
        self.send_inside(index, attempt, now);
    }

    fn start(&mut self, after: Duration, now: Instant) {
        match self.memory.state {
            State::Waiting => self.memory.turn = Some(now + after),
            State::Asking(_) | State::Promised { .. } | State::Active { .. } => {}
            State::Polled | State::Failed(_) | State::Ending | State::Over => {}
        }
    }

    fn ask(&mut self, now: Instant) {
        match self.memory.state {
            State::Active { .. } => {
                for leg in &mut self.memory.legs {
                    ask_leg(leg, now);
                }
            }
            State::Polled => self.memory.turn = Some(now),
            State::Waiting | State::Asking(_) | State::Promised { .. } => {}
            State::Failed(_) | State::Ending | State::Over => {}
        }
    }

    fn doubt(&mut self) {
        match self.memory.state {
            State::Active { .. } | State::Polled => self.tell(News::Lost {
                cause: Cause::ServerLost,
                next_try: None,
            }),
            State::Waiting | State::Asking(_) | State::Promised { .. } => {}
            State::Failed(_) | State::Ending | State::Over => {}
        }
    }

    fn again(&mut self, after: Duration, now: Instant) {
        match self.memory.state {
            State::Active { .. } => {
                for leg in &mut self.memory.legs {
                    leg.heard = false;
                    if leg.attempt.is_none() {
                        leg.refresh_at = Some(now + after);
                    }
                }
            }
            State::Waiting | State::Failed(_) | State::Polled => {
                self.memory.failures = 0;
                self.memory.turn = Some(now + after);
                self.enter(State::Waiting);
            }
            State::Asking(_) | State::Promised { .. } | State::Ending | State::Over => {}
        }
    }

    fn moved(&mut self, contact: Uri, now: Instant) {
        if contact == self.memory.watch.contact {
            return;
        }
        self.memory.watch.contact = contact;
        for leg in &mut self.memory.legs {
            if leg.attempt.is_none() {
                let spread = self.rng.duration_below(Duration::from_secs(1));
                leg.refresh_at = Some(now + spread);
            }
        }
    }

    fn end(&mut self, now: Instant) {
        match &self.memory.state {
            State::Active { .. } => {
                self.drop_late();
                self.enter(State::Ending);
                self.memory.turn = Some(now + pace::GOODBYE);
                for index in 0..self.memory.legs.len() {
                    self.drop_refresh(index);
                    let attempt = self.attempt(0);
                    self.send_inside(index, attempt, now);
                }
            }
            // A NOTIFY that comes all the same gets 481, which ends it at the notifier.
            State::Asking(_) | State::Promised { .. } => {
                self.drop_late();
                self.over();
            }
            State::Waiting | State::Polled | State::Failed(_) => self.over(),
            State::Ending | State::Over => {}
        }
    }

    pub(super) fn over(&mut self) {
        self.memory.turn = None;
        self.memory.legs.clear();
        self.enter(State::Over);
        self.tell(News::Over);
    }

    /// Stops caring about the SUBSCRIBE outside of a dialog, if one is under way.
    pub(super) fn drop_late(&mut self) {
        let attempt = match &mut self.memory.state {
            State::Asking(attempt) => Some(attempt.id),
            State::Active { late, .. } => late.take().map(|attempt| attempt.id),
            State::Waiting | State::Promised { .. } | State::Polled => None,
            State::Failed(_) | State::Ending | State::Over => None,
        };
        if let Some(id) = attempt {
            self.outputs.push_back(Output::Abandon { id });
        }
    }

    pub(super) fn drop_refresh(&mut self, index: usize) {
        let leg = self.memory.legs.get_mut(index);
        if let Some(attempt) = leg.and_then(|leg| leg.attempt.take()) {
            self.outputs.push_back(Output::Abandon { id: attempt.id });
        }
    }

    fn turn(&mut self, now: Instant) {
        self.memory.turn = None;
        match self.memory.state {
            State::Waiting | State::Polled | State::Failed(_) => self.ask_outside(now),
            State::Asking(_) => self.lost(Cause::NoAnswer, None, now),
            State::Promised { .. } => {
                self.memory.misses += 1;
                self.lost(Cause::NoNotify, None, now);
            }
            State::Ending => {
                for index in 0..self.memory.legs.len() {
                    self.drop_refresh(index);
                }
                self.over();
            }
            State::Active { .. } | State::Over => {}
        }
    }

    /// What is due of one leg; whether there was something.
    fn leg_time(&mut self, index: usize, now: Instant) -> bool {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let Some(leg) = self.memory.legs.get(index) else {
            return false;
        };
        if leg.until <= now {
            self.leg_over(index, Cause::Expired, None, now);
        } else if is_due(leg.notify_by) {
            self.memory.misses += 1;
            self.leg_over(index, Cause::NoNotify, None, now);
        } else if is_due(leg.refresh_at) {
            self.refresh(index, now);
        } else {
            return false;
        }
        true
    }
}

/// The full state is wanted: with the refresh that is under way, or with one soon.
fn ask_leg(leg: &mut Leg, now: Instant) {
    if leg.attempt.is_some() {
        leg.heard = false;
        return;
    }
    let at = now.max(leg.asked + pace::ASK);
    leg.refresh_at = Some(leg.refresh_at.map_or(at, |planned| planned.min(at)));
}

impl Machine for Subscription {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Start(after) => self.start(after, now),
            Input::Ask => self.ask(now),
            Input::Doubt => self.doubt(),
            Input::Again(after) => self.again(after, now),
            Input::Moved(contact) => self.moved(contact, now),
            Input::End => self.end(now),
            Input::Response { id, response } => self.response(id, &response, now),
            Input::Failed { id, why } => self.failed(id, why, now),
            Input::Notify { id, request } => self.notify(id, &request, now),
        }
    }

    fn handle_time(&mut self, now: Instant) {
        if self.memory.turn.is_some_and(|at| at <= now) {
            self.turn(now);
        }
        if matches!(self.memory.state, State::Ending) {
            return;
        }
        let mut index = 0;
        while index < self.memory.legs.len() {
            // A leg that is over leaves its place to the next one.
            let legs = self.memory.legs.len();
            let acted = self.leg_time(index, now);
            if !acted || self.memory.legs.len() == legs {
                index += 1;
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        let memory = &self.memory;
        if matches!(memory.state, State::Ending) {
            return memory.turn;
        }
        let legs = memory.legs.iter();
        let legs =
            legs.flat_map(|leg| [Some(leg.until), leg.refresh_at, leg.notify_by].into_iter());
        legs.chain([memory.turn]).flatten().min()
    }
}
