//! What one step of a transaction asks for, without a heap: half a million may be alive.

use super::Link;
use base::Instant;
use serde::{Deserialize, Serialize};

/// Timers and outputs of one machine.
///
/// Bound: no state runs more than two timers and no step asks for more than four things; what would
/// not fit is a broken invariant and is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Effects<O, T> {
    outputs: [Option<O>; 4],
    timers: [Option<(T, Instant)>; 2],
    link: Link,
}

impl<O: Copy, T: Copy + PartialEq> Effects<O, T> {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            outputs: [None; 4],
            timers: [None; 2],
            link,
        }
    }

    pub(crate) fn link(&self) -> Link {
        self.link
    }

    pub(crate) fn emit(&mut self, output: O) {
        match self.outputs.iter_mut().find(|o| o.is_none()) {
            Some(free) => *free = Some(output),
            None => debug_assert!(false, "a step asked for more than four things"),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<O> {
        let first = self.outputs[0].take();
        if first.is_some() {
            self.outputs.rotate_left(1);
        }
        first
    }

    pub(crate) fn set(&mut self, timer: T, at: Instant) {
        let same = self
            .timers
            .iter()
            .position(|t| t.is_some_and(|(k, _)| k == timer));
        let place = same.or_else(|| self.timers.iter().position(Option::is_none));
        match place {
            Some(place) => self.timers[place] = Some((timer, at)),
            None => debug_assert!(false, "more than two timers at once"),
        }
    }

    pub(crate) fn clear_timers(&mut self) {
        self.timers = [None; 2];
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.iter().flatten().map(|t| t.1).min()
    }

    /// Takes out the earliest timer that is due.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<T> {
        let due = |t: &Option<(T, Instant)>| t.filter(|(_, at)| *at <= now);
        let (place, timer) = self
            .timers
            .iter()
            .enumerate()
            .filter_map(|(place, t)| due(t).map(|(timer, at)| (at, place, timer)))
            .min_by_key(|&(at, place, _)| (at, place))
            .map(|(_, place, timer)| (place, timer))?;
        self.timers[place] = None;
        Some(timer)
    }
}
