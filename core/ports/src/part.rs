//! `Part`: one independent slice of the engine, and the outbox it fills.

use crate::Post;
use base::Instant;
use std::collections::VecDeque;

/// One independent slice of the engine: link, registrar, dialogs, media, later transfer, lamps, …
///
/// A part is synchronous, does no IO and reads no clock. It owns its machines, translates between
/// words and machine inputs, and puts everything it wants done into the outbox it is given. An
/// actor runs it in a host, one queue in virtual time runs it in simulation (rulings 2).
pub trait Part: 'static {
    /// What this part can be told: one enum per part.
    type Word: TryFrom<Post>;

    /// Called once before any word, also after a restart: announces what others must know.
    fn started(&mut self, _now: Instant, _out: &mut Outbox) {}

    /// Takes one word at `now`; everything it causes goes into `out`. Never blocks, never waits.
    fn handle(&mut self, word: Self::Word, now: Instant, out: &mut Outbox);

    /// Called at or after [`deadline`](Self::deadline).
    fn handle_time(&mut self, now: Instant, out: &mut Outbox);

    /// When the part next wants to be called, and nothing earlier.
    fn deadline(&self) -> Option<Instant>;

    /// A word of ours found its receiver's mailbox full or its receiver absent.
    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox);
}

/// What one call of a part wants done, in order.
#[derive(Debug, Default)]
pub struct Outbox {
    posts: VecDeque<Post>,
}

impl Outbox {
    /// Nothing to do yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one word for somebody else.
    pub fn post(&mut self, post: impl Into<Post>) {
        self.posts.push_back(post.into());
    }

    /// Takes the oldest word.
    pub fn take(&mut self) -> Option<Post> {
        self.posts.pop_front()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }
}
