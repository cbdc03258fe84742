//! The registrar part: keeps accounts registered and says how they stand.
//!
//! What it is not: it is no registrar server, resolves no name (link does), and holds no rule of SIP:
//! those are in `sip::registrations`.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Registrar`] | the part: words in, words out |
//! | `demand` | accounts that are registered for calls alone |
//! | `known` | one account: what it is, and how far it has come |
//! | `standby` | accounts with two servers |
//! | `tell` | events |

mod demand;
mod known;
mod standby;
mod tell;

use base::{Duration, Instant, Machine, Rng, Timers};
use control::Timestamp;
use known::{Known, Stage};
use ports::account::default_of;
use ports::link::{self, Heard, NoPath, Path};
use ports::registrar::Word;
use ports::{Account, Address, Outbox, Part, Post};
use sip::registration::{Input as One, KeepAlive};
use sip::registrations::{AccountId, Input, Output, Registrations};
use std::collections::BTreeMap;

/// First wait before a name that could not be found is asked for again; doubles up to
/// [`LONGEST_RETRY`]. Source: rulings, Limits: registration retry.
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// Within which a connection that was lost is made anew, each at a time of its own: everybody lost theirs. Source:
/// rulings, Limits: a probe every 4 s.
const MADE_ANEW_WITHIN: Duration = Duration::from_secs(4);
/// Longest wait between two tries.
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// How much a wait may differ, so that phones do not come back together. Unit: per cent.
const SPREAD: u32 = 20;

/// The registrar part.
pub struct Registrar {
    table: Registrations,
    accounts: BTreeMap<AccountId, Known>,
    next: u32,
    retries: Timers<AccountId>,
    /// When an account goes to its other server.
    seats: Timers<AccountId>,
    epoch: Timestamp,
    rng: Rng,
}

impl Registrar {
    /// A part without accounts. `epoch` is the time of day at [`Instant::ZERO`].
    pub fn new(epoch: Timestamp, mut rng: Rng) -> Self {
        Self {
            table: Registrations::new(Address::Registrar as u8, rng.split())
                .starting_at(rng.number32()),
            accounts: BTreeMap::new(),
            next: 0,
            retries: Timers::new(),
            seats: Timers::new(),
            epoch,
            rng,
        }
    }

    fn find(&self, name: &str) -> Option<AccountId> {
        self.accounts
            .iter()
            .find(|(_, known)| known.account.name == name)
            .map(|(id, _)| *id)
    }

    fn add(&mut self, account: Account, now: Instant, out: &mut Outbox) {
        let id = self.find(&account.name).unwrap_or_else(|| {
            self.next += 1;
            AccountId(self.next)
        });
        if account.is_default {
            for known in self.accounts.values_mut() {
                known.account.is_default = false;
            }
        }
        let before = self.accounts.remove(&id);
        let known = match before {
            Some(before) => before.again(account),
            None => Known::new(account),
        };
        let is_needed = known.is_needed();
        if known.on_standby() {
            // Dialogs was told of the account as its settings have it.
            out.post(known.calls_go_by());
        }
        self.accounts.insert(id, known);
        self.tell_added(id, now, out);
        self.tell_defaults(now, out);
        self.seats.set(id, None);
        match is_needed {
            true => {
                self.standby_asked(id, now);
                self.route(id, out);
            }
            false => self.no_longer(id, now),
        }
    }

    fn remove(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        let Some(id) = self.find(name) else { return };
        self.retries.set(id, None);
        self.seats.set(id, None);
        self.answer_calls(id, false, out);
        if let Some(known) = self.accounts.get_mut(&id) {
            known.leaving = true;
        }
        // Also one whose way is looked up anew has a binding where it had one before.
        match self.table.status(id) {
            Some(_) => self.table.handle(Input::Drop(id), now),
            None => self.forget(id, now, out),
        }
    }

    /// Nothing of it is left at the server. Where it was set up again meanwhile, it stays.
    fn dropped(&mut self, id: AccountId, now: Instant, out: &mut Outbox) {
        if self.accounts.get(&id).is_some_and(|known| known.leaving) {
            self.forget(id, now, out);
        }
    }

