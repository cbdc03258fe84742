//! One listener's queue of events: bounded, and honest about what it lost.

use control::Event;
use control::event::Filter;
use control::wire::ToClient;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::sync::Notify;

/// Events that may wait for one listener. Source: experience.md 5.1.
const QUEUE: usize = 1_024;

/// One event, written at most once however many listen.
pub struct Sent {
    /// The event.
    pub event: Event,
    line: OnceCell<Rc<[u8]>>,
}

impl Sent {
    /// Written when the first listener wants it.
    pub fn new(event: Event) -> Self {
        Self {
            event,
            line: OnceCell::new(),
        }
    }

    /// The event as one line of JSON.
    pub fn line(&self) -> Rc<[u8]> {
        let write = || ToClient::Event(Box::new(self.event.clone())).write().into();
        Rc::clone(self.line.get_or_init(write))
    }
}

/// What a listener gets next.
pub enum Next {
    /// An event.
    Event(Rc<Sent>),
    /// Events from this number to that one were dropped: the listener was too slow.
    Lagged(u64, u64),
}

/// A queue between the hub and one connection.
#[derive(Default)]
pub struct Listener {
    filter: Filter,
    queue: RefCell<VecDeque<Rc<Sent>>>,
    lost: Cell<Option<(u64, u64)>>,
    more: Notify,
}

impl Listener {
    /// Wants what `filter` wants.
    pub fn new(filter: Filter) -> Rc<Self> {
        Rc::new(Self {
            filter,
            ..Self::default()
        })
    }

    /// Puts an event in line, or counts it as lost.
    pub fn offer(&self, sent: &Rc<Sent>) {
        if !self.filter.wants(sent.event.body.name()) {
            return;
        }
        let mut queue = self.queue.borrow_mut();
        if queue.len() >= QUEUE {
            let first = queue
                .pop_front()
                .map_or(sent.event.seq, |old| old.event.seq);
            let from = self.lost.get().map_or(first, |(from, _)| from);
            self.lost.set(Some((from, first)));
        }
        queue.push_back(Rc::clone(sent));
        self.more.notify_one();
    }

    /// Waits for the next event. Dropping the future loses nothing.
    pub async fn next(&self) -> Next {
        loop {
            if let Some((from, to)) = self.lost.take() {
                return Next::Lagged(from, to);
            }
            let next = self.queue.borrow_mut().pop_front();
            if let Some(sent) = next {
                return Next::Event(sent);
            }
            self.more.notified().await;
        }
    }
}
