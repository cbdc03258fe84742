//! What waits for a directory's thread.

use crate::Reply;
use ports::store::NameOf;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Questions that wait. At the limit the oldest is dropped: whoever asked has given up by then.
const WAITING: usize = 64;
/// After so long nobody waits for an answer any more.
const STALE: Duration = Duration::from_secs(30);

/// Questions about records that wait, beside the others. At the limit the oldest is dropped.
const RECORDS: usize = 64;

/// A question.
pub(crate) enum Job {
    /// Who calls?
    Name { of: NameOf, uri: String },
    /// Who has this in name, organisation or number?
    Search {
        text: String,
        limit: usize,
        reply: Reply,
    },
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { of, .. } => write!(f, "name of {of:?}"),
            Self::Search { .. } => f.write_str("search"),
        }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<(Instant, Job)>,
    /// Who is not called any more is asked for when nobody else waits.
    records: VecDeque<Job>,
    /// The way to the directory may be there now.
    again: bool,
    ending: bool,
}

/// A queue between those who ask and the one thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

/// What the thread does next.
#[derive(Debug)]
pub(crate) enum Next {
    Job(Job),
    /// It is time to look whether something changed.
    Refresh,
    /// What failed may go well now.
    Again,
    End,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked with the lock in hand left whole questions behind.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, job: Job) {
        let mut waiting = self.lock();
        let of_records = matches!(
            job,
            Job::Name {
                of: NameOf::Records(_),
                ..
            }
        );
        if of_records {
            if waiting.records.len() >= RECORDS {
                waiting.records.pop_front();
            }
            waiting.records.push_back(job);
        } else {
            if waiting.jobs.len() >= WAITING {
                waiting.jobs.pop_front();
            }
            waiting.jobs.push_back((Instant::now(), job));
        }
        self.more.notify_one();
    }

    pub(crate) fn again(&self) {
        self.lock().again = true;
        self.more.notify_one();
    }

    pub(crate) fn end(&self) {
        self.lock().ending = true;
        self.more.notify_one();
    }

    /// Waits for a question, until `refresh`.
    pub(crate) fn next(&self, refresh: Option<Instant>) -> Next {
        let mut waiting = self.lock();
        loop {
            if waiting.ending {
                return Next::End;
            }
            if std::mem::take(&mut waiting.again) {
                return Next::Again;
            }
            let left = refresh.map(|at| at.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Next::Refresh;
            }
            while let Some((asked, job)) = waiting.jobs.pop_front() {
                if asked.elapsed() < STALE {
                    return Next::Job(job);
                }
            }
            if let Some(job) = waiting.records.pop_front() {
                return Next::Job(job);
            }
            let wait = left.unwrap_or(Duration::from_secs(3600));
            let woken = self.more.wait_timeout(waiting, wait);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
