//! The part that is watched: lamps of extensions and users (RFC 4235), and mailboxes (RFC 3842).
//!
//! Whoever may call may watch ([`Door`]), and of mailboxes their own alone. Carol's lamp changes by itself ([`Carol`]); that
//! of a park slot is lit while a call waits in it; all others show the calls that are here.

mod entry;
mod topic;

use crate::carol::{self, Carol};
use crate::door::Door;
use crate::extensions::MAILBOX;
use crate::registrar::Shared;
use base::{Duration, Instant, Machine, Rng, Timers};
use control::CallHandle;
use control::snapshot::{CallSnapshot, CallState};
use ports::blf::Server;
use ports::link::{self, Heard};
use ports::presence::Word;
use ports::{Address, Outbox, Part, Post};
use sip::notifier::{Content, End, Input, Notifier, Output, WatcherTag};
use sip::subscription::Package;
use sip::transaction::Failure;
use std::collections::BTreeMap;
use topic::{Topic, shown};

/// What can be watched here.
const OFFERED: [Package; 2] = [Package::Dialog, Package::MessageSummary];
/// Subscriptions at once; one more is refused with 503 and Retry-After.
pub(crate) const WATCHERS: usize = 500;
/// Those of one user among them, so that nobody has them all.
pub(crate) const EACH: usize = 100;
/// Bits of a request's count that one subscription owns.
const SHARE_BITS: u32 = 28;
/// When to ask again for a user who is not registered, and after the PBX stopped. Unit: time.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Letters of a tag.
const TAG: usize = 10;

/// The part of a PBX that is watched.
#[derive(Debug)]
pub(crate) struct Notifiers {
    directory: Shared,
    door: Door,
    all: BTreeMap<u64, Watched>,
    /// Calls that are not over: as many as the engine below takes.
    calls: BTreeMap<CallHandle, CallSnapshot>,
    timers: Timers<u64>,
    /// What Carol did when that was last told, and until when she does it.
    carol: (Carol, Instant),
    last: u64,
    rng: Rng,
}

/// One subscription.
#[derive(Debug)]
struct Watched {
    notifier: Notifier,
    topic: Topic,
    /// The user who watches.
    who: String,
}

impl Notifiers {
    /// Nobody watches. `rng` makes tags.
    pub(crate) fn new(directory: Shared, door: Door, mut rng: Rng) -> Self {
        Self {
            directory,
            door,
            all: BTreeMap::new(),
            calls: BTreeMap::new(),
            timers: Timers::new(),
            carol: Carol::at(Instant::ZERO),
            // A part that is made anew must not give a number that its forerunner gave.
            last: u64::from(rng.number32() >> 5),
            rng,
        }
    }

    fn by_tag(&self, tag: WatcherTag) -> Option<u64> {
        let mut all = self.all.iter();
        let found = all.find(|(_, watched)| watched.notifier.tag() == tag)?;
        Some(*found.0)
    }

    /// How it is now.
    fn content(&self, topic: &Topic) -> Content {
        let Topic {
            number,
            domain,
            package,
        } = topic;
        if *package == Package::MessageSummary {
            let directory = self.directory.borrow();
            let account = format!("sip:{MAILBOX}@{domain}");
            return Content::Mailbox(directory.mail.summary(number, account));
        }
        let of_carol = (number == carol::NUMBER).then(|| self.carol.0.call(domain));
        let calls = self.calls.values().filter_map(|call| shown(call, number));
        Content::Calls {
            entity: format!("sip:{number}@{domain}"),
            calls: of_carol.flatten().into_iter().chain(calls).collect(),
        }
    }

    /// Everybody who watches such is told how it is.
    fn tell_all(&mut self, of: impl Fn(&Topic) -> bool, now: Instant, out: &mut Outbox) {
        let all = self.all.iter();
        let all = all.filter(|(_, watched)| of(&watched.topic));
        let all: Vec<(u64, Content)> = all
            .map(|(number, watched)| (*number, self.content(&watched.topic)))
            .collect();
        for (number, content) in all {
            self.tell(number, Input::Say(content), now, out);
        }
    }

    /// Everybody who watches such is told that it is over.
    fn dismiss(&mut self, of: impl Fn(&Topic) -> bool, end: End, now: Instant, out: &mut Outbox) {
        let all = self.all.iter();
        let all = all.filter(|(_, watched)| of(&watched.topic));
        let all: Vec<u64> = all.map(|(number, _)| *number).collect();
        for number in all {
            self.tell(number, Input::End(end), now, out);
        }
    }

    /// A call as it is now: its lamps, and what becomes of a message.
    fn call(&mut self, call: CallSnapshot, now: Instant, out: &mut Outbox) {
        self.mail(&call);
        match call.state {
            CallState::Ended => self.calls.remove(&call.call),
            CallState::Dialing
            | CallState::Ringing
            | CallState::Progress
            | CallState::Answered
            | CallState::Ending
            | CallState::Unknown => self.calls.insert(call.call, call),
        };
        self.tell_all(|_| true, now, out);
    }

