//! Orders and questions that wait for the thread.

use crate::Reply;
use crate::books::Reader;
use crate::renamed::Renaming;
use control::{Command, Timestamp};
use ports::store::{Do, Kept, KeptMessage, Listed, NameOf, Sayings, Shared};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Records that wait while nothing can be written. At the limit the oldest is lost, and that is told.
pub const WAITING: usize = 10_000;
/// Questions that wait. At the limit one is refused.
const ASKS: usize = 256;
/// People whose word waits. At the limit the first is lost, and that is counted.
const SAYINGS: usize = 1_000;
/// Callers whose names are looked for. At the limit the oldest stays without.
const NAMES: usize = 256;

/// A question, and where the answer goes.
pub(crate) struct Ask {
    pub(crate) command: Command,
    pub(crate) reader: Reader,
    pub(crate) reply: Reply,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ask {}", self.command.name())
    }
}

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Oldest first, one a call.
    pub(crate) keeps: VecDeque<Kept>,
    /// Oldest first, one a message. Bound: as for records.
    pub(crate) messages: VecDeque<KeptMessage>,
    /// One a person. Bound: [`SAYINGS`].
    pub(crate) said: Vec<Sayings>,
    pub(crate) alive: Option<Timestamp>,
    pub(crate) names: VecDeque<Do>,
    pub(crate) renamings: Vec<Renaming>,
    /// What directories list, one each: there are as many as the settings name.
    pub(crate) lists: Vec<Listed>,
    /// Profiles as servers have them, one a person; whose profiles are followed. Bound: as many as there are accounts.
    pub(crate) shares: Vec<Shared>,
    pub(crate) follows: Vec<String>,
    pub(crate) asks: VecDeque<Ask>,
    /// Records that found no room.
    pub(crate) lost: u32,
    pub(crate) ending: bool,
}

