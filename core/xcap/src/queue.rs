//! What waits for a place's thread.

use control::receiving::Forwarding;
use policy::watch::Watching;
use ports::store::{Mark, Standing};
use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Word {
    /// The profiles that stand here now.
    Stands(Box<Standing>),
    /// Where calls are sent here now.
    Forwards(Box<Forwarding>, Mark),
    /// Who may watch now.
    Watching(Box<Watching>, Mark),
    /// The account is gone.
    Gone,
    /// The way to the server may be there now.
    Again,
}

#[derive(Debug, Default)]
struct Waiting {
    /// One of each kind at most.
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
        // The newest of each kind is all of it.
        let kind = discriminant(&word);
        waiting.words.retain(|older| discriminant(older) != kind);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// However long a server takes, what waits for it stays small, and nothing of another kind is lost.
    #[test]
    fn of_each_kind_the_newest_waits() {
        let queue = Queue::default();
        let standing = |owner: String| {
            Word::Stands(Box::new(Standing {
                owner,
                profiles: Vec::new(),
                ledger: None,
                is_news: false,
            }))
        };
        queue.push(standing("first".to_owned()));
        for n in 0..100 {
            queue.push(Word::Forwards(Box::default(), Mark::default()));
            queue.push(Word::Again);
            queue.push(standing(n.to_string()));
            queue.push(Word::Watching(Box::default(), Mark::default()));
        }
        let mut heard = Vec::new();
        while let Next::Word(word) = queue.next(Some(Instant::now())) {
            heard.push(match word {
                Word::Stands(standing) => standing.owner,
                Word::Forwards(..) => "forwards".to_owned(),
                Word::Watching(..) => "watching".to_owned(),
                Word::Gone => "gone".to_owned(),
                Word::Again => "again".to_owned(),
            });
        }
        assert_eq!(heard, ["forwards", "again", "99", "watching"]);
    }
}
