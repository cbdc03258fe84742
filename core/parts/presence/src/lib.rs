//! The presence part: how the person here is, published at the servers of their accounts (RFC 3903, RFC 3856) and told
//! to those who watch this phone itself (RFC 6665 §4.2).
//!
//! What it is not: it writes no SIP (`sip::publication` and `sip::notifier` do) and no document (`sip::presence` does),
//! it decides nobody's rights (`policy::watch` does), and it knows nothing of others: their state is shown by lamps.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Presences`] | the part: words in, words out |
//! | `own` | one account: what is said of it, and what its server has |
//! | `watchers` | those who watch: let in, told, sent away |
//! | `seen` | a call as watchers see it |
//! | `why` | why a server does not have it, for people |

mod own;
pub mod seen;
mod watchers;
mod why;

use base::{Instant, Machine, Rng, Timers};
use control::{CommandId, EventBody, PresenceSnapshot, Timestamp};
use own::Own;
use ports::link::{self, Heard};
use ports::presence::Word;
use ports::{Account, Address, Outbox, Part, Post, events};
use sip::ClientId;
use sip::notifier::End;
use sip::publication::{Input, News, Output};
use std::collections::BTreeMap;
use watchers::Watchers;

/// Bits of a request's count that one publication owns.
const SHARE_BITS: u32 = 28;

/// How long watchers wait before they ask again, where the engine stops. Source: ours; it starts again within that.
const ASK_AGAIN: base::Duration = base::Duration::from_secs(30);

/// Timers of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// Its publication wants something.
    Publication(u64),
    /// What the person said ends.
    Until(u64),
    /// A watcher is to be told something, or is over.
    Watcher(u64),
}

/// The presence part.
pub struct Presences {
    accounts: BTreeMap<String, Own>,
    /// Publications of accounts that are gone and still say goodbye, by number.
    leaving: BTreeMap<u64, (String, sip::publication::Publication)>,
    watchers: Watchers,
    timers: Timers<Timer>,
    idle: bool,
    last: u64,
    epoch: Timestamp,
    rng: Rng,
}

impl Presences {
    /// A part that publishes nothing. `epoch` is the time of day at [`Instant::ZERO`].
    pub fn new(epoch: Timestamp, mut rng: Rng) -> Self {
        Self {
            accounts: BTreeMap::new(),
            leaving: BTreeMap::new(),
            watchers: Watchers::default(),
            timers: Timers::new(),
            idle: false,
            // A part that is made anew must not give a number that its forerunner gave.
            last: u64::from(rng.number32() >> 5),
            epoch,
            rng,
        }
    }

    fn account(&mut self, mut account: Account, now: Instant, out: &mut Outbox) {
        let name = account.name.clone();
        // What was said at another start may have ended since.
        let time = self.time(now);
        if account.presence.until.is_some_and(|until| until <= time) {
            account.presence = ports::presence::Own::default();
        }
        if let Some(own) = self.accounts.get_mut(&name)
            && own.account.aor == account.aor
            && own.account.publish_presence == account.publish_presence
        {
            own.set_up(account);
            return self.judge_again(&name, now, out);
        }
        self.gone(&name, now, out);
        self.last += 1;
        let first = ClientId::new(Address::Presence as u8, self.last << SHARE_BITS);
        let own = Own::new(account, self.last, first, self.rng.split());
        self.accounts.insert(name.clone(), own);
        self.show(&name, None, now, out);
    }

    /// Takes away what was published of an account that is gone.
    fn gone(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        self.dismiss(|watched| watched == name, End::NoResource, now, out);
        let Some(own) = self.accounts.remove(name) else {
            return;
        };
        self.timers.set(Timer::Publication(own.number), None);
        self.timers.set(Timer::Until(own.number), None);
        let (number, mut publication) = (own.number, own.publication);
        publication.handle(Input::End, now);
        self.leaving.insert(number, (name.to_owned(), publication));
        self.settle_leaving(number, out);
    }

    fn settle_leaving(&mut self, number: u64, out: &mut Outbox) {
        let Some((account, publication)) = self.leaving.get_mut(&number) else {
            return;
        };
        let mut is_over = publication.deadline().is_none();
        while let Some(output) = publication.poll_output() {
            match output {
                Output::Send {
                    id,
                    request,
                    next_hop,
                } => {
                    is_over = false;
                    send(id, (account, request), next_hop, out);
                }
                Output::News(News::Removed | News::Failed { .. }) => is_over = true,
                Output::News(News::Published) => {}
            }
        }
        if is_over {
            self.leaving.remove(&number);
        }
    }

    fn heard(&mut self, heard: Heard, now: Instant, out: &mut Outbox) {
        let (id, input) = match heard {
            Heard::Response { id, response, .. } => (id, Input::Response { id, response }),
            Heard::Failed { id, why, .. } => (id, Input::Failed { id, why }),
            Heard::Request {
                id,
                request,
                origin,
                trusted,
            } => return self.asked((id, &request), &origin, trusted, now, out),
            Heard::Ack { .. }
            | Heard::Cancelled { .. }
            | Heard::ServerEnded { .. }
            | Heard::Routed { .. } => return,
        };
        self.reply(id, input, now, out);
    }

    fn reply(&mut self, id: ClientId, input: Input, now: Instant, out: &mut Outbox) {
        let number = id.count() >> SHARE_BITS;
        if let Some((_, publication)) = self.leaving.get_mut(&number) {
            publication.handle(input, now);
            return self.settle_leaving(number, out);
        }
        let mut all = self.accounts.iter_mut();
        if let Some((name, own)) = all.find(|(_, own)| own.number == number) {
            own.publication.handle(input, now);
            let name = name.clone();
            return self.show(&name, None, now, out);
        }
        self.watcher_answers(number, input, now, out);
    }

