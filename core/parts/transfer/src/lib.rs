//! The transfer part: hands calls on, and follows where the far end hands us on.
//!
//! What it is not: it owns no dialog and places no call; dialogs does, and is asked by words. It holds no rule
//! of transfers: those are in `sip::transfer`. One call is in one transfer at a time.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Transfers`] | the part: words in, words out |
//! | `transferor` | calls that we hand on |
//! | `transferee` | calls in which we are handed on |
//! | `tell` | events, and why a transfer did not work, for people |

mod tell;
mod transferee;
mod transferor;

use base::{Instant, Machine};
use control::snapshot::CallState;
use control::transfer::TransferSnapshot;
use control::{CallHandle, CallSnapshot, Code, CommandId};
use ports::transfer::Word;
use ports::{Address, Handles, Outbox, Part, Post, dialogs};
use sip::transfer::transferee::Policy;
use sip::transfer::{Target, Transferee, Transferor};
use sip::{ServerId, transfer};
use sip_message::{Method, Request, Status, Uri};
use std::collections::BTreeMap;

/// What the part is told when it is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Whether we go where the far end of a call sends us.
    pub policy: Policy,
    /// A call handed over while its target rings is to take the place of the ringing one, as some servers know how to;
    /// else the ringing one is given up first (M-081).
    pub early_replaces: bool,
}

/// The machine of one transfer.
#[derive(Debug)]
enum Side {
    /// We hand the far end on; to whom, as typed.
    Out(Transferor, String),
    /// The far end hands us on: its REFER, and where to.
    In(Transferee, ServerId, Box<Target>),
}

/// One transfer.
#[derive(Debug)]
struct Entry {
    side: Side,
    /// The command that its events belong to.
    command: Option<CommandId>,
    /// What people see.
    snapshot: TransferSnapshot,
    /// The request that waits for its outcome.
    ticket: u64,
    /// What people were told last was that it is over.
    told: bool,
    /// The target is a park slot.
    slot: bool,
    /// REFER is out: whoever is handed on may be on the way.
    sent: bool,
    /// It goes into this conference.
    conference: Option<Uri>,
}

impl Entry {
    fn deadline(&self) -> Option<Instant> {
        match &self.side {
            Side::Out(machine, _) => machine.deadline(),
            Side::In(machine, ..) => machine.deadline(),
        }
    }

    fn is_over(&self) -> bool {
        match &self.side {
            Side::Out(machine, _) => machine.is_over(),
            Side::In(machine, ..) => machine.is_over(),
        }
    }
}

/// The transfer part.
pub struct Transfers {
    settings: Settings,
    handles: Handles,
    /// By the call that is handed on.
    entries: BTreeMap<CallHandle, Entry>,
    /// Calls as dialogs told them last, while they are there.
    calls: BTreeMap<CallHandle, CallSnapshot>,
    /// Whose request waits for its outcome.
    tickets: BTreeMap<u64, CallHandle>,
    last_ticket: u64,
}

impl Transfers {
    /// A part without transfers. `handles` is shared with whoever else starts calls.
    pub fn new(settings: Settings, handles: Handles) -> Self {
        Self {
            settings,
            handles,
            entries: BTreeMap::new(),
            calls: BTreeMap::new(),
            tickets: BTreeMap::new(),
            last_ticket: 0,
        }
    }

    /// Transfers that are not over, and calls that are known.
    pub fn unfinished(&self) -> usize {
        self.entries.len() + self.calls.len() + self.tickets.len()
    }

    /// A ticket for a request in the dialog of `call`.
    fn ticket(&mut self, call: CallHandle) -> u64 {
        self.last_ticket += 1;
        self.tickets.insert(self.last_ticket, call);
        if let Some(entry) = self.entries.get_mut(&call) {
            entry.ticket = self.last_ticket;
        }
        self.last_ticket
    }

    fn outcome(&mut self, ticket: u64, status: Option<Status>, now: Instant, out: &mut Outbox) {
        let Some(call) = self.tickets.remove(&ticket) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(&call) else {
            return;
        };
        if entry.ticket != ticket {
            return;
        }
        match &mut entry.side {
            Side::Out(machine, _) => {
                machine.handle(transfer::transferor::Input::Answered(status), now);
            }
            Side::In(machine, ..) => {
                machine.handle(transfer::transferee::Input::Delivered(status), now);
            }
        }
        self.settle(call, now, out);
    }

    /// How a call is now: it is one that is handed on, or one with a target, or neither.
    fn call(&mut self, snapshot: CallSnapshot, now: Instant, out: &mut Outbox) {
        let handle = snapshot.call;
        let is_over = snapshot.state == CallState::Ended;
        if self.entries.contains_key(&handle) {
            self.caller_changed(handle, &snapshot, now, out);
        }
        let of_target = |(call, entry): (&CallHandle, &Entry)| {
            (entry.snapshot.with == Some(handle)).then_some(*call)
        };
        let of: Vec<CallHandle> = self.entries.iter().filter_map(of_target).collect();
        for call in of {
            self.target_changed(call, &snapshot, now, out);
        }
        match is_over {
            true => self.calls.remove(&handle),
            false => self.calls.insert(handle, snapshot),
        };
    }