    fn mail(&mut self, call: &CallSnapshot) {
        let Some(call_id) = &call.sip_call_id else {
            return;
        };
        let mail = &mut self.directory.borrow_mut().mail;
        match call.state {
            CallState::Answered => mail.answered(call_id),
            CallState::Ended => mail.left(call_id, call.answered.is_some()),
            CallState::Dialing
            | CallState::Ringing
            | CallState::Progress
            | CallState::Ending
            | CallState::Unknown => {}
        }
    }

    /// Carol does something else, if it is time.
    fn carol_goes_on(&mut self, now: Instant, out: &mut Outbox) {
        if now < self.carol.1 {
            return;
        }
        self.carol = Carol::at(now);
        let hers = |topic: &Topic| topic.number == carol::NUMBER;
        match self.carol.0 {
            // They ask again at once, and are told when she is back (RFC 6665 §4.1.3).
            Carol::Away => self.dismiss(hers, End::Deactivated, now, out),
            Carol::Idle | Carol::Ringing | Carol::Busy => self.tell_all(hers, now, out),
        }
    }

    fn tell(&mut self, number: u64, input: Input, now: Instant, out: &mut Outbox) {
        if let Some(watched) = self.all.get_mut(&number) {
            watched.notifier.handle(input, now);
            self.settle(number, out);
        }
    }

    fn settle(&mut self, number: u64, out: &mut Outbox) {
        let Some(watched) = self.all.get_mut(&number) else {
            return;
        };
        let mut is_over = false;
        while let Some(output) = watched.notifier.poll_output() {
            match output {
                Output::Send {
                    id,
                    request,
                    next_hop,
                } => out.post(link::Word::Send {
                    id,
                    request,
                    next_hop,
                    once: false,
                    account: None,
                }),
                Output::Respond { id, response } => {
                    out.post(link::Word::Respond { id, response });
                }
                Output::Over(_) => is_over = true,
            }
        }
        let deadline = watched.notifier.deadline().filter(|_| !is_over);
        self.timers.set(number, deadline);
        if is_over {
            self.all.remove(&number);
        }
    }
}

impl Part for Notifiers {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Heard(Heard::Request {
                id,
                request,
                origin,
                ..
            }) => self.asked((id, &request), &origin, now, out),
            Word::Heard(Heard::Response { id, response, .. }) => {
                let number = id.count() >> SHARE_BITS;
                self.tell(number, Input::Response { id, response }, now, out);
            }
            Word::Heard(Heard::Failed { id, why, .. }) => {
                self.tell(
                    id.count() >> SHARE_BITS,
                    Input::Failed { id, why },
                    now,
                    out,
                );
            }
            Word::Call(call) => self.call(*call, now, out),
            Word::Server { account, server } => {
                let theirs =
                    |topic: &Topic| topic.number == account && topic.package == Package::Dialog;
                if server == Server::Lost {
                    self.dismiss(theirs, End::Deactivated, now, out);
                }
            }
            Word::Stop => self.dismiss(|_| true, End::Probation(ASK_AGAIN), now, out),
            Word::Restarted(Address::Dialogs) => {
                self.calls.clear();
                self.directory.borrow_mut().mail.all_left();
                self.tell_all(|_| true, now, out);
            }
            // Link made anew knows no NOTIFY that is out.
            Word::Restarted(Address::Link) => {
                let all: Vec<u64> = self.all.keys().copied().collect();
                for number in all {
                    self.tell(number, Input::Forgotten, now, out);
                }
            }
            // A PBX publishes nothing, and has no person with rights and rules.
            Word::Heard(
                Heard::Ack { .. }
                | Heard::Cancelled { .. }
                | Heard::ServerEnded { .. }
                | Heard::Routed { .. },
            )
            | Word::Account(_)
            | Word::AccountGone { .. }
            | Word::Set { .. }
            | Word::Policy { .. }
            | Word::Idle(_)
            | Word::Leave { .. }
            | Word::Restarted(_) => {}
        }
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(number) = self.timers.expire(now) {
            if let Some(watched) = self.all.get_mut(&number) {
                watched.notifier.handle_time(now);
                self.settle(number, out);
            }
        }
        self.carol_goes_on(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let mut all = self.all.values();
        let is_seen = all.any(|watched| watched.topic.number == carol::NUMBER);
        let carol = is_seen.then_some(self.carol.1);
        self.timers.next().into_iter().chain(carol).min()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        if let Post::Link(link::Word::Send { id, .. }) = post {
            let why = Failure::Transport;
            self.tell(
                id.count() >> SHARE_BITS,
                Input::Failed { id, why },
                now,
                out,
            );
        }
    }
}

#[cfg(test)]
mod tests;
