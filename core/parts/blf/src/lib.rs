//! The blf part: what accounts watch, and what is known of it.
//!
//! What it is not: it reads no document and counts no version (`sip::lamp` does), and keeps no
//! subscription alive (`sip::subscriptions` does). It says whom to watch, and tells what is shown.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Blf`] | the part: words in, words out |
//! | `accounts` | accounts, where they are reached, what they wish to see |
//! | `entry` | one lamp, mailbox or conference |
//! | `listing` | who is in the list of an account, and whether its server offers one |
//! | `lists` | the list of an account at its server, and whose lamps it feeds |
//! | `tell` | events |
//! | `why` | why something is not known, for people |

mod accounts;
mod entry;
mod listing;
mod lists;
mod tell;
mod why;

use accounts::Known;
use base::{Instant, Machine, Rng, Timers};
use control::Timestamp;
use entry::{By, Entry, EntryId, Kind};
use ports::blf::{LampWish, Word};
use ports::link::{self, Heard};
use ports::{Address, Outbox, Part, Post};
use sip::subscription::{News, Package};
use sip::subscriptions::{Input, Output, SubscriptionId, Subscriptions};
use std::collections::BTreeMap;

/// Numbers of subscriptions, as many as a table takes.
const NUMBERS: u32 = 1 << 28;

/// The blf part.
pub struct Blf {
    table: Subscriptions,
    accounts: BTreeMap<String, Known>,
    entries: BTreeMap<EntryId, Entry>,
    /// Whose each subscription is. One that was replaced and still says goodbye is nobody's.
    owners: BTreeMap<SubscriptionId, EntryId>,
    /// Whom quick dial and favourites show, each with whose they are.
    kept: Vec<(String, LampWish)>,
    next_entry: u64,
    next_subscription: u32,
    next_ticket: u64,
    /// Accounts whose server could not be found, by the ticket of their question.
    retries: Timers<u64>,
    epoch: Timestamp,
    rng: Rng,
}

impl Blf {
    /// A part that watches nothing. `epoch` is the time of day at [`Instant::ZERO`].
    pub fn new(epoch: Timestamp, mut rng: Rng) -> Self {
        Self {
            table: Subscriptions::new(Address::Blf as u8, rng.split()),
            accounts: BTreeMap::new(),
            entries: BTreeMap::new(),
            owners: BTreeMap::new(),
            kept: Vec::new(),
            next_entry: 0,
            // A part that is made anew must not give a number its forerunner gave.
            next_subscription: rng.number32() % NUMBERS,
            next_ticket: u64::from(rng.number32()) << 16,
            retries: Timers::new(),
            epoch,
            rng,
        }
    }

    /// Subscriptions that are not over.
    pub fn subscriptions(&self) -> usize {
        self.table.len()
    }

    fn heard(&mut self, heard: Heard, now: Instant, out: &mut Outbox) {
        match heard {
            Heard::Response { id, response, .. } => {
                self.table.handle(Input::Response { id, response }, now);
            }
            Heard::Failed { id, why, .. } => self.table.handle(Input::Failed { id, why }, now),
            Heard::Request { id, request, .. } => {
                self.table.handle(Input::Notify { id, request }, now);
            }
            Heard::Routed { ticket, path } => self.routed(ticket, path, now, out),
            Heard::Ack { .. } | Heard::Cancelled { .. } | Heard::ServerEnded { .. } => {}
        }
    }

    /// Starts, or starts anew with another package, what feeds an entry.
    fn begin(&mut self, id: EntryId, package: Package, now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let Some(known) = self.accounts.get(&entry.account) else {
            return;
        };
        let Some(watch) = known.watch(entry, package) else {
            return;
        };
        if let Some(old) = entry.subscription.take() {
            self.owners.remove(&old);
            self.table.handle(Input::End(old), now);
        }
        self.next_subscription = (self.next_subscription + 1) % NUMBERS;
        let subscription = SubscriptionId(self.next_subscription);
        entry.start(subscription, package, now);
        self.owners.insert(subscription, id);
        let watch = Box::new(watch);
        self.table.handle(Input::Add(subscription, watch), now);
    }

    fn settle(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(output) = self.table.poll_output() {
            match output {
                Output::Send {
                    of,
                    id,
                    request,
                    next_hop,
                } => {
                    let entry = self.owners.get(&of).and_then(|id| self.entries.get(id));
                    out.post(link::Word::Send {
                        id,
                        request,
                        next_hop,
                        once: false,
                        account: entry.map(|entry| entry.account.clone()),
                    });
                }
                Output::Abandon { id } => out.post(link::Word::Abandon { id }),
                Output::Respond { id, response } => {
                    out.post(link::Word::Respond { id, response });
                }
                Output::News(subscription, news) => self.news(subscription, &news, now, out),
                Output::Full(subscription) => {
                    if let Some(id) = self.owners.remove(&subscription)
                        && let Some(entry) = self.entries.get_mut(&id)
                    {
                        entry.subscription = None;
                        entry.no_room = true;
                        self.show(id, now, out);
                        self.no_list(id, now, out);
                    }
                }
            }
        }
    }

    fn news(&mut self, of: SubscriptionId, news: &News, now: Instant, out: &mut Outbox) {
        let Some(&id) = self.owners.get(&of) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if let Kind::List(_) = entry.kind {
            return self.list_news((id, of), news, now, out);
        }
        let ask = entry.take(news, now);
        let fallback = entry.fallback(news);
        if ask {
            self.table.handle(Input::Ask(of), now);
        }
        match news {
            News::Over => {
                self.owners.remove(&of);
            }
            // The server does not know calls of extensions: their presence is better than nothing.
            News::Lost { .. } if fallback => self.begin(id, Package::Presence, now),
            News::Lost { .. }
            | News::Document { .. }
            | News::List { .. }
            | News::Pending
            | News::ForkGone { .. }
            | News::Polled(_) => {}
        }
        self.show(id, now, out);
    }

    fn stop(&mut self, now: Instant) {
        for entry in self.entries.values_mut() {
            if let Some(subscription) = entry.subscription {
                self.table.handle(Input::End(subscription), now);
            }
        }
    }
}

impl Part for Blf {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Heard(heard) => self.heard(heard, now, out),
            Word::Account(account) => self.account(*account, now, out),
            Word::AccountGone { account } => self.account_gone(&account, now, out),
            Word::Server { account, server } => self.server(&account, server, now, out),
            Word::Add { account, lamp, .. } => {
                self.add(&account, Kind::lamp(lamp, now), By::Command, now, out);
            }
            Word::Kept(kept) => self.keep(kept, now, out),
            Word::Conference { account, call, uri } => {
                let kind = Kind::conference(call, uri);
                self.add(&account, kind, By::Command, now, out);
            }
            Word::LeaveConference { call } => self.leave(call, now, out),
            Word::Remove {
                account, target, ..
            } => self.remove(&account, &target, now, out),
            Word::Stop => self.stop(now),
            // Link made anew knows no request of ours: what is open fails by its own patience.
            Word::Restarted(_) => {}
        }
        self.settle(now, out);
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.table.handle_time(now);
        while let Some(ticket) = self.retries.expire(now) {
            self.route(ticket, out);
        }
        self.settle(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let both = [self.table.deadline(), self.retries.next()];
        both.into_iter().flatten().min()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        if let Post::Link(link::Word::Send { id, .. }) = post {
            let why = sip::transaction::Failure::Transport;
            self.table.handle(Input::Failed { id, why }, now);
            self.settle(now, out);
        }
    }
}

#[cfg(test)]
mod tests;