impl Waiting {
    fn keep(&mut self, kept: Kept) {
        // A newer record of the call is all of it.
        let known = self
            .keeps
            .iter()
            .rposition(|k| k.record.id == kept.record.id);
        if let Some(older) = known.and_then(|at| self.keeps.get_mut(at)) {
            *older = kept;
            return;
        }
        if self.keeps.len() >= WAITING {
            self.keeps.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        self.keeps.push_back(kept);
    }

    fn keep_message(&mut self, kept: KeptMessage) {
        self.messages.retain(|k| k.message.id != kept.message.id);
        if self.messages.len() >= WAITING {
            self.messages.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        self.messages.push_back(kept);
    }

    fn say(&mut self, of: Sayings) {
        self.said.retain(|known| known.owner != of.owner);
        if self.said.len() >= SAYINGS {
            self.said.remove(0);
            self.lost = self.lost.saturating_add(1);
        }
        self.said.push(of);
    }

    /// As [`give_back`](Self::give_back), of what people said.
    pub(crate) fn give_back_said(&mut self, batch: Vec<Sayings>) {
        let newer = core::mem::replace(&mut self.said, batch);
        newer.into_iter().for_each(|of| self.say(of));
    }

    /// As [`give_back`](Self::give_back), of messages.
    pub(crate) fn give_back_messages(&mut self, batch: Vec<KeptMessage>) {
        for kept in batch.into_iter().rev() {
            let newer = self
                .messages
                .iter()
                .any(|k| k.message.id == kept.message.id);
            if newer {
                continue;
            }
            match self.messages.len() < WAITING {
                true => self.messages.push_front(kept),
                false => self.lost = self.lost.saturating_add(1),
            }
        }
    }

    /// Puts back what could not be written, before what came since then.
    pub(crate) fn give_back(&mut self, batch: Vec<Kept>) {
        for kept in batch.into_iter().rev() {
            let newer = self.keeps.iter().any(|k| k.record.id == kept.record.id);
            if newer {
                continue;
            }
            match self.keeps.len() < WAITING {
                true => self.keeps.push_front(kept),
                false => self.lost = self.lost.saturating_add(1),
            }
        }
    }
}

/// A queue between those who give orders and the one thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

impl Queue {
    /// Whoever panicked with the lock in hand left whole records behind.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an order, or gives back one that may come again.
    pub(crate) fn order(&self, order: Do) -> Result<(), Box<Do>> {
        let mut waiting = self.lock();
        match order {
            Do::Keep(kept) => waiting.keep(*kept),
            Do::KeepMessage(kept) => waiting.keep_message(*kept),
            Do::Say(of) => waiting.say(*of),
            Do::Alive(at) => waiting.alive = Some(at),
            Do::List(list) => {
                let same = |other: &Listed| other.owner == list.owner && other.title == list.title;
                waiting.lists.retain(|other| !same(other));
                waiting.lists.push(*list);
            }
            Do::Share(shared) => {
                waiting.shares.retain(|other| other.owner != shared.owner);
                waiting.shares.push(*shared);
            }
            Do::Follow { owner } => {
                waiting.follows.retain(|other| *other != owner);
                waiting.follows.push(owner);
            }
            // Its server is told beside us.
            Do::Forwards { .. } | Do::Watching { .. } | Do::Gone { .. } => return Ok(()),
            full @ Do::Rename { .. } if waiting.renamings.len() >= NAMES => {
                return Err(Box::new(full));
            }
            Do::Rename {
                records,
                known,
                rank,
            } => waiting.renamings.push(Renaming {
                records,
                known,
                rank,
            }),
            // They keep nobody waiting who is called.
            full @ Do::Name {
                of: NameOf::Records(_),
                ..
            } if waiting.names.len() >= NAMES / 2 => return Err(Box::new(full)),
            name @ Do::Name { .. } => {
                if waiting.names.len() >= NAMES {
                    waiting.names.pop_front();
                }
                waiting.names.push_back(name);
            }
        }
        self.more.notify_one();
        Ok(())
    }

    pub(crate) fn ask(&self, ask: Ask) -> Result<(), Box<Ask>> {
        let mut waiting = self.lock();
        if waiting.asks.len() >= ASKS {
            return Err(Box::new(ask));
        }
        waiting.asks.push_back(ask);
        self.more.notify_one();
        Ok(())
    }

    pub(crate) fn end(&self) {
        self.lock().ending = true;
        self.more.notify_one();
    }

    /// Waits until there is something to do. Records count only from `not_before` on: before that the last try
    /// to write failed.
    pub(crate) fn wait(&self, not_before: Option<Instant>) -> MutexGuard<'_, Waiting> {
        let mut waiting = self.lock();
        loop {
            let left = not_before.map(|at| at.saturating_duration_since(Instant::now()));
            let left = left.filter(|left| !left.is_zero());
            let records = !waiting.keeps.is_empty()
                || !waiting.messages.is_empty()
                || !waiting.said.is_empty()
                || waiting.alive.is_some();
            let due = not_before.is_some() && left.is_none();
            if waiting.ending
                || due
                || (records && left.is_none())
                || !waiting.asks.is_empty()
                || !waiting.names.is_empty()
                || !waiting.renamings.is_empty()
                || !waiting.lists.is_empty()
                || !waiting.shares.is_empty()
                || !waiting.follows.is_empty()
            {
                return waiting;
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
    use crate::calls::tests::record;

    fn kept(id: &str) -> Kept {
        Kept {
            owner: String::new(),
            record: record(id, 0),
        }
    }

    #[test]
    fn a_newer_record_of_a_call_takes_the_place_of_the_older_one() {
        let queue = Queue::default();
        let mut newer = kept("a");
        newer.record.sip_status = Some(486);
        for kept in [kept("a"), kept("b"), newer.clone()] {
            queue.order(Do::Keep(Box::new(kept))).unwrap();
        }
        let waiting = queue.lock();
        assert_eq!(waiting.keeps, [newer, kept("b")]);
    }

    #[test]
    fn what_was_not_written_stands_before_what_came_since_unless_that_is_newer() {
        let mut waiting = Waiting::default();
        let mut newer = kept("b");
        newer.record.sip_status = Some(486);
        waiting.keep(newer.clone());
        waiting.keep(kept("c"));
        waiting.give_back(vec![kept("a"), kept("b")]);
        assert_eq!(waiting.keeps, [kept("a"), newer, kept("c")]);
    }

    /// M-127: whoever wants a name later is told that nobody looks for it; who calls takes the place of the oldest.
    #[test]
    fn m_127_names_that_find_no_room_are_given_back() {
        let queue = Queue::default();
        let name = |of: NameOf| Do::Name {
            of,
            owner: String::new(),
            uri: "sip:1@x".to_owned(),
        };
        let late = || name(NameOf::Records(vec!["a".to_owned()]));
        for _ in 0..NAMES / 2 {
            queue.order(late()).unwrap();
        }
        assert!(matches!(*queue.order(late()).unwrap_err(), Do::Name { .. }));
        let rename = || Do::Rename {
            records: Vec::new(),
            known: control::KnownName {
                name: "Ann".to_owned(),
                source: "LDAP".to_owned(),
            },
            rank: 0,
        };
        for _ in 0..NAMES {
            queue.order(rename()).unwrap();
        }
        let refused = queue.order(rename()).unwrap_err();
        assert!(matches!(*refused, Do::Rename { .. }));
        let call: control::CallHandle = "c7k2".parse().unwrap();
        for _ in 0..=NAMES {
            queue.order(name(NameOf::Call(call))).unwrap();
        }
        let waiting = queue.lock();
        assert_eq!(
            (waiting.names.len(), waiting.renamings.len()),
            (NAMES, NAMES)
        );
    }

    #[test]
    fn the_queue_is_bounded_and_counts_what_it_loses() {
        let mut waiting = Waiting::default();
        for number in 0..WAITING + 3 {
            // Looking for each in all would be slow here; that is what bounds it.
            let id = format!("{number}");
            if waiting.keeps.len() < WAITING {
                waiting.keeps.push_back(kept(&id));
            } else {
                waiting.keep(kept(&id));
            }
        }
        assert_eq!((waiting.keeps.len(), waiting.lost), (WAITING, 3));
        assert_eq!(waiting.keeps[0].record.id, "3");
    }
}
