//! Accounts that are registered for calls alone, as long as these last (K-147).

use crate::Registrar;
use crate::known::Stage;
use base::{Instant, Machine};
use control::{CallHandle, Code, ErrorObject};
use ports::{Outbox, dialogs};
use sip::registration::{Input as One, Status};
use sip::registrations::{AccountId, Input};

impl Registrar {
    /// Registers, if it is not yet, and says so once it is.
    pub(crate) fn call_needs(
        &mut self,
        name: &str,
        call: CallHandle,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(id) = self.find(name) else {
            let error = ErrorObject::new(Code::UNKNOWN_ACCOUNT, "the account was removed");
            return answer(call, Err(error), out);
        };
        let Some(known) = self.accounts.get_mut(&id) else {
            return;
        };
        let is_up = matches!(self.table.status(id), Some(Status::Registered { .. }));
        known.calls.insert(call, is_up);
        match is_up {
            true => answer(call, Ok(()), out),
            // Also for the second call: the first may have come before a refresh that failed.
            false => self.register(id, now, out),
        }
    }

    /// With the last call that needed it the binding goes, unless it is wanted for something else.
    pub(crate) fn call_over(&mut self, name: &str, call: CallHandle, now: Instant) {
        let known = self.find(name).and_then(|id| {
            let known = self.accounts.get_mut(&id)?;
            Some((id, known))
        });
        let Some((id, known)) = known else { return };
        let was_needed = known.calls.remove(&call).is_some();
        if was_needed && known.calls.is_empty() && !known.registers() {
            self.no_longer(id, now);
        }
    }

    /// Dialogs was made anew: its calls are gone.
    pub(crate) fn calls_lost(&mut self, now: Instant) {
        let needed = self.accounts.iter_mut().filter_map(|(id, known)| {
            let were = std::mem::take(&mut known.calls);
            (!were.is_empty() && !known.registers()).then_some(*id)
        });
        let all: Vec<AccountId> = needed.collect();
        all.into_iter().for_each(|id| self.no_longer(id, now));
    }

    pub(crate) fn no_longer(&mut self, id: AccountId, now: Instant) {
        self.retries.set(id, None);
        self.seats.set(id, None);
        self.table.handle(Input::One(id, One::Remove), now);
    }

    /// Begins to register, or does it now where it waits.
    pub(crate) fn register(&mut self, id: AccountId, now: Instant, out: &mut Outbox) {
        let stage = self.accounts.get(&id).map(|known| known.stage);
        match stage {
            Some(Stage::Bound { .. }) => self.table.handle(Input::One(id, One::Register), now),
            Some(Stage::Unrouted) => {
                self.standby_asked(id, now);
                self.route(id, out);
            }
            None => {}
        }
    }

    /// Calls that wait for it go on.
    pub(crate) fn demand_told(&mut self, id: AccountId, status: &Status, out: &mut Outbox) {
        match status {
            Status::Registered { .. } => self.answer_calls(id, true, out),
            Status::Failed(_) | Status::Unregistered => self.answer_calls(id, false, out),
            Status::Registering | Status::Unregistering => {}
        }
    }

    /// Says to calls that wait what was told of the account last.
    pub(crate) fn answer_calls(&mut self, id: AccountId, is_up: bool, out: &mut Outbox) {
        let Some(known) = self.accounts.get_mut(&id) else {
            return;
        };
        let error = known.told.as_ref().and_then(|told| told.error.clone());
        for (call, told) in &mut known.calls {
            if !*told {
                *told = is_up;
                let why = || {
                    error
                        .clone()
                        .unwrap_or_else(|| not_registered(&known.account.name))
                };
                answer(*call, if is_up { Ok(()) } else { Err(why()) }, out);
            }
        }
    }
}

fn not_registered(name: &str) -> ErrorObject {
    let why = format!("account {} is not registered", control::quoted(name));
    ErrorObject::new(Code::NOT_REGISTERED, why)
}

fn answer(call: CallHandle, outcome: Result<(), ErrorObject>, out: &mut Outbox) {
    out.post(dialogs::Word::Registered {
        call,
        outcome: outcome.map_err(Box::new),
    });
}
