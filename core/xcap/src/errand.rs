//! When one of a server's documents is met next, and how it goes with it.

use std::time::{Duration, Instant};

/// How long a server is left alone after failures, at most.
const MOST: Duration = Duration::from_secs(60);

/// One document.
#[derive(Debug, Default)]
pub(crate) struct Errand {
    /// When it is met next.
    pub(crate) due: Option<Instant>,
    /// For how long it is left alone, and why.
    failing: Option<(Duration, String)>,
}

impl Errand {
    /// It is met at once.
    pub(crate) fn hurry(&mut self) {
        self.due = Some(Instant::now());
    }

    pub(crate) fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    /// It went well: it is met again after `refresh`. Returns whether it had failed.
    pub(crate) fn well(&mut self, refresh: Duration) -> bool {
        self.due = Some(Instant::now() + refresh);
        self.failing.take().is_some()
    }

    /// It failed: it is left alone for twice as long as the last time, at first for `patience`.
    pub(crate) fn failed(&mut self, why: &str, patience: Duration) {
        let before = self.failing.take();
        let wait = before.map(|(wait, _)| (wait * 2).min(MOST));
        let wait = wait.unwrap_or(patience);
        self.due = Some(Instant::now() + wait);
        self.failing = Some((wait, why.to_owned()));
    }

    /// Why it fails.
    pub(crate) fn failing(&self) -> Option<&str> {
        self.failing.as_ref().map(|(_, why)| why.as_str())
    }
}
