//! A part that panics when a test says so, and whose tables a test can count.

use base::Instant;
use ports::{Outbox, Part, Post};
use std::cell::Cell;
use std::rc::Rc;

/// What one part has not finished.
pub(crate) trait Count {
    /// Entries of all tables that have to be empty when nothing happens any more.
    fn unfinished(&self) -> usize;
}

impl Count for part_link::Link {
    fn unfinished(&self) -> usize {
        self.unfinished()
    }
}

impl Count for part_dialogs::Dialogs {
    fn unfinished(&self) -> usize {
        self.unfinished()
    }
}

impl Count for part_registrar::Registrar {
    fn unfinished(&self) -> usize {
        // A binding is looked after for ever.
        0
    }
}

impl Count for part_blf::Blf {
    fn unfinished(&self) -> usize {
        // A subscription is looked after for ever.
        0
    }
}

impl Count for part_messages::Messages {
    fn unfinished(&self) -> usize {
        self.unfinished()
    }
}

impl Count for part_presence::Presences {
    fn unfinished(&self) -> usize {
        // What is published is looked after for ever; subscriptions of others are not.
        self.watchers()
    }
}

impl Count for part_media::Media {
    fn unfinished(&self) -> usize {
        self.unfinished()
    }
}

impl Count for part_recorder::Recorder {
    fn unfinished(&self) -> usize {
        self.unfinished()
    }
}

impl Count for part_transfer::Transfers {
    fn unfinished(&self) -> usize {
        self.unfinished()
    }
}

/// Shared by a part, those made in its place, and the test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Probe {
    /// The next word makes it panic.
    pub(crate) poisoned: Rc<Cell<bool>>,
    /// What it has not finished.
    pub(crate) unfinished: Rc<Cell<usize>>,
}

/// A part with its probe.
pub(crate) struct Fragile<P> {
    part: P,
    probe: Probe,
}

impl<P: Count> Fragile<P> {
    pub(crate) fn new(part: P, probe: Probe) -> Self {
        Self { part, probe }
    }

    fn count(&self) {
        self.probe.unfinished.set(self.part.unfinished());
    }
}

impl<P: Part + Count> Part for Fragile<P> {
    type Word = P::Word;

    fn started(&mut self, now: Instant, out: &mut Outbox) {
        self.part.started(now, out);
        self.count();
    }

    fn handle(&mut self, word: Self::Word, now: Instant, out: &mut Outbox) {
        self.part.handle(word, now, out);
        self.count();
        // After the word: what the part was about to do is lost, as with a fault in it.
        assert!(!self.probe.poisoned.take(), "poisoned by the test");
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.part.handle_time(now, out);
        self.count();
    }

    fn deadline(&self) -> Option<Instant> {
        self.part.deadline()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        self.part.undelivered(post, now, out);
        self.count();
    }
}
