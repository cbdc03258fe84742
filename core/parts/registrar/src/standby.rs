//! Accounts with two servers: which one is used, and what follows when that changes.

use crate::Registrar;
use crate::known::Stage;
use base::{Instant, Machine};
use ports::{Outbox, dialogs};
use sip::registration::{Seat, Standby, Status};
use sip::registrations::{AccountId, Input};

impl Registrar {
    /// The server in use has to answer from now on.
    pub(crate) fn standby_asked(&mut self, id: AccountId, now: Instant) {
        self.standby(id, |standby| {
            standby.asked(now);
            None
        });
    }

    pub(crate) fn standby_told(
        &mut self,
        id: AccountId,
        status: &Status,
        now: Instant,
        out: &mut Outbox,
    ) {
        let seat = self.standby(id, |standby| standby.told(status, now));
        self.change(id, seat, now, out);
    }

    /// Says whether the account goes to its other server because of that.
    pub(crate) fn standby_flow_lost(
        &mut self,
        id: AccountId,
        now: Instant,
        out: &mut Outbox,
    ) -> bool {
        let seat = self.standby(id, |standby| standby.flow_lost(now));
        self.change(id, seat, now, out);
        seat.is_some()
    }

    pub(crate) fn standby_time(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(id) = self.seats.expire(now) {
            let seat = self.standby(id, |standby| standby.handle_time(now));
            self.change(id, seat, now, out);
        }
    }

    /// Dialogs made anew goes by what the settings say: it hears of all who are elsewhere.
    pub(crate) fn tell_seats(&self, out: &mut Outbox) {
        let elsewhere = self.accounts.values().filter(|known| known.on_standby());
        for known in elsewhere {
            out.post(known.calls_go_by());
        }
    }

    fn standby(
        &mut self,
        id: AccountId,
        with: impl FnOnce(&mut Standby) -> Option<Seat>,
    ) -> Option<Seat> {
        let known = self.accounts.get_mut(&id).filter(|known| !known.leaving)?;
        let standby = known.standby.as_mut()?;
        let seat = with(standby);
        self.seats.set(id, standby.deadline());
        seat
    }

    /// Goes to the server of `seat`, if that is news. Calls that are up stay where they are: their dialogs know
    /// their own way (RFC 3261 §12.2.1.1).
    fn change(&mut self, id: AccountId, seat: Option<Seat>, now: Instant, out: &mut Outbox) {
        let (Some(seat), Some(known)) = (seat, self.accounts.get_mut(&id)) else {
            return;
        };
        known.stage = Stage::Unrouted;
        known.server = None;
        let server = known.registrar();
        tracing::info!(account = known.account.name, ?seat, %server, "the other server is tried");
        out.post(known.calls_go_by());
        self.retries.set(id, None);
        self.table.handle(Input::Leave(id), now);
        self.route(id, out);
    }
}

impl crate::known::Known {
    /// Whether the server that stands by is in use.
    pub(crate) fn on_standby(&self) -> bool {
        self.seat() == Seat::Standby
    }

    fn seat(&self) -> Seat {
        let standby = self.standby.as_ref();
        standby.map_or(Seat::Primary, Standby::seat)
    }

    pub(crate) fn calls_go_by(&self) -> dialogs::Word {
        let standby = self.account.standby.as_ref().filter(|_| self.on_standby());
        let registrar = standby.map(|standby| standby.server.clone());
        dialogs::Word::Registrar {
            account: self.account.name.clone(),
            registrar: registrar.or_else(|| self.account.registrar.clone()),
        }
    }
}
