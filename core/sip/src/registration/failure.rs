//! What happens when a try fails: told, and tried again unless that cannot help.

use super::binding::Binding;
use super::pace;
use super::state::{State, Timer};
use super::words::Cause;
use crate::ids::ClientId;
use crate::transaction::Failure;
use base::Instant;
use core::time::Duration;

impl Binding {
    pub(super) fn failed(&mut self, id: ClientId, why: Failure, now: Instant) {
        if self.memory.supervision.is_probe(id) {
            return self.probe_failed(id, why, now);
        }
        match self.attempt(id) {
            Some(attempt) if !attempt.once => {}
            // The next try has its time already.
            Some(_) | None => return,
        }
        let cause = match why {
            Failure::TimedOut => Cause::NoAnswer,
            Failure::Transport => Cause::Unreachable,
        };
        self.fail(cause, None, now);
    }

    /// A try failed: told, and tried again unless that cannot help.
    pub(super) fn fail(&mut self, cause: Cause, retry_after: Option<Duration>, now: Instant) {
        let bound = match &self.memory.state {
            State::Unregistered | State::Unregistering(_) => return self.removed(),
            State::Registering(_) => None,
            State::Registered(bound)
            | State::Refreshing(bound, _)
            | State::Retrying { bound, .. } => Some(bound.clone()),
            State::Failed { bound, .. } => bound.clone(),
        };
        // Who asked is told that it failed, even if the registrar still has the binding.
        let asked = matches!(&self.memory.state, State::Refreshing(_, one) if one.asked);
        self.drop_attempt();
        self.memory.redirections.forget();
        self.memory.timers.clear(Timer::Hurry);
        self.memory.timers.clear(Timer::Refresh);
        if cause.is_final() {
            self.stop_watching();
            self.memory.timers.clear_all();
        } else {
            self.try_again_later(retry_after, now);
        }
        let was_there = matches!(
            self.memory.state,
            State::Registered(_) | State::Refreshing(_, _) | State::Retrying { .. }
        );
        let lives_on = was_there && !asked && !cause.is_final() && !self.is_lost(&cause);
        let state = match bound {
            Some(bound) if lives_on && bound.until > now => State::Retrying { bound, cause },
            bound => {
                self.watch_for_return(&cause, now);
                State::Failed {
                    cause,
                    attempt: None,
                    bound,
                }
            }
        };
        self.enter(state);
    }

    /// Sets the time of the next try.
    pub(super) fn try_again_later(&mut self, retry_after: Option<Duration>, now: Instant) {
        self.memory.failures = self.memory.failures.saturating_add(1);
        let wait = match retry_after {
            Some(wait) => pace::obey(wait, &mut self.rng),
            None => pace::retry_after(self.memory.failures, &mut self.rng),
        };
        self.memory.timers.set(Timer::Retry, now + wait);
    }

    /// Whether a failed refresh means that the server is lost. Where probes run they decide.
    fn is_lost(&self, cause: &Cause) -> bool {
        match cause {
            Cause::NoAnswer => {
                !self.memory.account.supervised || self.memory.timers.at(Timer::Silence).is_none()
            }
            Cause::Unreachable => true,
            Cause::WrongPassword | Cause::Proof(_) => false,
            Cause::Redirected { .. } | Cause::Refused { .. } => false,
        }
    }

    pub(super) fn removed(&mut self) {
        self.stop_watching();
        self.memory.timers.clear_all();
        self.enter(State::Unregistered);
    }

    /// The binding ran out at the registrar before a refresh succeeded.
    pub(super) fn expired(&mut self, now: Instant) {
        let cause = match &self.memory.state {
            State::Retrying { cause, .. } => cause.clone(),
            State::Refreshing(_, _) | State::Registered(_) => Cause::NoAnswer,
            State::Unregistered
            | State::Registering(_)
            | State::Failed { .. }
            | State::Unregistering(_) => return,
        };
        // No longer there, so that it cannot live on.
        match &mut self.memory.state {
            State::Retrying { bound, .. } | State::Registered(bound) => bound.until = now,
            State::Refreshing(bound, _) => bound.until = now,
            State::Unregistered
            | State::Registering(_)
            | State::Failed { .. }
            | State::Unregistering(_) => {}
        }
        let next_try = self.memory.timers.at(Timer::Retry);
        self.fail(cause, None, now);
        if let Some(next_try) = next_try {
            // The failure was counted when it happened.
            self.memory.failures -= 1;
            self.memory.timers.set(Timer::Retry, next_try);
        }
    }
}