    fn forget(&mut self, id: AccountId, now: Instant, out: &mut Outbox) {
        self.tell_removed(id, now, out);
        self.answer_calls(id, false, out);
        self.accounts.remove(&id);
        self.tell_defaults(now, out);
    }

    /// Whether calls that name no account are made from this one.
    fn is_default(&self, id: AccountId) -> bool {
        let all = self.accounts.values().filter(|known| !known.leaving);
        let default = default_of(all.map(|known| &known.account)).map(|account| &account.name);
        let name = self.accounts.get(&id).map(|known| &known.account.name);
        name.is_some() && name == default
    }

    /// Asks link how the registrar is reached: Contact needs the address that it will see.
    fn route(&self, id: AccountId, out: &mut Outbox) {
        let Some(known) = self.accounts.get(&id) else {
            return;
        };
        out.post(link::Word::Route {
            from: Address::Registrar,
            ticket: u64::from(id.0),
            uri: known.next_hop(),
            account: known.account.name.clone(),
        });
    }

    fn routed(
        &mut self,
        id: AccountId,
        path: Result<Path, NoPath>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(known) = self.accounts.get_mut(&id) else {
            return;
        };
        // Whoever wanted it may have thought better of it while its server was looked up.
        if !known.is_needed() {
            return;
        }
        match path {
            Ok(path) => {
                let contact = known.contact(&path);
                known.server = Some(path.target);
                known.tries = 0;
                if matches!(known.stage, Stage::Bound { .. }) {
                    return self.table.handle(Input::One(id, One::Moved(contact)), now);
                }
                known.stage = Stage::Bound { since: now };
                let account = Box::new(known.to_sip(contact));
                self.table.handle(Input::Add(id, account), now);
                self.table.handle(Input::One(id, One::Register), now);
            }
            Err(why) => {
                let wait = known.next_retry(FIRST_RETRY, LONGEST_RETRY);
                let wait = self.rng.around(wait, SPREAD);
                self.retries.set(id, Some(now + wait));
                self.tell_no_path(id, &why, wait, now, out);
                self.answer_calls(id, false, out);
            }
        }
    }

    fn heard(&mut self, heard: Heard, now: Instant, out: &mut Outbox) {
        match heard {
            Heard::Response {
                id,
                response,
                origin,
            } => {
                self.table.handle(
                    Input::Reply(One::Response {
                        id,
                        response,
                        origin,
                    }),
                    now,
                );
            }
            Heard::Failed { id, why, detail } => {
                for known in self.accounts.values_mut() {
                    known.detail.clone_from(&detail);
                }
                self.table
                    .handle(Input::Reply(One::Failed { id, why }), now);
            }
            Heard::Routed { ticket, path } => {
                let id = AccountId(u32::try_from(ticket).unwrap_or(0));
                self.routed(id, path, now, out);
            }
            Heard::Request { id, request, .. } => {
                // A phone is no registrar (RFC 3261 §10): said with what it does take.
                let tag = self.rng.token(10);
                let status = sip_message::Status::METHOD_NOT_ALLOWED;
                let allow = sip_message::Capabilities::default().allow();
                let response = sip_message::ResponseBuilder::to(&request, status)
                    .to_tag(&tag)
                    .header(sip_message::HeaderName::Allow, allow)
                    .build();
                out.post(link::Word::Respond { id, response });
            }
            Heard::Ack { .. } | Heard::Cancelled { .. } | Heard::ServerEnded { .. } => {}
        }
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
                    out.post(link::Word::Send {
                        id,
                        request,
                        next_hop,
                        once: false,
                        account: self.name_of(of),
                    });
                }
                Output::SendOnce {
                    of,
                    id,
                    request,
                    next_hop,
                } => {
                    out.post(link::Word::Send {
                        id,
                        request,
                        next_hop,
                        once: true,
                        account: self.name_of(of),
                    });
                }
                Output::Abandon { id } => out.post(link::Word::Abandon { id }),
                Output::KeepAlive(id, kind) => self.keep_alive(id, kind, out),
                Output::Told(id, status) => {
                    self.tell_status(id, &status, now, out);
                    self.demand_told(id, &status, out);
                    self.standby_told(id, &status, now, out);
                }
                Output::Renewed(id) => self.tell_renewed(id, now, out),
                Output::Dropped(id) => self.dropped(id, now, out),
                Output::Full(id) => {
                    tracing::warn!(account = id.0, "no room for another account");
                    self.forget(id, now, out);
                }
            }
        }
    }

    fn name_of(&self, id: AccountId) -> Option<String> {
        let known = self.accounts.get(&id);
        known.map(|known| known.account.name.clone())
    }

    fn keep_alive(&self, id: AccountId, kind: KeepAlive, out: &mut Outbox) {
        let Some(known) = self.accounts.get(&id) else {
            return;
        };
        let kind = match kind {
            KeepAlive::Crlf { .. } => link::KeepAlive::Crlf,
            KeepAlive::Stun { .. } => link::KeepAlive::Stun,
            // OPTIONS is a request, so the machine sends it as one.
            KeepAlive::None | KeepAlive::Options { .. } => return,
        };
        out.post(link::Word::KeepAlive {
            next_hop: known.next_hop(),
            kind,
            account: known.account.name.clone(),
        });
    }

    /// Somebody wants the account registered, or not.
    fn said(&mut self, name: &str, wanted: bool) -> Option<AccountId> {
        let id = self.find(name)?;
        self.accounts.get_mut(&id)?.said = Some(wanted);
        Some(id)
    }
}

