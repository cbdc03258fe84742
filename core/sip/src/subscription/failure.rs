//! What happens when a subscription, or one leg of it, is lost: told, and tried again where that may help.

use super::machine::Subscription;
use super::pace;
use super::state::{State, Way};
use super::words::{Cause, News};
use crate::ids::ClientId;
use crate::transaction::Failure;
use base::Instant;
use core::time::Duration;

impl Subscription {
    pub(super) fn failed(&mut self, id: ClientId, why: Failure, now: Instant) {
        let cause = match why {
            Failure::TimedOut => Cause::NoAnswer,
            Failure::Transport => Cause::Unreachable,
        };
        if let Some(index) = self.leg_of(id) {
            if matches!(self.memory.state, State::Ending) {
                return self.left(index);
            }
            self.memory.misses += 1;
            return self.leg_over(index, cause, None, now);
        }
        match &mut self.memory.state {
            State::Asking(attempt) if attempt.id == id => self.lost(cause, None, now),
            // A NOTIFY was there, so the notifier is.
            State::Active { late, .. } if late.as_ref().is_some_and(|late| late.id == id) => {
                *late = None;
            }
            State::Waiting | State::Asking(_) | State::Promised { .. } | State::Active { .. } => {}
            State::Polled | State::Failed(_) | State::Ending | State::Over => {}
        }
    }

    /// A leg is over; with the last one the state of the resource is no longer known.
    pub(super) fn leg_over(
        &mut self,
        index: usize,
        cause: Cause,
        said: Option<Duration>,
        now: Instant,
    ) {
        self.drop_refresh(index);
        let leg = self.memory.legs.remove(index);
        if now.since(leg.born) >= pace::LIVED {
            self.memory.failures = 0;
        }
        if self.memory.legs.is_empty() {
            return self.lost(cause, said, now);
        }
        self.tell(News::ForkGone { fork: leg.fork });
    }

    /// A leg of a subscription that we end is gone.
    pub(super) fn left(&mut self, index: usize) {
        self.memory.legs.remove(index);
        if self.memory.legs.is_empty() {
            self.over();
        }
    }

    /// Nothing is known any more: told, and tried again.
    pub(super) fn lost(&mut self, cause: Cause, said: Option<Duration>, now: Instant) {
        self.drop_late();
        for index in 0..self.memory.legs.len() {
            self.drop_refresh(index);
        }
        self.memory.legs.clear();
        self.memory.failures = self.memory.failures.saturating_add(1);
        self.poll_if_missed();
        let memory = &self.memory;
        let next_try = pace::next_try(&cause, said, memory.failures, &mut self.rng);
        let next_try = match memory.way {
            Way::Pushed => next_try,
            Way::Polled(_) => next_try.map(|wait| wait.max(self.until_poll())),
        };
        self.memory.turn = next_try.map(|wait| now + wait);
        self.enter(State::Failed(cause.clone()));
        self.tell(News::Lost { cause, next_try });
    }

    /// A notifier that grants subscriptions and does not keep them is polled (M-092).
    fn poll_if_missed(&mut self) {
        if self.memory.way == Way::Pushed && self.memory.misses >= pace::MISSES {
            self.memory.misses = 0;
            self.memory.way = Way::Polled(0);
            self.tell(News::Polled(true));
        }
    }

    /// Pause until the next poll; never the same twice, so that many do not stay together.
    pub(super) fn until_poll(&mut self) -> Duration {
        self.rng.around(self.memory.watch.poll_every, 10)
    }
}
