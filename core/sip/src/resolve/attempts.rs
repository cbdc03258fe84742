//! Walks the targets of one lookup and remembers which did not answer.

use crate::flow::Target;
use base::{BoundedMap, Instant};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How long a target may be silent while another one is left to try.
///
/// Unit: time. A transaction of its own would wait 32 s (RFC 3261 §17.1.1.2), which no caller does.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// How long a target that failed is tried last. Unit: time.
pub const AVOIDED_FOR: Duration = Duration::from_secs(30);

/// The longest a server may keep itself out of use by Retry-After. Unit: time.
const AVOIDED_FOR_AT_MOST: Duration = Duration::from_secs(3600);

/// Targets remembered at once; past it the one that is forgiven soonest makes room.
const MAX_OUTAGES: usize = 256;

/// Targets that failed lately, for all lookups of an engine.
#[derive(Debug, Clone)]
pub struct Outages {
    until: BoundedMap<Target, Instant>,
}

impl Default for Outages {
    fn default() -> Self {
        Self {
            until: BoundedMap::new(MAX_OUTAGES),
        }
    }
}

impl Outages {
    /// `target` failed: silent, unreachable, or 503 with this Retry-After.
    pub fn failed(&mut self, target: Target, retry_after: Option<Duration>, now: Instant) {
        let wait = retry_after.unwrap_or(AVOIDED_FOR).min(AVOIDED_FOR_AT_MOST);
        if self.until.len() >= self.until.bound() {
            let soonest = self.until.iter().min_by_key(|(_, at)| **at);
            if let Some(target) = soonest.map(|(target, _)| *target) {
                self.until.remove(&target);
            }
        }
        // There is room now.
        let _ = self.until.insert(target, now + wait);
    }

    /// `target` answered.
    pub fn answered(&mut self, target: Target) {
        self.until.remove(&target);
    }

    /// Whether `target` is to be tried last at `now`.
    pub fn is_out(&self, target: Target, now: Instant) -> bool {
        self.until.get(&target).is_some_and(|until| *until > now)
    }
}

/// The targets one request may still go to. Source: RFC 3263 §4.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    left: VecDeque<Target>,
}

impl Attempts {
    /// In the order of the lookup, but those that failed lately last.
    pub fn new(targets: Vec<Target>, outages: &Outages, now: Instant) -> Self {
        let out = |target: &Target| outages.is_out(*target, now);
        let (last, mut left): (VecDeque<_>, VecDeque<_>) = targets.into_iter().partition(out);
        left.extend(last);
        Self { left }
    }

    /// The target to try now; `None` when all have failed.
    pub fn take(&mut self) -> Option<Target> {
        self.left.pop_front()
    }

    /// How long to wait for a first response before the next target is taken; `None` when there is
    /// no other, so that the transaction's own patience counts.
    pub fn patience(&self) -> Option<Duration> {
        (!self.left.is_empty()).then_some(PATIENCE)
    }

    /// Whether a response sends the request on to the next target. Source: RFC 3263 §4.3: only 503.
    pub const fn moves_on(status: u16) -> bool {
        status == 503
    }
}
