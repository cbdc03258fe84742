//! Mailboxes of a phone's parts, bounded as in a host.

use base::Rng;
use ports::{Address, Post};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Bound of a part's mailbox. Unit: words. Source: rulings, Limits.
pub(crate) const MAILBOX: usize = 1_024;

/// Words that wait, by receiver. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Mail(Rc<RefCell<BTreeMap<Address, VecDeque<Post>>>>);

impl Mail {
    /// Empty boxes for these parts.
    pub(crate) fn new(parts: impl IntoIterator<Item = Address>) -> Self {
        let boxes = parts.into_iter().map(|part| (part, VecDeque::new()));
        Self(Rc::new(RefCell::new(boxes.collect())))
    }

    /// Puts a word in its box; gives it back when nobody is there or the box is full.
    pub(crate) fn put(&self, post: Post) -> Result<(), Post> {
        match self.0.borrow_mut().get_mut(&post.to()) {
            Some(words) if words.len() < MAILBOX => {
                words.push_back(post);
                Ok(())
            }
            Some(_) | None => Err(post),
        }
    }

    /// Takes the oldest word of one box that has any: which box is free, so the seed says it.
    pub(crate) fn take(&self, rng: &mut Rng) -> Option<(Address, Post)> {
        let mut boxes = self.0.borrow_mut();
        let waiting = boxes.values().filter(|words| !words.is_empty()).count();
        if waiting == 0 {
            return None;
        }
        let which = rng.below(waiting as u64) as usize;
        let (part, words) = boxes
            .iter_mut()
            .filter(|(_, words)| !words.is_empty())
            .nth(which)?;
        Some((*part, words.pop_front()?))
    }
}
