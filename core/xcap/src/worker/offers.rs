//! What the engine is told to do, until it is known whether it did.

use ports::store::Mark;
use std::collections::VecDeque;

/// Offers that are remembered; the engine adopts one of the last, or says something else.
const MOST: usize = 8;

/// What was offered, in its order.
#[derive(Debug)]
pub(super) struct Offers<T> {
    last: u64,
    open: VecDeque<(u64, T)>,
    /// Whether both sides agreed since this start.
    pub(super) agreed: bool,
}

impl<T> Default for Offers<T> {
    fn default() -> Self {
        Self {
            last: 0,
            open: VecDeque::new(),
            agreed: false,
        }
    }
}

impl<T: PartialEq> Offers<T> {
    /// The number of this one, which it keeps while it is offered again.
    pub(super) fn offer(&mut self, what: T) -> u64 {
        if let Some((number, last)) = self.open.back()
            && *last == what
        {
            return *number;
        }
        self.last += 1;
        self.open.push_back((self.last, what));
        if self.open.len() > MOST {
            self.open.pop_front();
        }
        self.last
    }

    /// What was adopted by now and is news; whatever was offered before it is past.
    pub(super) fn adopted(&mut self, mark: Mark) -> Option<T> {
        let mut adopted = None;
        while self
            .open
            .front()
            .is_some_and(|(number, _)| *number <= mark.adopted)
        {
            let first = self.open.pop_front();
            adopted = first.filter(|(number, _)| *number == mark.adopted);
        }
        self.agreed |= adopted.is_some();
        adopted.map(|(_, what)| what)
    }

    /// Whether what both sides last agreed on may be gone by: who does not remember what was said before this start takes
    /// nothing back by not saying it.
    pub(super) const fn may_count(&self, mark: Mark) -> bool {
        self.agreed || mark.remembered
    }
}
