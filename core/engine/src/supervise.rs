//! Keeps one part alive: a panic costs the part, never the engine.
//!
//! actix's own `Supervisor` does nothing after a panic (measured), and the simulation has no actix;
//! so both executors run every part through [`Supervised`].

use base::{Duration, Instant};
use ports::{Address, Outbox, Part, Post};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Restarts allowed within [`BUDGET_WINDOW`] before the part stays down. Source: rulings, Limits.
pub const BUDGET: usize = 5;
/// Over how long restarts are counted. Unit: time.
pub const BUDGET_WINDOW: Duration = Duration::from_secs(30);

/// A part with its word type hidden, so that one executor runs them all.
trait Slice {
    fn started(&mut self, now: Instant, out: &mut Outbox);
    fn handle(&mut self, post: Post, now: Instant, out: &mut Outbox);
    fn handle_time(&mut self, now: Instant, out: &mut Outbox);
    fn deadline(&self) -> Option<Instant>;
    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox);
}

impl<P: Part> Slice for P {
    fn started(&mut self, now: Instant, out: &mut Outbox) {
        Part::started(self, now, out);
    }
    fn handle(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        let to = post.to();
        match P::Word::try_from(post) {
            Ok(word) => Part::handle(self, word, now, out),
            Err(_) => debug_assert!(false, "a word for {to:?} came to another part"),
        }
    }
    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        Part::handle_time(self, now, out);
    }
    fn deadline(&self) -> Option<Instant> {
        Part::deadline(self)
    }
    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        Part::undelivered(self, post, now, out);
    }
}

/// What became of a part during one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It went on.
    Fine,
    /// It panicked and was made anew; whatever it owned is gone.
    Restarted {
        /// What the panic said.
        why: String,
    },
    /// It panicked once too often and stays down; the engine is degraded.
    Down {
        /// What the panic said.
        why: String,
    },
}

/// One part, its factory and its restart budget.
pub struct Supervised {
    address: Address,
    factory: Box<dyn FnMut() -> Box<dyn Slice>>,
    part: Option<Box<dyn Slice>>,
    restarts: VecDeque<Instant>,
}

impl Supervised {
    /// Runs what `factory` makes under the name `address`, now and after each panic.
    pub fn new<P: Part>(address: Address, mut factory: impl FnMut() -> P + 'static) -> Self {
        let mut factory: Box<dyn FnMut() -> Box<dyn Slice>> = Box::new(move || Box::new(factory()));
        let part = Some(factory());
        Self {
            address,
            factory,
            part,
            restarts: VecDeque::new(),
        }
    }

    /// Whose words come here.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Lets the part announce itself; called once before anything else.
    pub fn start(&mut self, now: Instant, out: &mut Outbox) -> Health {
        self.guard(now, out, |part, out| part.started(now, out))
    }

    /// Hands over one word.
    pub fn handle(&mut self, post: Post, now: Instant, out: &mut Outbox) -> Health {
        self.guard(now, out, |part, out| part.handle(post, now, out))
    }

    /// Hands over the time.
    pub fn handle_time(&mut self, now: Instant, out: &mut Outbox) -> Health {
        self.guard(now, out, |part, out| part.handle_time(now, out))
    }

    /// Gives a word back that could not be delivered.
    pub fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) -> Health {
        self.guard(now, out, |part, out| part.undelivered(post, now, out))
    }

    /// When the part next wants [`handle_time`](Self::handle_time).
    pub fn deadline(&self) -> Option<Instant> {
        self.part.as_ref().and_then(|part| part.deadline())
    }

    fn guard(
        &mut self,
        now: Instant,
        out: &mut Outbox,
        call: impl FnOnce(&mut dyn Slice, &mut Outbox),
    ) -> Health {
        let Some(part) = self.part.as_mut() else {
            return Health::Fine;
        };
        match catch_unwind(AssertUnwindSafe(|| call(part.as_mut(), out))) {
            Ok(()) => Health::Fine,
            Err(panic) => self.restart(said(panic.as_ref()), now, out),
        }
    }

    fn restart(&mut self, why: String, now: Instant, out: &mut Outbox) -> Health {
        // Half-done orders of the dead part would act for calls that nobody owns any more.
        while out.take().is_some() {}
        self.part = None;
        while self
            .restarts
            .front()
            .is_some_and(|&at| now.since(at) > BUDGET_WINDOW)
        {
            self.restarts.pop_front();
        }
        if self.restarts.len() >= BUDGET {
            return Health::Down { why };
        }
        self.restarts.push_back(now);
        let made = catch_unwind(AssertUnwindSafe(|| {
            let mut part = (self.factory)();
            part.started(now, out);
            part
        }));
        match made {
            Ok(part) => {
                self.part = Some(part);
                Health::Restarted { why }
            }
            Err(_) => Health::Down { why },
        }
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