    fn caller_changed(
        &mut self,
        handle: CallHandle,
        snapshot: &CallSnapshot,
        now: Instant,
        out: &mut Outbox,
    ) {
        use transfer::{transferee, transferor};
        let Some(entry) = self.entries.get_mut(&handle) else {
            return;
        };
        let is_over = snapshot.state == CallState::Ended;
        match &mut entry.side {
            Side::Out(machine, _) => {
                let what = match (is_over, snapshot.held_by_local) {
                    (true, _) => transferor::Input::CallerGone,
                    (false, true) => transferor::Input::Held,
                    (false, false) => transferor::Input::Resumed,
                };
                machine.handle(what, now);
            }
            Side::In(machine, ..) if is_over => {
                machine.handle(transferee::Input::CallerGone, now);
            }
            Side::In(..) => {}
        }
        self.settle(handle, now, out);
    }

    fn target_changed(
        &mut self,
        call: CallHandle,
        snapshot: &CallSnapshot,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(entry) = self.entries.get_mut(&call) else {
            return;
        };
        match &mut entry.side {
            Side::Out(machine, _) => {
                if let Some(input) = transferor::of_target(snapshot) {
                    machine.handle(input, now);
                }
            }
            Side::In(machine, ..) => {
                if let Some(input) = transferee::of_target(snapshot) {
                    machine.handle(input, now);
                }
            }
        }
        if snapshot.state == CallState::Ended {
            entry.snapshot.with = None;
        }
        self.settle(call, now, out);
    }

    /// REFER or NOTIFY came.
    fn asked(
        &mut self,
        call: CallHandle,
        (id, request): (ServerId, Request),
        now: Instant,
        out: &mut Outbox,
    ) {
        if *request.method() == Method::Refer {
            return self.referred(call, id, &request, now, out);
        }
        // First the answer: what follows may end the call.
        let status = self.reported(call, &request, now);
        respond(call, id, status, out);
        self.settle(call, now, out);
    }

    /// Does what the machine of `call` wants.
    fn settle(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        match self.entries.get(&call).map(|entry| &entry.side) {
            Some(Side::Out(..)) => self.settle_transferor(call, now, out),
            Some(Side::In(..)) => self.settle_transferee(call, now, out),
            None => return,
        }
        if self.entries.get(&call).is_some_and(Entry::is_over) {
            self.entries.remove(&call);
            self.tickets.retain(|_, of| *of != call);
        }
    }

    /// All calls went with the part that owned them.
    fn lose_all(&mut self, now: Instant, out: &mut Outbox) {
        self.calls.clear();
        self.tickets.clear();
        for (call, entry) in core::mem::take(&mut self.entries) {
            if entry.conference.is_some() {
                out.post(dialogs::Word::Sent {
                    call,
                    how: dialogs::Sent::Gone,
                });
            }
            if !entry.told {
                let why = "the part that owned the call was made anew";
                tell::lost(call, entry, Code::CALL_LOST, why, now, out);
            }
        }
    }
}

fn respond(call: CallHandle, id: ServerId, status: Status, out: &mut Outbox) {
    out.post(dialogs::Word::Respond { call, id, status });
}

impl Part for Transfers {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Transfer {
                command,
                call,
                to,
                slot,
            } => self.begin((command, call), (to, slot), now, out),
            Word::Complete { command, call } => self.complete(command, call, now, out),
            Word::Cancel { command, call } => self.cancel(command, call, now, out),
            Word::Decide { command, call, go } => self.decide(command, call, go, now, out),
            Word::Call(snapshot) => self.call(*snapshot, now, out),
            Word::Asked { call, id, request } => self.asked(call, (id, *request), now, out),
            Word::Outcome { ticket, status } => self.outcome(ticket, status, now, out),
            Word::Unusable { ticket, code, why } => self.unusable(ticket, code, &why, now, out),
            Word::Joined { call, is_so } => self.joined(call, is_so, now, out),
            Word::Restarted(Address::Dialogs) => self.lose_all(now, out),
            Word::Restarted(
                Address::Link
                | Address::Registrar
                | Address::Media
                | Address::Network
                | Address::Voice
                | Address::Events
                | Address::Recorder
                | Address::History
                | Address::Store
                | Address::Blf
                | Address::Messages
                | Address::Presence
                | Address::Transfer,
            ) => {}
        }
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        let is_due = |entry: &Entry| entry.deadline().is_some_and(|at| at <= now);
        let due = self.entries.iter().filter(|(_, entry)| is_due(entry));
        let due: Vec<CallHandle> = due.map(|(call, _)| *call).collect();
        for call in due {
            match self.entries.get_mut(&call).map(|entry| &mut entry.side) {
                Some(Side::Out(machine, _)) => machine.handle_time(now),
                Some(Side::In(machine, ..)) => machine.handle_time(now),
                None => {}
            }
            self.settle(call, now, out);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.entries.values().filter_map(Entry::deadline).min()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        // Of what we say, only requests have an outcome.
        if let Post::Dialogs(
            dialogs::Word::InDialog { ticket, .. } | dialogs::Word::Refer { ticket, .. },
        ) = post
        {
            self.outcome(ticket, None, now, out);
        }
    }
}
