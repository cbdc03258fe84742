//! Calls that were handed on or parked from here, and those that come back (M-076, M-088).

use crate::Dialogs;
use crate::decided::{Came, diverted_by};
use base::Instant;
use control::history::Mark;
use control::transfer::Returned;
use policy::returned::{Back, PARKED, Sent};
use ports::dialogs::HandedOn;
use ports::{Account, Outbox};
use sip_message::Request;
use std::collections::VecDeque;

/// Calls that are remembered; past it the oldest is forgotten. Source: ours; more than a person hands on in an hour.
const REMEMBERED: usize = 64;

/// Calls that went, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Away(VecDeque<(Instant, Sent, HandedOn)>);

impl Dialogs {
    /// A call was handed on: it may come back.
    pub(crate) fn handed_on(&mut self, gone: HandedOn, now: Instant, out: &mut Outbox) {
        let mark = if gone.slot {
            Mark::Parked
        } else {
            Mark::Transferred
        };
        self.mark(gone.call, mark, out);
        let sent = Sent {
            who: gone.who.uri.clone(),
            to: gone.to.clone(),
            slot: gone.slot,
        };
        let all = &mut self.away.0;
        // Who is in a slot now is not who was.
        all.retain(|(at, old, of)| {
            let again = old.slot && sent.slot && old.to == sent.to && of.account == gone.account;
            now.since(*at) <= PARKED && !again
        });
        if all.len() >= REMEMBERED {
            all.pop_front();
        }
        all.push_back((now, sent, gone));
    }

    /// The call that comes back with this INVITE if it is one; it is known again once.
    pub(crate) fn returns(
        &mut self,
        request: &Request,
        came: Option<&Came>,
        account: Option<&Account>,
        now: Instant,
    ) -> Option<Box<Returned>> {
        let (caller, account) = (&came?.from, account?);
        let referred_by = request.headers().referred_by().ok().flatten();
        let mut by = diverted_by(request);
        by.extend(referred_by.map(|by| by.uri().to_string()));
        let display = caller.display().unwrap_or_default();
        let (caller, own) = (caller.uri().to_string(), account.aor.to_string());
        let back = Back {
            caller: &caller,
            display: &display,
            sent_by: &by,
            own: &own,
        };
        let is = |(at, sent, gone): &(Instant, Sent, HandedOn)| {
            gone.account == account.name && back.is(sent, now.since(*at))
        };
        let all = &mut self.away.0;
        let at = all.iter().rposition(is)?;
        let (_, _, gone) = all.remove(at)?;
        Some(Box::new(Returned {
            call: gone.call,
            who: gone.who,
            target: gone.to,
            parked: gone.slot,
        }))
    }
}