    /// Says what is to be said of an account, and tells how that stands.
    fn show(&mut self, name: &str, command: Option<CommandId>, now: Instant, out: &mut Outbox) {
        let time = self.time(now);
        let Some(own) = self.accounts.get_mut(name) else {
            return;
        };
        own.say(self.idle, now);
        while let Some(output) = own.publication.poll_output() {
            match output {
                Output::Send {
                    id,
                    request,
                    next_hop,
                } => send(id, (name, request), next_hop, out),
                Output::News(news) => own.news(news, time),
            }
        }
        let number = own.number;
        let deadline = own.publication.deadline();
        self.timers.set(Timer::Publication(number), deadline);
        let ends = own.until().map(|until| until.unix_ms());
        let ends = ends.map(|ms| ms.saturating_sub(self.epoch.unix_ms()));
        let ends = ends.map(|ms| Instant::ZERO + base::Duration::from_millis(ms));
        self.timers.set(Timer::Until(number), ends);
        if own.account.publish_presence
            && let Some(snapshot) = own.snapshot(self.idle)
            && own.told.as_ref() != Some(&snapshot)
        {
            own.told = Some(snapshot.clone());
            tell(snapshot, command, now, out);
        }
        self.tell_watchers(name, now, out);
    }

    fn show_all(&mut self, now: Instant, out: &mut Outbox) {
        let names: Vec<String> = self.accounts.keys().cloned().collect();
        for name in names {
            self.show(&name, None, now, out);
        }
    }

    fn with(
        &mut self,
        name: &str,
        now: Instant,
        out: &mut Outbox,
        change: impl FnOnce(&mut Own, Instant),
    ) {
        if let Some(own) = self.accounts.get_mut(name) {
            change(own, now);
            self.show(name, None, now, out);
        }
    }

    fn call(&mut self, call: &control::CallSnapshot, now: Instant, out: &mut Outbox) {
        let Some(account) = &call.account else {
            return;
        };
        self.with(account.as_str(), now, out, |own, _| own.call(call));
    }

    fn stop(&mut self, now: Instant, out: &mut Outbox) {
        self.dismiss(|_| true, End::Probation(ASK_AGAIN), now, out);
        let names: Vec<String> = self.accounts.keys().cloned().collect();
        for name in names {
            self.with(&name, now, out, Own::leave);
        }
    }

    fn time(&self, at: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.epoch.unix_ms() + at.as_millis())
    }
}

fn send(
    id: ClientId,
    (account, request): (&str, sip_message::Request),
    next_hop: sip_message::Uri,
    out: &mut Outbox,
) {
    out.post(link::Word::Send {
        id,
        request,
        next_hop,
        once: false,
        account: Some(account.to_owned()),
    });
}

fn tell(snapshot: PresenceSnapshot, command: Option<CommandId>, now: Instant, out: &mut Outbox) {
    out.post(events::Word::Tell {
        at: now,
        account: Some(snapshot.account.clone()),
        call: None,
        command,
        body: EventBody::PresenceChanged(Box::new(snapshot)),
    });
}

impl Part for Presences {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Heard(heard) => self.heard(heard, now, out),
            Word::Account(account) => self.account(*account, now, out),
            Word::AccountGone { account } => self.gone(&account, now, out),
            Word::Server { account, server } => {
                self.with(&account, now, out, |own, now| own.server(&server, now));
            }
            Word::Set {
                command,
                account,
                own,
            } => {
                if let Some(known) = self.accounts.get_mut(&account) {
                    known.account.presence = own;
                    self.show(&account, Some(command), now, out);
                }
            }
            Word::Policy { account, policy } => {
                if let Some(known) = self.accounts.get_mut(&account) {
                    let before = known.account.clone();
                    known.set_up(Account { policy, ..before });
                    self.judge_again(&account, now, out);
                }
            }
            Word::Idle(idle) => {
                self.idle = idle;
                self.show_all(now, out);
            }
            Word::Call(call) => self.call(&call, now, out),
            Word::Leave { account } => self.with(&account, now, out, Own::leave),
            Word::Stop => self.stop(now, out),
            // Nobody says that the calls of a part that panicked are over.
            Word::Restarted(Address::Dialogs) => {
                self.accounts.values_mut().for_each(Own::no_calls);
                self.show_all(now, out);
            }
            // Link made anew knows no request of ours: all is said anew.
            Word::Restarted(Address::Link) => {
                for own in self.accounts.values_mut() {
                    own.again(now);
                }
                self.watchers_forgotten(now, out);
                self.show_all(now, out);
            }
            Word::Restarted(_) => {}
        }
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(timer) = self.timers.expire(now) {
            let (Timer::Publication(number) | Timer::Until(number)) = timer else {
                self.watcher_wakes(timer, now, out);
                continue;
            };
            let mut all = self.accounts.iter_mut();
            let Some((name, own)) = all.find(|(_, own)| own.number == number) else {
                continue;
            };
            match timer {
                Timer::Publication(_) => own.publication.handle_time(now),
                Timer::Until(_) => own.account.presence = ports::presence::Own::default(),
                Timer::Watcher(_) => {}
            }
            let name = name.clone();
            self.show(&name, None, now, out);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        if let Post::Link(link::Word::Send { id, .. }) = post {
            let why = sip::transaction::Failure::Transport;
            self.reply(id, Input::Failed { id, why }, now, out);
        }
    }
}

#[cfg(test)]
mod tests;
