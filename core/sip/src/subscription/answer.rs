//! What a response to SUBSCRIBE means.

use super::machine::Subscription;
use super::pace;
use super::state::{Attempt, State};
use super::words::{Cause, Ended};
use crate::auth::Refusal;
use crate::ids::ClientId;
use crate::registration::pace::{obey, retry_after};
use base::Instant;
use core::time::Duration;
use sip_message::{Class, Response, Status};

/// Requests one attempt may take: two challengers, a stale nonce, a longer lifetime.
const MAX_ROUNDS: u32 = 5;

/// What a response that is no success asks for.
enum Next {
    /// The same again, with what was learnt.
    Again,
    /// It is over, because of this.
    Failed(Cause),
}

impl Subscription {
    /// The leg that sent a request.
    pub(super) fn leg_of(&self, id: ClientId) -> Option<usize> {
        let legs = &self.memory.legs;
        let sent = |attempt: &Attempt| attempt.id == id;
        legs.iter()
            .position(|leg| leg.attempt.as_ref().is_some_and(sent))
    }

    pub(super) fn response(&mut self, id: ClientId, response: &Response, now: Instant) {
        if response.status().is_provisional() {
            return;
        }
        if let Some(index) = self.leg_of(id) {
            return self.response_inside(index, response, now);
        }
        match self.memory.state.clone() {
            State::Asking(attempt) if attempt.id == id => {
                self.response_outside(attempt, response, now);
            }
            State::Active {
                late: Some(attempt),
                forks_until,
            } if attempt.id == id => {
                self.accepted(response, &attempt);
                let late = None;
                self.enter(State::Active { late, forks_until });
                if response.status().is_success() {
                    let granted = granted(response, attempt.expires_s);
                    (0..self.memory.legs.len()).for_each(|leg| self.shorten(leg, granted, now));
                }
            }
            State::Waiting | State::Asking(_) | State::Promised { .. } | State::Active { .. } => {}
            State::Polled | State::Failed(_) | State::Ending | State::Over => {}
        }
    }

    fn accepted(&mut self, response: &Response, attempt: &Attempt) {
        self.memory.watch.auth.accepted(response, &attempt.used);
    }

    fn response_outside(&mut self, attempt: Attempt, response: &Response, now: Instant) {
        if response.status().class() == Class::Success {
            self.accepted(response, &attempt);
            let granted = granted(response, attempt.expires_s);
            if attempt.expires_s > 0 {
                self.memory.turn = Some(now + pace::NOTIFY);
            }
            return self.enter(State::Promised { granted });
        }
        let next = self.refused(&attempt, response, now);
        match next {
            Next::Again => {
                let again = self.next_round(attempt);
                let again = self.send_outside(again);
                self.enter(State::Asking(again));
            }
            Next::Failed(cause) => self.lost(cause, said(response), now),
        }
    }

    fn response_inside(&mut self, index: usize, response: &Response, now: Instant) {
        let leg = self.memory.legs.get_mut(index);
        let Some(attempt) = leg.and_then(|leg| leg.attempt.take()) else {
            return;
        };
        let status = response.status();
        if status.is_success() {
            self.accepted(response, &attempt);
            if !matches!(self.memory.state, State::Ending) {
                self.refreshed(index, response, &attempt, now);
            }
            return;
        }
        let next = self.refused(&attempt, response, now);
        match next {
            Next::Again => {
                let again = self.next_round(attempt);
                self.send_inside(index, again, now);
            }
            Next::Failed(_) if matches!(self.memory.state, State::Ending) => self.left(index),
            Next::Failed(cause) => self.refresh_refused(index, cause, response, now),
        }
    }

    /// A refresh was granted; the NOTIFY that must follow is waited for.
    fn refreshed(&mut self, index: usize, response: &Response, attempt: &Attempt, now: Instant) {
        let granted = granted(response, attempt.expires_s);
        if granted.is_zero() {
            return self.leg_over(index, Cause::Ended(Ended::Timeout), said(response), now);
        }
        let refresh_after = pace::refresh_after(granted, &mut self.rng);
        if let Some(leg) = self.memory.legs.get_mut(index) {
            leg.until = now + granted;
            leg.refresh_at = Some(now + refresh_after);
            leg.failures = 0;
            leg.dialog.refresh_target(response.headers());
            if !leg.heard {
                leg.notify_by = Some(now + pace::NOTIFY);
            }
        }
    }

