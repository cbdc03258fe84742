//! What waits for a place's thread.

use control::receiving::Forwarding;
use policy::watch::Watching;
use ports::store::Standing;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Words that wait. At the limit the oldest goes: the newest is all of it.
const WAITING: usize = 64;

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Word {
    /// The profiles that stand here now.
    Stands(Box<Standing>),
    /// Where calls are sent here now.
    Forwards(Box<Forwarding>),
    /// Who may watch now.
    Watching(Box<Watching>),
    /// The way to the server may be there now.
    Again,
}

#[derive(Debug, Default)]
struct Waiting {
    words: VecDeque<Word>,
    ending: bool,
}

/// A queue between those who tell and the one thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

/// What the thread does next.
#[derive(Debug)]
pub(crate) enum Next {
    Word(Word),
    /// The time has come.
    Due,
    End,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked with the lock in hand left whole words behind.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, word: Word) {
        let mut waiting = self.lock();
        if waiting.words.len() >= WAITING {
            waiting.words.pop_front();
        }
        waiting.words.push_back(word);
        self.more.notify_one();
    }

    pub(crate) fn end(&self) {
        self.lock().ending = true;
        self.more.notify_one();
    }

    /// Waits for a word, until `due`.
    pub(crate) fn next(&self, due: Option<Instant>) -> Next {
        let mut waiting = self.lock();
        loop {
            if waiting.ending {
                return Next::End;
            }
            if let Some(word) = waiting.words.pop_front() {
                return Next::Word(word);
            }
            let left = due.map(|at| at.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Next::Due;
            }
            let wait = left.unwrap_or(Duration::from_secs(3600));
            let woken = self.more.wait_timeout(waiting, wait);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
