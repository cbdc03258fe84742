//! Table of accounts, one binding each (M-012).

use crate::ids::ClientId;
use crate::registration::{
    Account, Binding, Input as One, KeepAlive, Memory, Output as Asked, Status,
};
use base::{Instant, Machine, Rng, Timers};
use serde::{Deserialize, Serialize};
use sip_message::{Request, Uri};
use std::collections::{BTreeMap, VecDeque};

/// Accounts at once. Past it [`Input::Add`] is refused by [`Output::Full`].
pub const MAX_ACCOUNTS: usize = 4096;

/// Bits of a request's count that one account owns.
const SHARE_BITS: u32 = 28;

/// An account, by the number its user gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub u32);

/// Everything that can happen to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// There is this account now; it is not registered yet. Replaces one with the same number.
    Add(AccountId, Box<Account>),
    /// The account is no longer wanted at all. A binding is removed first where there is one.
    Drop(AccountId),
    /// The account is wanted at another server: its binding is forgotten and nobody is told.
    Leave(AccountId),
    /// Something for one binding. Responses and failures go to whoever sent the request.
    One(AccountId, One),
    /// A response or failure of a request whose account the driver need not know.
    Reply(One),
}

/// Everything the table can ask of its driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// As [`crate::registration::Output::Send`].
    Send {
        /// Whose it is.
        of: AccountId,
        /// Comes back with every response.
        id: ClientId,
        /// The request without Via.
        request: Request,
        /// Where to send it.
        next_hop: Uri,
    },
    /// As [`crate::registration::Output::SendOnce`].
    SendOnce {
        /// Whose it is.
        of: AccountId,
        /// Comes back with every response.
        id: ClientId,
        /// The request without Via.
        request: Request,
        /// Where to send it.
        next_hop: Uri,
    },
    /// A response to this request is no longer of interest.
    Abandon {
        /// The request.
        id: ClientId,
    },
    /// Send a keep-alive that is no SIP message to the account's next hop.
    KeepAlive(AccountId, KeepAlive),
    /// Where a binding stands now.
    Told(AccountId, Status),
    /// As [`crate::registration::Output::Renewed`].
    Renewed(AccountId),
    /// The account was dropped and nothing of it is left.
    Dropped(AccountId),
    /// There is no room for this account.
    Full(AccountId),
}

/// One account's place.
#[derive(Debug, Clone)]
struct Place {
    binding: Binding,
    /// Whether it goes as soon as its binding is removed.
    leaving: bool,
}

/// Table of accounts.
#[derive(Debug, Clone)]
pub struct Registrations {
    part: u8,
    next_share: u32,
    places: BTreeMap<AccountId, Place>,
    /// Who sends under which share of ids.
    shares: BTreeMap<u32, AccountId>,
    timers: Timers<AccountId>,
    outputs: VecDeque<Output>,
    rng: Rng,
}

/// The table as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    part: u8,
    next_share: u32,
    places: BTreeMap<AccountId, (Memory, bool)>,
    shares: BTreeMap<u32, AccountId>,
}

