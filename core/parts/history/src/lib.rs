//! The history part: a record of every call, from before it rings to after it ended.
//!
//! What it is not: it writes no file (the store does) and decides nothing about calls. Dialogs tells it of every call
//! as it is now; it makes the record of that, hands it to the store, and tells dialogs once it is on disk. Nobody
//! waits for it: where the disk does not answer, the phone rings all the same.
//!
//! | file | holds |
//! | --- | --- |
//! | [`History`] | the part: words in, words out |
//! | [`record`] | what a call is in the history |

pub mod record;

use base::{Duration, Instant};
use control::contacts::ContactsChanged;
use control::history::{HistoryChanged, KnownName, Mark, RecordState};
use control::snapshot::CallSnapshot;
use control::{CallHandle, EventBody, HistoryRecord, Timestamp};
use ports::account::default_of;
use ports::history::Word;
use ports::store::{Do, Kept, NameOf, Told};
use ports::{Account, Address, Outbox, Part, Post, dialogs, events};
use std::collections::{BTreeMap, VecDeque};

/// How often it is noted that calls go on: how far the length of a call may be off whose engine ended without a
/// word. Source: reliability, Storage (± 1 s).
const ALIVE: Duration = Duration::from_secs(1);
/// Calls that are over and may still get a name, or a record of theirs told as kept.
const RECENT: usize = 32;

/// One call.
#[derive(Debug, Clone)]
struct Call {
    owner: String,
    record: HistoryRecord,
    /// Where the list stands that knows who it is.
    rank: u8,
    /// Dialogs knows that a record of it is on disk.
    noted: bool,
}

/// The history part.
#[derive(Debug)]
pub struct History {
    /// Time of day at [`Instant::ZERO`].
    epoch: Timestamp,
    accounts: BTreeMap<String, Account>,
    open: BTreeMap<CallHandle, Call>,
    over: VecDeque<Call>,
    alive_at: Option<Instant>,
    /// Nothing can be written at the moment: no call waits for its record.
    failing: bool,
}

impl History {
    /// A part without calls. `epoch`: time of day at [`Instant::ZERO`].
    pub fn new(epoch: Timestamp) -> Self {
        Self {
            epoch,
            accounts: BTreeMap::new(),
            open: BTreeMap::new(),
            over: VecDeque::new(),
            alive_at: None,
            failing: false,
        }
    }

    /// Calls that are not over.
    pub fn unfinished(&self) -> usize {
        self.open.len()
    }

    fn call(&mut self, snapshot: &CallSnapshot, now: Instant, out: &mut Outbox) {
        let handle = snapshot.call;
        let account = snapshot.account.as_ref();
        let account = account.and_then(|name| self.accounts.get(name.as_str()));
        let is_new = !self.open.contains_key(&handle);
        if is_new && self.over.iter().any(|call| call.record.call == handle) {
            // Told again although it is over.
            return;
        }
        let call = self.open.entry(handle).or_insert_with(|| Call {
            owner: account.map(Account::owner).unwrap_or_default(),
            record: record::of(snapshot),
            rank: u8::MAX,
            noted: false,
        });
        let before = (!is_new).then(|| call.record.clone());
        record::follow(&mut call.record, snapshot);
        if before.as_ref() == Some(&call.record) {
            return;
        }
        keep(call, now, out);
        if is_new {
            out.post(Do::Name {
                of: NameOf::Call(handle),
                owner: self.lists(),
                uri: record::far_end(snapshot).uri.clone(),
            });
            self.alive_at.get_or_insert(now + ALIVE);
            if self.failing {
                self.kept(handle, out);
            }
        }
        self.close(handle);
    }

    /// A call that is over is put aside.
    fn close(&mut self, handle: CallHandle) {
        let ended = |call: &Call| call.record.ended.is_some();
        if !self.open.get(&handle).is_some_and(ended) {
            return;
        }
        if self.over.len() >= RECENT {
            self.over.pop_front();
        }
        self.over.extend(self.open.remove(&handle));
        if self.open.is_empty() {
            self.alive_at = None;
        }
    }

    fn of(&mut self, handle: CallHandle) -> Option<&mut Call> {
        let over = self.over.iter_mut().rev();
        let mut over = over.filter(|call| call.record.call == handle);
        self.open.get_mut(&handle).or_else(|| over.next())
    }

    fn mark(&mut self, handle: CallHandle, mark: Mark, now: Instant, out: &mut Outbox) {
        if let Some(call) = self.of(handle)
            && record::mark(&mut call.record, mark)
        {
            keep(call, now, out);
        }
    }

    fn kept(&mut self, handle: CallHandle, out: &mut Outbox) {
        if let Some(call) = self.open.get_mut(&handle)
            && !call.noted
        {
            call.noted = true;
            out.post(dialogs::Word::Noted { call: handle });
        }
    }

    /// The best list that knows is right, whichever answers first (M-109).
    fn named(
        &mut self,
        handle: CallHandle,
        (known, rank): (KnownName, u8),
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.of(handle) else { return };
        if rank > call.rank || call.record.known.as_ref() == Some(&known) {
            return;
        }
        call.rank = rank;
        call.record.known = Some(known.clone());
        keep(call, now, out);
        out.post(dialogs::Word::Named {
            call: handle,
            known,
        });
    }

