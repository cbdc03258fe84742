//! The machine: states and what moves it.

use super::pace;
use super::redirect::Redirections;
use super::state::{Attempt, Bound, Memory, State, Timer};
use super::supervision::Supervision;
use super::words::{Account, Cause, Input, KeepAlive, Output, Status};
use crate::auth::Authenticator;
use crate::ids::ClientId;
use base::{Deadlines, Instant, Machine, Rng};
use sip_message::Uri;
use std::collections::VecDeque;

/// One binding.
#[derive(Debug, Clone)]
pub struct Binding {
    pub(super) memory: Memory,
    pub(super) outputs: VecDeque<Output>,
    pub(super) rng: Rng,
}

impl Binding {
    /// A binding that is not wanted yet. Its requests are named from `first_id` on.
    pub fn new(account: Account, first_id: ClientId, mut rng: Rng) -> Self {
        let auth = Authenticator::new(account.credentials.clone(), &account.own_hops());
        let memory = Memory {
            state: State::Unregistered,
            timers: Deadlines::new(),
            auth,
            supervision: Supervision::new(&mut rng),
            redirections: Redirections::default(),
            contact: account.contact.clone(),
            stale_contact: None,
            moves: 0,
            failures: 0,
            expires_s: account.expires_s,
            call_id: rng.token(24),
            from_tag: rng.token(12),
            cseq: rng.number32() >> 8,
            next_id: first_id,
            told: Status::Unregistered,
            account,
        };
        Self {
            memory,
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// A binding that goes on where `memory` stood.
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

    /// Where it stands, as the person sees it.
    pub fn status(&self) -> &Status {
        &self.memory.told
    }

    fn register(&mut self, now: Instant) {
        match &self.memory.state {
            State::Unregistered | State::Failed { .. } | State::Unregistering(_) => {
                self.drop_attempt();
                self.memory.timers.clear_all();
                self.memory.auth.forget();
                self.memory.failures = 0;
                self.watch(now);
                let attempt = self.send_register(now, false, false);
                self.enter(State::Registering(attempt));
            }
            State::Retrying { bound, .. } | State::Registered(bound) => {
                let bound = bound.clone();
                self.memory.timers.clear(Timer::Retry);
                self.renew(bound, true, now);
            }
            // What is under way is told of when it is answered.
            State::Refreshing(bound, attempt) => {
                let asked = Attempt {
                    asked: true,
                    ..attempt.clone()
                };
                self.enter(State::Refreshing(bound.clone(), asked));
            }
            State::Registering(_) => {}
        }
    }

    /// Sends a REGISTER for a binding that is there; `asked` when somebody waits for its outcome.
    fn renew(&mut self, bound: Bound, asked: bool, now: Instant) {
        let attempt = Attempt {
            asked,
            ..self.send_register(now, false, false)
        };
        self.hurry(&bound, now);
        self.enter(State::Refreshing(bound, attempt));
    }

    fn remove(&mut self, now: Instant) {
        let may_be_there = match &self.memory.state {
            State::Unregistered | State::Unregistering(_) => return,
            State::Registering(_)
            | State::Registered(_)
            | State::Refreshing(_, _)
            | State::Retrying { .. } => true,
            State::Failed { bound, .. } => bound.is_some(),
        };
        self.drop_attempt();
        self.stop_watching();
        self.memory.timers.clear_all();
        if may_be_there {
            let attempt = self.send_removal(now);
            self.enter(State::Unregistering(attempt));
        } else {
            self.enter(State::Unregistered);
        }
    }

    /// Ends without a word to the registrar or to whoever holds it: what is under way is of no interest any more.
    pub fn leave(&mut self) {
        self.drop_attempt();
        self.stop_watching();
        self.memory.timers.clear_all();
        self.memory.state = State::Unregistered;
        self.memory.told = Status::Unregistered;
    }

    /// Starts another try for a binding that failed or could not be renewed.
    pub(super) fn retry(&mut self, now: Instant) {
        self.memory.timers.clear(Timer::Retry);
        self.drop_attempt();
        match self.memory.state.clone() {
            State::Retrying { bound, .. } | State::Registered(bound) => {
                self.renew(bound, false, now);
            }
            State::Failed { cause, bound, .. } => {
                let once = cause.is_loss() && self.memory.account.supervised;
                let attempt = Some(self.send_register(now, false, once));
                if once {
                    // Silence says nothing that is not known: the next try has its time already.
                    self.try_again_later(None, now);
                }
                self.enter(State::Failed {
                    cause,
                    attempt,
                    bound,
                });
            }
            State::Unregistered
            | State::Registering(_)
            | State::Refreshing(_, _)
            | State::Unregistering(_) => {}
        }
    }

    /// Renews a binding at its regular time.
    fn refresh(&mut self, due: Instant, now: Instant) {
        if let State::Registered(bound) = &self.memory.state {
            let bound = bound.clone();
            let attempt = self.send_register(due, true, false);
            self.hurry(&bound, now);
            self.enter(State::Refreshing(bound, attempt));
        }
    }

    /// A refresh of a short binding was not answered quickly: another one, at once.
    fn hurry_on(&mut self, now: Instant) {
        if let State::Refreshing(bound, attempt) = &self.memory.state {
            let (bound, last) = (bound.clone(), attempt.clone());
            self.drop_attempt();
            let attempt = Attempt {
                asked: last.asked,
                ..self.send_register(last.due, last.regular, false)
            };
            self.hurry(&bound, now);
            self.enter(State::Refreshing(bound, attempt));
        }
    }

    fn hurry(&mut self, bound: &Bound, now: Instant) {
        if self.memory.account.supervised && bound.until.since(now) < pace::SHORT {
            self.memory.timers.set(Timer::Hurry, now + pace::HURRY);
        }
    }

    /// Forgets a REGISTER that is under way.
    pub(super) fn drop_attempt(&mut self) {
        let id = match &mut self.memory.state {
            State::Registering(attempt)
            | State::Refreshing(_, attempt)
            | State::Unregistering(attempt) => Some(attempt.id),
            State::Failed { attempt, .. } => attempt.take().map(|attempt| attempt.id),
            State::Unregistered | State::Registered(_) | State::Retrying { .. } => None,
        };
        if let Some(id) = id {
            self.outputs.push_back(Output::Abandon { id });
        }
    }

    /// The REGISTER under way, if it is called `id`.
    pub(super) fn attempt(&self, id: ClientId) -> Option<&Attempt> {
        let attempt = match &self.memory.state {
            State::Registering(attempt)
            | State::Refreshing(_, attempt)
            | State::Unregistering(attempt) => Some(attempt),
            State::Failed { attempt, .. } => attempt.as_ref(),
            State::Unregistered | State::Registered(_) | State::Retrying { .. } => None,
        };
        attempt.filter(|attempt| attempt.id == id)
    }

    pub(super) fn enter(&mut self, state: State) {
        self.memory.state = state;
        let status = match &self.memory.state {
            State::Unregistered => Status::Unregistered,
            State::Registering(_) => Status::Registering,
            State::Refreshing(_, attempt) if attempt.asked => Status::Registering,
            State::Registered(bound)
            | State::Refreshing(bound, _)
            | State::Retrying { bound, .. } => Status::Registered {
                granted: bound.granted,
                contact: bound.contact.clone(),
                elsewhere: bound.elsewhere.clone().map(Box::new),
            },
            State::Failed { cause, .. } => Status::Failed(cause.clone()),
            State::Unregistering(_) => Status::Unregistering,
        };
        if status != self.memory.told {
            self.memory.told = status.clone();
            self.outputs.push_back(Output::Told(status));
        }
    }

    /// The connection is gone: so is what the registrar would send over it. The binding is renewed
    /// over a new one, at a time of its own, since everybody lost theirs.
    fn flow_lost(&mut self, now: Instant) {
        match &self.memory.state {
            State::Registered(_) => {
                let at = now + self.rng.duration_below(pace::PROBE_EVERY);
                self.memory.timers.set(Timer::Refresh, at);
            }
            State::Unregistered
            | State::Registering(_)
            | State::Refreshing(_, _)
            | State::Retrying { .. }
            | State::Failed { .. }
            | State::Unregistering(_) => {}
        }
    }

    fn moved(&mut self, contact: Uri, now: Instant) {
        if contact == self.memory.account.contact {
            return;
        }
        self.memory.account.contact = contact.clone();
        self.memory.moves = 0;
        self.change_contact(contact);
        match &self.memory.state {
            State::Registered(_) | State::Retrying { .. } | State::Failed { .. } => {
                if !matches!(&self.memory.state, State::Failed { cause, .. } if cause.is_final()) {
                    self.retry(now);
                }
            }
            State::Refreshing(bound, attempt) => {
                let (bound, asked) = (bound.clone(), attempt.asked);
                self.drop_attempt();
                self.renew(bound, asked, now);
            }
            State::Registering(_) => {
                self.drop_attempt();
                let attempt = self.send_register(now, false, false);
                self.enter(State::Registering(attempt));
            }
            State::Unregistered | State::Unregistering(_) => {}
        }
    }

    /// Gives the old contact back.
    pub(super) fn change_contact(&mut self, contact: Uri) -> Uri {
        let old = core::mem::replace(&mut self.memory.contact, contact);
        let registrar_has_it = match &self.memory.state {
            State::Registered(_) | State::Refreshing(_, _) | State::Retrying { .. } => true,
            State::Failed { bound, .. } => bound.is_some(),
            State::Unregistered | State::Registering(_) | State::Unregistering(_) => false,
        };
        if registrar_has_it {
            self.memory.stale_contact = Some(old.clone());
        }
        old
    }

    fn keep_alive(&mut self, now: Instant) {
        let kind = self.memory.account.keep_alive;
        let Some(every) = kind.every() else {
            return;
        };
        self.memory.timers.set(Timer::KeepAlive, now + every);
        match kind {
            KeepAlive::Options { .. } => self.send_probe(now),
            KeepAlive::Crlf { .. } | KeepAlive::Stun { .. } => {
                self.outputs.push_back(Output::KeepAlive(kind));
            }
            KeepAlive::None => {}
        }
    }

    fn fire(&mut self, timer: Timer, due: Instant, now: Instant) {
        match timer {
            Timer::Refresh => self.refresh(due, now),
            Timer::Retry => self.retry(now),
            Timer::Hurry => self.hurry_on(now),
            Timer::Expire => self.expired(now),
            Timer::Probe => self.probe_time(due, now),
            Timer::Silence => self.fail(Cause::NoAnswer, None, now),
            Timer::KeepAlive => self.keep_alive(now),
        }
    }
}

impl Machine for Binding {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Register => self.register(now),
            Input::Remove => self.remove(now),
            Input::Response {
                id,
                response,
                origin,
            } => self.response(id, &response, &origin, now),
            Input::Failed { id, why } => self.failed(id, why, now),
            Input::Pong => self.heard(now),
            Input::Mapped(seen) => self.mapped(seen, now),
            Input::FlowLost => self.flow_lost(now),
            Input::Moved(contact) => self.moved(contact, now),
        }
    }

    fn handle_time(&mut self, now: Instant) {
        while let Some(due) = self.memory.timers.next().filter(|due| *due <= now) {
            if let Some(timer) = self.memory.timers.expire(now) {
                self.fire(timer, due, now);
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.memory.timers.next()
    }
}
