//! What a response to REGISTER means.

use super::binding::Binding;
use super::pace;
use super::state::{Attempt, Bound, State, Timer};
use super::words::{Cause, Output};
use crate::flow::{Origin, Transport};
use crate::ids::ClientId;
use base::Instant;
use core::net::SocketAddr;
use core::time::Duration;
use sip_message::{Class, Host, Response, SipUri, Status, Uri};

/// Requests one attempt may take: two challengers, a stale nonce, a longer expiry.
const MAX_ROUNDS: u32 = 5;

/// Changes of the contact in a row that are followed. A router that shows another address each time
/// is not followed for ever.
const MAX_MOVES: u32 = 3;

impl Binding {
    pub(super) fn response(
        &mut self,
        id: ClientId,
        response: &Response,
        origin: &Origin,
        now: Instant,
    ) {
        if self.memory.supervision.is_probe(id) {
            return self.probe_answered(now);
        }
        let Some(attempt) = self.attempt(id).cloned() else {
            return;
        };
        self.heard(now);
        let left = self.learn_from(response, origin);
        let status = response.status();
        match status.class() {
            Class::Provisional => {}
            Class::Success => self.accepted(&attempt, response, left, now),
            Class::Redirection => self.redirected(attempt, response, now),
            Class::ClientError | Class::ServerError | Class::GlobalFailure => {
                self.refused(attempt, response, now)
            }
        }
    }

    /// `left` is the contact that was registered, when the response showed that another one is right.
    fn accepted(
        &mut self,
        attempt: &Attempt,
        response: &Response,
        left: Option<Uri>,
        now: Instant,
    ) {
        self.memory.auth.accepted(response, &attempt.used);
        if matches!(self.memory.state, State::Unregistering(_)) {
            return self.removed();
        }
        let registered = left.as_ref().unwrap_or(&self.memory.contact);
        let granted = self.granted(response, registered);
        if granted.is_zero() {
            // It said yes and keeps nothing.
            let cause = Cause::Refused {
                status: response.status().code(),
                reason: String::from("Granted For 0 s"),
            };
            return self.fail(cause, None, now);
        }
        let elsewhere = self.memory.redirections.now.as_ref().map(|e| e.way.uri());
        let bound = Bound {
            granted,
            until: now + granted,
            contact: left.clone().unwrap_or_else(|| self.memory.contact.clone()),
            elsewhere: elsewhere.cloned(),
        };
        self.memory.failures = 0;
        let half = pace::refresh_after(granted);
        let wait = if attempt.regular {
            half
        } else {
            half - pace::first_refresh_earlier(half, &mut self.rng)
        };
        let at = (attempt.due + wait).max(now + Duration::from_secs(1));
        let timers = &mut self.memory.timers;
        timers.clear(Timer::Retry);
        timers.clear(Timer::Hurry);
        timers.set(Timer::Refresh, at);
        timers.set(Timer::Expire, bound.until);
        self.resume_watching(now);
        if let Some(every) = self.memory.account.keep_alive.every()
            && self.memory.timers.at(Timer::KeepAlive).is_none()
        {
            self.memory.timers.set(Timer::KeepAlive, now + every);
        }
        if left.is_some() {
            // The registrar gets the new address at once, and forgets the old one.
            self.memory.stale_contact = left;
            self.enter(State::Registered(bound));
            return self.retry(now);
        }
        self.memory.stale_contact = None;
        self.memory.moves = 0;
        let before = self.memory.told.clone();
        self.enter(State::Registered(bound));
        if self.memory.told == before {
            self.outputs.push_back(Output::Renewed);
        }
    }

    /// Supervision goes on after a failure that had stopped it; where it runs, it keeps its moments.
    fn resume_watching(&mut self, now: Instant) {
        if !self.memory.account.supervised {
            return;
        }
        let timers = &mut self.memory.timers;
        timers.set(Timer::Silence, now + pace::SILENCE);
        if timers.at(Timer::Probe).is_none() {
            let first = now + self.rng.duration_below(pace::PROBE_EVERY);
            self.memory.timers.set(Timer::Probe, first);
        }
    }

    /// For how long: what our contact says, else the whole response, else what was asked for.
    fn granted(&self, response: &Response, contact: &Uri) -> Duration {
        let headers = response.headers();
        let contacts = headers.contacts().ok();
        let list = contacts.as_ref().map_or(&[][..], |c| c.list());
        let ours = list.iter().find(|c| c.uri().equivalent(contact));
        // A registrar that rewrites contacts is believed when it has only one.
        let ours = ours.or(match list {
            [only] => Some(only),
            _ => None,
        });
        let said = ours.and_then(|contact| contact.expires());
        let said = said.or_else(|| headers.expires().ok().flatten());
        let seconds = said.unwrap_or(self.memory.expires_s);
        Duration::from_secs(u64::from(seconds)).min(pace::MAX_GRANTED)
    }

