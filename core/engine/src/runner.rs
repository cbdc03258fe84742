//! The one actor of the engine: runs any part, holds no rule of its own.

use crate::clock::Clock;
use crate::supervise::{Health, Supervised};
use crate::wiring::Wiring;
use actix::prelude::*;
use base::Instant;
use ports::{Outbox, Post};
use std::rc::Rc;

/// Bound of a part's mailbox. Unit: words. Source: rulings, Limits.
pub(crate) const MAILBOX: usize = 1_024;

/// One word for the part in this mailbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Deliver(pub(crate) Post);

/// The engine ends, and this part with it.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct End;

/// Runs one supervised part: words in, words out, one wake-up.
pub(crate) struct Runner {
    part: Supervised,
    mailbox: usize,
    wiring: Rc<Wiring>,
    clock: Clock,
    outbox: Outbox,
    /// When the pending wake-up fires; it may come early, never late.
    armed: Option<(Instant, SpawnHandle)>,
}

impl Runner {
    pub(crate) fn new(part: Supervised, mailbox: usize, wiring: Rc<Wiring>, clock: Clock) -> Self {
        Self {
            part,
            mailbox,
            wiring,
            clock,
            outbox: Outbox::new(),
            armed: None,
        }
    }

    /// Sends what the part wants done, then sees to the next wake-up.
    fn settle(&mut self, health: Health, ctx: &mut Context<Self>) {
        self.tell(health);
        while let Some(post) = self.outbox.take() {
            if let Err(lost) = self.wiring.carry(post) {
                let now = self.clock.now();
                let health = self.part.undelivered(lost, now, &mut self.outbox);
                self.tell(health);
            }
        }
        self.arm(ctx);
    }

    fn tell(&mut self, health: Health) {
        let who = self.part.address();
        let (why, down) = match health {
            Health::Fine => return,
            Health::Restarted { why } => (why, false),
            Health::Down { why } => (why, true),
        };
        tracing::error!(part = ?who, %why, down, "part panicked");
        for to in self.wiring.actors() {
            if to != who
                && let Some(post) = Post::restarted(to, who)
            {
                self.outbox.post(post);
            }
        }
        self.outbox.post(Post::panicked(who, why, down));
        if !down {
            self.wiring.restarted(who);
        }
    }

    fn arm(&mut self, ctx: &mut Context<Self>) {
        let Some(deadline) = self.part.deadline() else {
            return;
        };
        if let Some((at, handle)) = self.armed {
            if at <= deadline {
                return;
            }
            ctx.cancel_future(handle);
        }
        let wait = deadline.since(self.clock.now());
        let handle = ctx.run_later(wait, |runner, ctx| {
            runner.armed = None;
            let now = runner.clock.now();
            let due = runner.part.deadline().is_some_and(|at| at <= now);
            let health = match due {
                true => runner.part.handle_time(now, &mut runner.outbox),
                false => Health::Fine,
            };
            runner.settle(health, ctx);
        });
        self.armed = Some((deadline, handle));
    }
}

impl Actor for Runner {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(self.mailbox);
        let now = self.clock.now();
        let health = self.part.start(now, &mut self.outbox);
        self.settle(health, ctx);
    }
}

impl Handler<Deliver> for Runner {
    type Result = ();

    fn handle(&mut self, Deliver(post): Deliver, ctx: &mut Context<Self>) {
        let now = self.clock.now();
        let health = self.part.handle(post, now, &mut self.outbox);
        self.settle(health, ctx);
    }
}

impl Handler<End> for Runner {
    type Result = ();

    fn handle(&mut self, _: End, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
