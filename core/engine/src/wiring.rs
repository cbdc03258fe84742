//! Who receives which word: the switchboard between actors and everything outside them.

use crate::runner::{Deliver, End, Runner};
use actix::Addr;
use base::Duration;
use ports::{Address, Post};
use std::cell::RefCell;

/// How often parts that end are looked for, a millisecond apart.
const ENDING: u32 = 500;

/// Takes words that leave the parts: sockets, voice, events.
pub(crate) type Sink = Box<dyn Fn(Post) -> Result<(), Post>>;

/// Hears of parts that were made anew.
type Told = Box<dyn Fn(Address)>;

enum Line {
    Actor(Addr<Runner>),
    Outside(Sink),
}

/// One line per address. Filled while the engine starts, only read afterwards.
#[derive(Default)]
pub(crate) struct Wiring {
    lines: RefCell<Vec<(Address, Line)>>,
    restarted: RefCell<Option<Told>>,
}

impl Wiring {
    pub(crate) fn connect(&self, address: Address, actor: Addr<Runner>) {
        self.put(address, Line::Actor(actor));
    }

    pub(crate) fn connect_outside(&self, address: Address, sink: Sink) {
        self.put(address, Line::Outside(sink));
    }

    fn put(&self, address: Address, line: Line) {
        let mut lines = self.lines.borrow_mut();
        lines.retain(|(a, _)| *a != address);
        lines.push((address, line));
    }

    /// Hands `post` to its receiver; gives it back when nobody is there or the mailbox is full.
    pub(crate) fn carry(&self, post: Post) -> Result<(), Post> {
        let lines = self.lines.borrow();
        let to = post.to();
        let Some((_, line)) = lines.iter().find(|(a, _)| *a == to) else {
            return Err(post);
        };
        match line {
            Line::Actor(actor) => actor
                .try_send(Deliver(post))
                .map_err(|lost| lost.into_inner().0),
            Line::Outside(sink) => sink(post),
        }
    }

    /// Calls `told` whenever a part was made anew.
    pub(crate) fn when_restarted(&self, told: Told) {
        *self.restarted.borrow_mut() = Some(told);
    }

    /// The part `who` was made anew.
    pub(crate) fn restarted(&self, who: Address) {
        if let Some(told) = self.restarted.borrow().as_ref() {
            told(who);
        }
    }

    /// Ends every part and forgets all lines: whatever they led to is free once nobody else holds it.
    pub(crate) async fn end(&self) {
        let lines = self.lines.take();
        self.restarted.take();
        let actors = lines.into_iter().filter_map(|(_, line)| match line {
            Line::Actor(actor) => Some(actor),
            Line::Outside(_) => None,
        });
        let actors: Vec<Addr<Runner>> = actors.collect();
        for actor in &actors {
            actor.do_send(End);
        }
        for _ in 0..ENDING {
            if !actors.iter().any(Addr::connected) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Every address where a part runs.
    pub(crate) fn actors(&self) -> Vec<Address> {
        let lines = self.lines.borrow();
        let actors = lines
            .iter()
            .filter(|(_, line)| matches!(line, Line::Actor(_)));
        actors.map(|(address, _)| *address).collect()
    }
}