    fn refused(&mut self, attempt: Attempt, response: &Response, now: Instant) {
        let status = response.status();
        if matches!(
            status,
            Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED
        ) {
            return self.challenged(attempt, response, now);
        }
        self.memory.auth.accepted(response, &attempt.used);
        if status == Status::INTERVAL_TOO_BRIEF && self.ask_for_longer(&attempt, response) {
            return self.again(attempt, now);
        }
        let seconds = response.headers().retry_after().ok().flatten();
        let retry_after = seconds.map(|s| Duration::from_secs(u64::from(s)));
        let reason = String::from_utf8_lossy(response.reason()).into_owned();
        let cause = Cause::Refused {
            status: status.code(),
            reason,
        };
        self.fail(cause, retry_after, now);
    }

    fn challenged(&mut self, attempt: Attempt, response: &Response, now: Instant) {
        let next_hop = self.memory.next_hop();
        let auth = &mut self.memory.auth;
        match auth.challenged(response, &attempt.used, &next_hop, now) {
            Ok(()) if attempt.rounds < MAX_ROUNDS => self.again(attempt, now),
            Ok(()) => self.fail(Cause::Proof(crate::auth::Refusal::Loop), None, now),
            Err(refusal) => self.fail(refusal.into(), None, now),
        }
    }

    /// 423: asks for what the registrar takes. Source: RFC 3261 §10.2.8.
    fn ask_for_longer(&mut self, attempt: &Attempt, response: &Response) -> bool {
        let least = response.headers().min_expires().ok().flatten();
        let longest = u32::try_from(pace::MAX_GRANTED.as_secs()).unwrap_or(u32::MAX);
        match least {
            Some(least)
                if least > self.memory.expires_s
                    && least <= longest
                    && attempt.rounds < MAX_ROUNDS =>
            {
                self.memory.expires_s = least;
                true
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn again(&mut self, attempt: Attempt, _now: Instant) {
        let removal = matches!(self.memory.state, State::Unregistering(_));
        let attempt = self.send_again(attempt, removal);
        let state = match self.memory.state.clone() {
            State::Registering(_) => State::Registering(attempt),
            State::Refreshing(bound, _) => State::Refreshing(bound, attempt),
            State::Unregistering(_) => State::Unregistering(attempt),
            State::Failed { cause, bound, .. } => State::Failed {
                cause,
                attempt: Some(attempt),
                bound,
            },
            state @ (State::Unregistered | State::Registered(_) | State::Retrying { .. }) => state,
        };
        self.enter(state);
    }

    /// Tries in full, because somebody answered.
    pub(super) fn retry_for_real(&mut self, now: Instant) {
        if let State::Failed { cause, bound, .. } = self.memory.state.clone() {
            self.memory.timers.clear(Timer::Retry);
            self.drop_attempt();
            let attempt = Some(self.send_register(now, false, false));
            self.enter(State::Failed {
                cause,
                attempt,
                bound,
            });
        }
    }

    /// RFC 3581: the response says from which address the server saw us.
    fn learn_from(&mut self, response: &Response, origin: &Origin) -> Option<Uri> {
        if origin.transport != Transport::Udp {
            return None;
        }
        let via = response.headers().top_via().ok()?;
        let ip = via.received().or_else(|| via.host().ip())?;
        self.learn(SocketAddr::new(ip, via.rport()?))
    }

    /// Makes `seen` the contact's address, if it is another one (M-014), and gives the old one back.
    pub(super) fn learn(&mut self, seen: SocketAddr) -> Option<Uri> {
        if !self.memory.account.learns_address || self.memory.moves >= MAX_MOVES {
            return None;
        }
        let contact = self.memory.contact.sip()?;
        // A contact with a name was chosen by somebody who knows better.
        let here = SocketAddr::new(contact.host().ip()?, contact.port().unwrap_or(5060));
        if here == seen {
            return None;
        }
        let moved = Uri::Sip(at(contact, seen));
        self.memory.moves += 1;
        Some(self.change_contact(moved))
    }
}

/// The same contact at another address.
fn at(contact: &SipUri, seen: SocketAddr) -> SipUri {
    let host = Host::from(seen.ip());
    let user = contact.user().map(sip_message::unescape);
    let user = user.as_deref().map(String::from_utf8_lossy);
    let mut moved = SipUri::new(user.as_deref(), &host, Some(seen.port()));
    moved = moved.with_secure(contact.is_secure());
    for (name, value) in contact.params() {
        moved = moved.with_param(name, value.unwrap_or_default());
    }
    moved
}