    /// Names that were known after the calls were over (M-127).
    fn renamed(&mut self, records: Vec<HistoryRecord>, now: Instant, out: &mut Outbox) {
        for record in records {
            let mut lately = self.over.iter_mut();
            if let Some(call) = lately.find(|call| call.record.id == record.id) {
                // Its next mark keeps the name.
                call.record.known.clone_from(&record.known);
            }
            changed(&record, now, out);
        }
    }

    fn stored(&mut self, told: Told, now: Instant, out: &mut Outbox) {
        match told {
            Told::Kept { call } => self.kept(call, out),
            Told::Named {
                of: NameOf::Call(call),
                known,
                rank,
            } => self.named(call, (known, rank), now, out),
            // The engine has the store rename them.
            Told::Named {
                of: NameOf::Records(_),
                ..
            } => {}
            Told::Renamed(records) => self.renamed(records, now, out),
            Told::Copied { changed } if changed > 0 => {
                let changed = ContactsChanged {
                    imported: changed,
                    ..ContactsChanged::default()
                };
                tell(EventBody::ContactsChanged(Box::new(changed)), now, out);
            }
            // The engine hands lists to the store, and the book to dialogs.
            Told::Copied { .. } | Told::Listed(_) | Told::Book(_) => {}
            Told::Watched(_) | Told::Said(_) | Told::Stands(_) => {}
            Told::Directory(change) => {
                let body = match change.error {
                    Some(_) => EventBody::DirectoryFailed(change),
                    None => EventBody::DirectoryMended(change),
                };
                tell(body, now, out);
            }
            // Of text messages, which are not told here.
            Told::KeptMessage { .. } => {}
            Told::Failed(change) => {
                self.failing = true;
                let waiting: Vec<CallHandle> = self.open.keys().copied().collect();
                for call in waiting {
                    self.kept(call, out);
                }
                tell(EventBody::StoreFailed(change), now, out);
            }
            Told::Mended(change) => {
                self.failing = false;
                tell(EventBody::StoreMended(change), now, out);
            }
        }
    }

    /// Dialogs lost its calls: they ended now, and nobody said how.
    fn interrupted(&mut self, now: Instant, out: &mut Outbox) {
        let ended = self.time(now);
        let lost: Vec<CallHandle> = self.open.keys().copied().collect();
        for handle in lost {
            if let Some(call) = self.open.get_mut(&handle) {
                let record = &mut call.record;
                record.state = RecordState::Interrupted;
                record.ended = Some(ended);
                record.duration_ms = record.answered.map(|at| ended.ms_since(at));
                keep(call, now, out);
            }
            self.close(handle);
        }
    }

    /// Whose lists know who calls: those of the person at this phone.
    fn lists(&self) -> String {
        let own = default_of(self.accounts.values());
        own.map(Account::owner).unwrap_or_default()
    }

    fn time(&self, at: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.epoch.unix_ms() + at.as_millis())
    }
}

/// Hands the record to the store, and tells whoever listens.
fn keep(call: &Call, now: Instant, out: &mut Outbox) {
    let record = call.record.clone();
    let owner = call.owner.clone();
    out.post(Do::Keep(Box::new(Kept { owner, record })));
    changed(&call.record, now, out);
}

fn changed(record: &HistoryRecord, now: Instant, out: &mut Outbox) {
    let changed = HistoryChanged {
        record: Some(record.clone()),
        deleted: Vec::new(),
        cleared: false,
    };
    out.post(events::Word::Tell {
        at: now,
        account: record.account.clone(),
        call: Some(record.call),
        command: None,
        body: EventBody::HistoryChanged(Box::new(changed)),
    });
}

fn tell(body: EventBody, now: Instant, out: &mut Outbox) {
    out.post(events::Word::Tell {
        at: now,
        account: None,
        call: None,
        command: None,
        body,
    });
}

impl Part for History {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Call(snapshot) => self.call(&snapshot, now, out),
            Word::Marked { call, mark } => self.mark(call, mark, now, out),
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
            Word::Stored(told) => self.stored(told, now, out),
            Word::Restarted(Address::Dialogs) => self.interrupted(now, out),
            Word::Restarted(
                Address::Blf
                | Address::Messages
                | Address::Presence
                | Address::Link
                | Address::Registrar
                | Address::Media
                | Address::Network
                | Address::Voice
                | Address::Events
                | Address::Recorder
                | Address::History
                | Address::Store
                | Address::Transfer,
            ) => {}
        }
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        if self.alive_at.is_some_and(|at| at <= now) {
            out.post(Do::Alive(self.time(now)));
            self.alive_at = Some(now + ALIVE);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.alive_at
    }

    fn undelivered(&mut self, post: Post, _now: Instant, out: &mut Outbox) {
        if let Post::Store(Do::Keep(kept)) = post {
            // There is no store: nothing is kept, and nobody waits for it.
            self.kept(kept.record.call, out);
        }
    }
}

#[cfg(test)]
mod tests;
