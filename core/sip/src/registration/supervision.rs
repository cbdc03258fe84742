//! Probes and silence (M-005, M-006).
//!
//! Every response of the server proves that it is there. While it is quiet it is asked every four
//! seconds by OPTIONS; an unanswered question is repeated twice a second until fourteen seconds of
//! silence are full. Then the server is lost, and asked every four seconds again, each time at this
//! binding's own moment, so that of many phones few notice its return at once.

use super::binding::Binding;
use super::pace;
use super::state::{State, Timer};
use super::words::{Cause, Output};
use crate::ids::ClientId;
use crate::transaction::Failure;
use base::{Instant, Rng};
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Probes whose answers still count; of more the oldest is forgotten.
const MAX_PROBES: usize = 16;

/// What supervision remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Supervision {
    /// Probes without an answer, oldest first.
    probes: VecDeque<ClientId>,
    /// Probes in a row that the transport refused.
    broken: u32,
    /// Names the probes' dialog-less requests.
    pub(super) call_id: String,
    pub(super) cseq: u32,
}

impl Supervision {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self {
            probes: VecDeque::new(),
            broken: 0,
            call_id: rng.token(24),
            cseq: 0,
        }
    }

    pub(super) fn is_probe(&self, id: ClientId) -> bool {
        self.probes.contains(&id)
    }
}

impl Binding {
    /// Starts watching the server.
    pub(super) fn watch(&mut self, now: Instant) {
        if !self.memory.account.supervised {
            return;
        }
        self.memory.supervision.broken = 0;
        let first = now + self.rng.duration_below(pace::PROBE_EVERY);
        self.memory.timers.set(Timer::Probe, first);
        self.memory.timers.set(Timer::Silence, now + pace::SILENCE);
    }

    pub(super) fn stop_watching(&mut self) {
        self.memory.timers.clear(Timer::Probe);
        self.memory.timers.clear(Timer::Silence);
        self.forget_probes();
    }

    /// The binding failed for `cause`: nothing to be silent any more, and maybe somebody to look for.
    pub(super) fn watch_for_return(&mut self, cause: &Cause, now: Instant) {
        self.memory.timers.clear(Timer::Silence);
        if !cause.is_loss() {
            return self.stop_watching();
        }
        if self.memory.account.supervised && self.memory.timers.at(Timer::Probe).is_none() {
            let first = now + self.rng.duration_below(pace::PROBE_EVERY);
            self.memory.timers.set(Timer::Probe, first);
        }
    }

    fn forget_probes(&mut self) {
        for id in self.memory.supervision.probes.drain(..) {
            self.outputs.push_back(Output::Abandon { id });
        }
    }

    /// The server is there.
    pub(super) fn heard(&mut self, now: Instant) {
        self.memory.supervision.broken = 0;
        if self.memory.timers.at(Timer::Silence).is_some() {
            self.memory.timers.set(Timer::Silence, now + pace::SILENCE);
        }
    }

    pub(super) fn mapped(&mut self, seen: SocketAddr, now: Instant) {
        self.heard(now);
        if self.learn(seen).is_some() && matches!(self.memory.state, State::Registered(_)) {
            self.retry(now);
        }
    }

    /// Asks again, or for the first time in this round.
    pub(super) fn probe_time(&mut self, due: Instant, now: Instant) {
        let is_lost = match &self.memory.state {
            State::Failed { cause, .. } if cause.is_loss() => true,
            State::Registering(_)
            | State::Registered(_)
            | State::Refreshing(_, _)
            | State::Retrying { .. } => false,
            // The server is there and said no: nothing to find out.
            State::Unregistered | State::Failed { .. } | State::Unregistering(_) => return,
        };
        self.send_probe(now);
        let wait = if is_lost {
            pace::PROBE_EVERY
        } else {
            pace::DOUBT_EVERY
        };
        let next = (due + wait).max(now);
        self.memory.timers.set(Timer::Probe, next);
    }

    pub(super) fn send_probe(&mut self, _now: Instant) {
        let id = self.next_id();
        let request = self.options();
        let probes = &mut self.memory.supervision.probes;
        if probes.len() >= MAX_PROBES
            && let Some(id) = probes.pop_front()
        {
            self.outputs.push_back(Output::Abandon { id });
        }
        probes.push_back(id);
        self.outputs.push_back(Output::SendOnce {
            id,
            request,
            next_hop: self.memory.account.next_hop().clone(),
        });
    }

    /// Whatever it says, somebody said it.
    pub(super) fn probe_answered(&mut self, now: Instant) {
        self.heard(now);
        let open = !self.memory.supervision.probes.is_empty();
        self.forget_probes();
        let lost = matches!(&self.memory.state, State::Failed { cause, .. } if cause.is_loss());
        if lost {
            // Back: everything else about it is learned by registering (M-007).
            self.memory.timers.set(Timer::Silence, now + pace::SILENCE);
            self.retry_for_real(now);
        }
        if open && self.memory.timers.at(Timer::Probe).is_some() {
            self.memory
                .timers
                .set(Timer::Probe, now + pace::PROBE_EVERY);
        }
    }

    pub(super) fn probe_failed(&mut self, id: ClientId, why: Failure, now: Instant) {
        self.memory.supervision.probes.retain(|open| *open != id);
        match why {
            // Silence is measured by itself.
            Failure::TimedOut => {}
            Failure::Transport => self.probe_broke(now),
        }
    }

    fn probe_broke(&mut self, now: Instant) {
        let broken = self.memory.supervision.broken.saturating_add(1);
        self.memory.supervision.broken = broken;
        match &self.memory.state {
            State::Registered(_) | State::Refreshing(_, _) | State::Retrying { .. } => {
                if broken >= pace::MAX_BROKEN {
                    self.fail(Cause::Unreachable, None, now);
                } else {
                    self.memory
                        .timers
                        .set(Timer::Probe, now + pace::AFTER_BROKEN);
                }
            }
            State::Unregistered
            | State::Registering(_)
            | State::Failed { .. }
            | State::Unregistering(_) => {}
        }
    }
}
