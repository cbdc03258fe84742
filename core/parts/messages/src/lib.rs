//! The messages part: texts that accounts send, and those that come for them (RFC 3428).
//!
//! What it is not: it keeps no conversation (the store does) and writes no SIP (`sip::message` does). It says who
//! writes to whom, tells what becomes of it, and hands each message to the store. Theirs is answered with 200 once it
//! is on disk, so that what was promised to somebody is not lost with the process.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Messages`] | the part: words in, words out |
//! | `sending` | ours, from the command to the last answer |
//! | `receiving` | theirs, from the request to the answer |
//! | `why` | why ours did not get there, for people |

mod receiving;
mod sending;
mod why;

use base::{Instant, Rng, Timers};
use control::{CommandId, EventBody, TextMessage, Timestamp};
use ports::link::{self, Heard};
use ports::messages::Word;
use ports::store::{Do, KeptMessage};
use ports::{Account, Address, Outbox, Part, Post, dialogs, events};
use receiving::Held;
use sending::Ours;
use sip::ClientId;
use sip::message::outgoing::Input;
use std::collections::{BTreeMap, VecDeque};

/// Messages of ours that are under way at once. One more fails.
const SENDING: usize = 64;
/// Messages of theirs that wait for the disk at once. One more is answered at once.
const HELD: usize = 64;

/// The messages part.
pub struct Messages {
    accounts: BTreeMap<String, Account>,
    /// Ours under way, by their number.
    ours: BTreeMap<u64, Ours>,
    /// Theirs that are not answered yet, by id.
    held: BTreeMap<String, Held>,
    /// Numbers of those, by when they are answered at the latest.
    patience: Timers<u64>,
    /// Theirs that were taken lately: a repetition that comes when its transaction is over is not a second message.
    recent: VecDeque<(Instant, String)>,
    last: u64,
    epoch: Timestamp,
    rng: Rng,
}

impl Messages {
    /// A part that nobody wrote to. `epoch` is the time of day at [`Instant::ZERO`].
    pub fn new(epoch: Timestamp, mut rng: Rng) -> Self {
        Self {
            accounts: BTreeMap::new(),
            ours: BTreeMap::new(),
            held: BTreeMap::new(),
            patience: Timers::new(),
            recent: VecDeque::new(),
            // A part that is made anew must not give a number that its forerunner gave.
            last: u64::from(rng.number32()) << 8,
            epoch,
            rng,
        }
    }

    /// Messages that wait for an answer, or to be answered.
    pub fn unfinished(&self) -> usize {
        self.ours.len() + self.held.len()
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn heard(&mut self, heard: Heard, now: Instant, out: &mut Outbox) {
        match heard {
            Heard::Request {
                id,
                request,
                trusted,
                ..
            } => self.came(id, &request, trusted, now, out),
            Heard::Response { id, response, .. } => {
                self.outgoing(id, Input::Response { id, response }, now, out);
            }
            Heard::Failed { id, why, .. } => {
                self.outgoing(id, Input::Failed { id, why }, now, out);
            }
            Heard::Ack { .. }
            | Heard::Cancelled { .. }
            | Heard::ServerEnded { .. }
            | Heard::Routed { .. } => {}
        }
    }

    fn outgoing(&mut self, id: ClientId, input: Input, now: Instant, out: &mut Outbox) {
        let number = sending::number_of(id);
        if let Some(ours) = self.ours.get_mut(&number) {
            ours.handle(input, now);
            self.settle(number, now, out);
        }
    }

    /// Hands a message to the store, and tells whoever listens.
    fn tell(
        &self,
        message: &TextMessage,
        command: Option<CommandId>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let account = self.accounts.get(message.account.as_str());
        out.post(Do::KeepMessage(Box::new(KeptMessage {
            owner: account.map(Account::owner).unwrap_or_default(),
            message: message.clone(),
        })));
        let body = Box::new(message.clone());
        out.post(events::Word::Tell {
            at: now,
            account: Some(message.account.clone()),
            call: message.call,
            command,
            body: match message.state {
                control::MessageState::Received => EventBody::MessageReceived(body),
                control::MessageState::Sending
                | control::MessageState::Delivered
                | control::MessageState::Accepted
                | control::MessageState::Failed
                | control::MessageState::Unknown => EventBody::MessageChanged(body),
            },
        });
    }

    fn time(&self, at: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.epoch.unix_ms() + at.as_millis())
    }
}

impl Part for Messages {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Heard(heard) => self.heard(heard, now, out),
            Word::Account(account) => {
                if account.is_default {
                    for other in self.accounts.values_mut() {
                        other.is_default = false;
                    }
                }
                self.accounts.insert(account.name.clone(), *account);
            }
            Word::AccountGone { account } => {
                self.accounts.remove(&account);
            }
            Word::Send {
                command,
                id,
                account,
                to,
                text,
            } => self.send(command, (id, account, to, text), now, out),
            Word::Asked { call, id, request } => self.asked(call, id, &request, now, out),
            Word::Outcome { ticket, status } => self.outcome(ticket, status, now, out),
            Word::Kept { id } => self.kept(&id, out),
            // Link made anew knows no request of ours: no answer comes any more.
            Word::Restarted(Address::Link) => self.lost(now, out),
            Word::Restarted(_) => {}
        }
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.impatient(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.patience.next()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        match post {
            Post::Link(link::Word::Send { id, .. }) => {
                let why = sip::transaction::Failure::Transport;
                self.outgoing(id, Input::Failed { id, why }, now, out);
            }
            Post::Dialogs(dialogs::Word::InDialog { ticket, .. }) => {
                self.outcome(ticket, None, now, out);
            }
            // There is no store: nobody waits for it.
            Post::Store(Do::KeepMessage(kept)) => self.kept(&kept.message.id, out),
            Post::Link(_) | Post::Dialogs(_) | Post::Registrar(_) | Post::Media(_) => {}
            Post::Recorder(_) | Post::History(_) | Post::Store(_) | Post::Blf(_) => {}
            Post::Messages(_) | Post::Presence(_) | Post::Transfer(_) => {}
            Post::Network(_) | Post::Voice(_) | Post::Event(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