impl Registrations {
    /// No account. Requests are named as those of part number `part`.
    pub fn new(part: u8, rng: Rng) -> Self {
        Self {
            part,
            next_share: 0,
            places: BTreeMap::new(),
            shares: BTreeMap::new(),
            timers: Timers::new(),
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// The same, counting requests from another place: a table that is made anew after a fault must
    /// not give a number its forerunner gave.
    #[must_use]
    pub fn starting_at(mut self, share: u32) -> Self {
        self.next_share = share & ((1 << SHARE_BITS) - 1) >> 1;
        self
    }

    /// The state at this moment. Outputs that were not taken are not part of it.
    pub fn save(&self) -> Saved {
        let place = |(id, place): (&AccountId, &Place)| {
            (*id, (place.binding.memory().clone(), place.leaving))
        };
        Saved {
            part: self.part,
            next_share: self.next_share,
            places: self.places.iter().map(place).collect(),
            shares: self.shares.clone(),
        }
    }

    /// A table that goes on where `saved` stood.
    pub fn restore(saved: Saved, rng: Rng) -> Self {
        let mut table = Self::new(saved.part, rng);
        table.next_share = saved.next_share;
        table.shares = saved.shares;
        for (id, (memory, leaving)) in saved.places {
            let binding = Binding::restore(memory, table.rng.split());
            table.timers.set(id, binding.deadline());
            table.places.insert(id, Place { binding, leaving });
        }
        table
    }

    /// Where an account's binding stands.
    pub fn status(&self, id: AccountId) -> Option<&Status> {
        self.places.get(&id).map(|place| place.binding.status())
    }

    /// All accounts and where their bindings stand, by number.
    pub fn statuses(&self) -> impl Iterator<Item = (AccountId, &Status)> {
        let all = self.places.iter();
        all.map(|(id, place)| (*id, place.binding.status()))
    }

    fn add(&mut self, id: AccountId, account: Account) {
        if self.places.len() >= MAX_ACCOUNTS && !self.places.contains_key(&id) {
            return self.outputs.push_back(Output::Full(id));
        }
        self.forget(id);
        let share = self.next_share;
        self.next_share = self.next_share.wrapping_add(1) & (u32::MAX >> 4);
        self.shares.insert(share, id);
        let first = ClientId::new(self.part, u64::from(share) << SHARE_BITS);
        let binding = Binding::new(account, first, self.rng.split());
        let leaving = false;
        self.places.insert(id, Place { binding, leaving });
    }

    fn forget(&mut self, id: AccountId) {
        self.places.remove(&id);
        self.shares.retain(|_, owner| *owner != id);
        self.timers.set(id, None);
    }

    fn one(&mut self, id: AccountId, input: One, now: Instant) {
        if let Some(place) = self.places.get_mut(&id) {
            place.binding.handle(input, now);
            self.settle(id);
        }
    }

    fn drop_account(&mut self, id: AccountId, now: Instant) {
        if let Some(place) = self.places.get_mut(&id) {
            place.leaving = true;
            self.one(id, One::Remove, now);
        }
    }

    fn leave(&mut self, id: AccountId) {
        if let Some(place) = self.places.get_mut(&id) {
            place.binding.leave();
            self.settle(id);
        }
        self.forget(id);
    }

    fn reply(&mut self, input: One, now: Instant) {
        let id = match &input {
            One::Response { id, .. } | One::Failed { id, .. } => *id,
            One::Register
            | One::Remove
            | One::Pong
            | One::Mapped(_)
            | One::FlowLost
            | One::Moved(_) => {
                debug_assert!(false, "only replies know their account");
                return;
            }
        };
        let share = u32::try_from(id.count() >> SHARE_BITS).unwrap_or(u32::MAX);
        if let Some(&account) = self.shares.get(&share) {
            self.one(account, input, now);
        }
    }

    /// Carries over what a binding asks for, and lets a dropped account go.
    fn settle(&mut self, of: AccountId) {
        let Some(place) = self.places.get_mut(&of) else {
            return;
        };
        while let Some(output) = place.binding.poll_output() {
            self.outputs.push_back(match output {
                Asked::Send {
                    id,
                    request,
                    next_hop,
                } => Output::Send {
                    of,
                    id,
                    request,
                    next_hop,
                },
                Asked::SendOnce {
                    id,
                    request,
                    next_hop,
                } => Output::SendOnce {
                    of,
                    id,
                    request,
                    next_hop,
                },
                Asked::Abandon { id } => Output::Abandon { id },
                Asked::KeepAlive(kind) => Output::KeepAlive(of, kind),
                Asked::Told(status) => Output::Told(of, status),
                Asked::Renewed => Output::Renewed(of),
            });
        }
        let gone = place.leaving && *place.binding.status() == Status::Unregistered;
        self.timers.set(of, place.binding.deadline());
        if gone {
            self.forget(of);
            self.outputs.push_back(Output::Dropped(of));
        }
    }
}

impl Machine for Registrations {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Add(id, account) => self.add(id, *account),
            Input::Drop(id) => self.drop_account(id, now),
            Input::Leave(id) => self.leave(id),
            Input::One(id, input) => self.one(id, input, now),
            Input::Reply(input) => self.reply(input, now),
        }
    }

    fn handle_time(&mut self, now: Instant) {
        while let Some(id) = self.timers.expire(now) {
            if let Some(place) = self.places.get_mut(&id) {
                place.binding.handle_time(now);
            }
            self.settle(id);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}

#[cfg(test)]
mod tests;