impl Part for Registrar {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Heard(heard) => self.heard(heard, now, out),
            Word::Add(account) => self.add(*account, now, out),
            Word::Remove { account } => self.remove(&account, now, out),
            Word::Register { account } => {
                if let Some(id) = self.said(&account, true) {
                    self.register(id, now, out);
                }
            }
            Word::CallNeeds { account, call } => self.call_needs(&account, call, now, out),
            Word::CallOver { account, call } => self.call_over(&account, call, now),
            Word::Policy { account, policy } => {
                if let Some(id) = self.find(&account)
                    && let Some(known) = self.accounts.get_mut(&id)
                {
                    known.account.policy = policy;
                    self.tell_changed(id, now, out);
                }
            }
            Word::Unregister { account } => {
                if let Some(id) = self.said(&account, false) {
                    self.answer_calls(id, false, out);
                    self.no_longer(id, now);
                }
            }
            Word::FlowLost { target } => {
                let used = self
                    .accounts
                    .iter()
                    .filter(|(_, known)| known.server == Some(target));
                let used: Vec<AccountId> = used.map(|(id, _)| *id).collect();
                for id in used {
                    self.tell_flow_lost(id, out);
                    if self.standby_flow_lost(id, now, out) {
                        continue;
                    }
                    match target.transport.is_secure() {
                        // Contact is the end of the connection: it is another one with the next.
                        true => {
                            let wait = self.rng.duration_below(MADE_ANEW_WITHIN);
                            self.retries.set(id, Some(now + wait));
                        }
                        false => self.table.handle(Input::One(id, One::FlowLost), now),
                    }
                }
            }
            Word::Stop => {
                let all: Vec<AccountId> = self.accounts.keys().copied().collect();
                for id in all {
                    self.retries.set(id, None);
                    self.seats.set(id, None);
                    self.table.handle(Input::One(id, One::Remove), now);
                }
            }
            // Link made anew knows no request of ours: what is open fails by its own patience.
            Word::Restarted(Address::Dialogs) => {
                self.tell_seats(out);
                self.calls_lost(now);
            }
            Word::Restarted(_) => {}
        }
        self.settle(now, out);
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.table.handle_time(now);
        while let Some(id) = self.retries.expire(now) {
            self.route(id, out);
        }
        self.standby_time(now, out);
        self.settle(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let all = [
            self.table.deadline(),
            self.retries.next(),
            self.seats.next(),
        ];
        all.into_iter().flatten().min()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        if let Post::Link(link::Word::Send { id, .. }) = post {
            let why = sip::transaction::Failure::Transport;
            self.table
                .handle(Input::Reply(One::Failed { id, why }), now);
            self.settle(now, out);
        }
    }
}

#[cfg(test)]
mod tests;