    /// Source: RFC 6665 §4.1.2.2: what does not end the dialog leaves the subscription as it is.
    fn refresh_refused(&mut self, index: usize, cause: Cause, response: &Response, now: Instant) {
        let status = response.status();
        let ends = cause.is_final() || cause.is_unsupported() || ends(status);
        if ends {
            let cause = match status {
                Status::CALL_DOES_NOT_EXIST => Cause::Gone,
                _ => cause,
            };
            return self.leg_over(index, cause, said(response), now);
        }
        let Some(leg) = self.memory.legs.get_mut(index) else {
            return;
        };
        leg.failures = leg.failures.saturating_add(1);
        let wait = match said(response) {
            Some(wait) => obey(wait, &mut self.rng),
            None => retry_after(leg.failures, &mut self.rng),
        };
        leg.refresh_at = Some(now + wait);
    }

    /// What a final response that is no success asks for.
    fn refused(&mut self, attempt: &Attempt, response: &Response, now: Instant) -> Next {
        let status = response.status();
        if matches!(
            status,
            Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED
        ) {
            let hop = self.memory.watch.route.first();
            let next_hop = hop
                .map_or(&self.memory.watch.target, |hop| hop.uri())
                .clone();
            let auth = &mut self.memory.watch.auth;
            return match auth.challenged(response, &attempt.used, &next_hop, now) {
                Ok(()) if attempt.rounds < MAX_ROUNDS => Next::Again,
                Ok(()) => Next::Failed(Cause::Proof(Refusal::Loop)),
                Err(Refusal::WrongPassword) => Next::Failed(Cause::WrongPassword),
                Err(refusal) => Next::Failed(Cause::Proof(refusal)),
            };
        }
        self.accepted(response, attempt);
        if status == Status::INTERVAL_TOO_BRIEF && self.ask_for_longer(attempt, response) {
            return Next::Again;
        }
        Next::Failed(Cause::Refused {
            status: status.code(),
            reason: String::from_utf8_lossy(response.reason()).into_owned(),
        })
    }

    /// 423: asks for what the notifier takes. Source: RFC 6665 §4.2.1.1.
    fn ask_for_longer(&mut self, attempt: &Attempt, response: &Response) -> bool {
        let least = response.headers().min_expires().ok().flatten();
        let longest = u32::try_from(pace::MAX_GRANTED.as_secs()).unwrap_or(u32::MAX);
        let Some(least) = least.filter(|least| *least <= longest) else {
            return false;
        };
        let helps = least > attempt.expires_s && attempt.expires_s > 0;
        if helps && attempt.rounds < MAX_ROUNDS {
            self.memory.expires_s = least;
            return true;
        }
        false
    }

    fn next_round(&mut self, attempt: Attempt) -> Attempt {
        Attempt {
            id: self.next_id(),
            used: Vec::new(),
            rounds: attempt.rounds + 1,
            expires_s: match attempt.expires_s {
                0 => 0,
                asked => asked.max(self.memory.expires_s),
            },
        }
    }

    /// The notifier says that a leg ends earlier than was thought.
    pub(super) fn shorten(&mut self, index: usize, granted: Duration, now: Instant) {
        let until = now + granted;
        let refresh_at = now + pace::refresh_after(granted, &mut self.rng);
        if let Some(leg) = self.memory.legs.get_mut(index)
            && until < leg.until
        {
            leg.until = until;
            if leg.attempt.is_none() {
                leg.refresh_at = Some(leg.refresh_at.map_or(refresh_at, |at| at.min(refresh_at)));
            }
        }
    }
}

/// Whether a refusal of a refresh ends the subscription that it was to refresh.
/// Source: RFC 6665 §4.1.2.2; RFC 5057 §5.1, table.
fn ends(status: Status) -> bool {
    matches!(status.code(), 404 | 408 | 410 | 416 | 480..=485 | 502 | 604)
}

/// For how long a 2xx grants what was asked for.
fn granted(response: &Response, asked_s: u32) -> Duration {
    let said = response.headers().expires().ok().flatten();
    // More than was asked for is not allowed, and would let the state grow old (RFC 6665 §4.2.1.1).
    let seconds = said.unwrap_or(asked_s).min(asked_s);
    Duration::from_secs(u64::from(seconds)).min(pace::MAX_GRANTED)
}

/// How long the server wants to be left alone.
fn said(response: &Response) -> Option<Duration> {
    let seconds = response.headers().retry_after().ok().flatten();
    seconds.map(|s| Duration::from_secs(u64::from(s)))
}
