//! Requests in a call's dialog that are no business of its session: other parts send them and answer them.
//! The dialog stays here, because it alone counts CSeq and knows the route set.

use crate::Dialogs;
use crate::keys::hear_info;
use base::Instant;
use control::CallHandle;
use ports::{Address, Outbox, Post, messages, transfer};
use sip::ServerId;
use sip::session::{Inside, Order};
use sip_message::{Method, Request, Status};
use std::collections::BTreeMap;

/// What is handed on, beside INFO, which may hold a digit.
pub(crate) const METHODS: [&str; 2] = ["REFER", "NOTIFY"];
/// The same, where text messages are taken.
pub(crate) const WITH_MESSAGES: [&str; 3] = ["REFER", "NOTIFY", "MESSAGE"];

/// Requests of one call that wait for their responses. Past it one counts as failed.
const WAITING: usize = 16;

/// Numbers of other parts' requests have this bit; those without it are of digits.
const OTHERS: u64 = 1 << 63;

/// Requests of other parts in one call's dialog, by number: who asked, and under which ticket.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    last: u64,
    open: BTreeMap<u64, (Address, u64)>,
}

impl Asked {
    fn next(&mut self, who: (Address, u64)) -> Option<u64> {
        if self.open.len() >= WAITING {
            return None;
        }
        self.last += 1;
        let number = self.last | OTHERS;
        self.open.insert(number, who);
        Some(number)
    }

    /// Takes out all that wait.
    pub(crate) fn all(&mut self) -> impl Iterator<Item = (Address, u64)> + use<> {
        core::mem::take(&mut self.open).into_values()
    }
}

impl Dialogs {
    /// Sends a request for another part.
    pub(crate) fn ask_inside(
        &mut self,
        handle: CallHandle,
        (from, ticket): (Address, u64),
        request: Inside,
        now: Instant,
        out: &mut Outbox,
    ) {
        let call = self.calls.get_mut(&handle);
        let number = call.and_then(|call| {
            let is_up = call.is_up();
            let number = is_up.then(|| call.inside.next((from, ticket))).flatten();
            number.map(|number| (call.session, number))
        });
        match number {
            Some((session, number)) => self.order(session, Order::Request(number, request), now),
            None => tell(from, ticket, None, out),
        }
    }

    /// A request of ours in the dialog has its final response, or will have none.
    pub(crate) fn outcome(
        &mut self,
        handle: CallHandle,
        number: u64,
        status: Option<Status>,
        now: Instant,
        out: &mut Outbox,
    ) {
        if number & OTHERS == 0 {
            return self.informed(handle, number, status, now, out);
        }
        let call = self.calls.get_mut(&handle);
        let asked = call.and_then(|call| call.inside.open.remove(&number));
        if let Some((from, ticket)) = asked {
            tell(from, ticket, status, out);
        }
    }

    /// The peer sent something that its session makes nothing of.
    pub(crate) fn asked_inside(
        &self,
        handle: CallHandle,
        (id, request): (Option<ServerId>, &Request),
        out: &mut Outbox,
    ) {
        match id {
            None => hear_info(handle, request, out),
            Some(id) if *request.method() == Method::Message => {
                let request = Box::new(request.clone());
                let call = handle;
                out.post(messages::Word::Asked { call, id, request });
            }
            Some(id) => out.post(transfer::Word::Asked {
                call: handle,
                id,
                request: Box::new(request.clone()),
            }),
        }
    }

    /// Another part answers what the peer sent.
    pub(crate) fn respond_inside(
        &mut self,
        handle: CallHandle,
        id: ServerId,
        status: Status,
        now: Instant,
    ) {
        if let Some(session) = self.calls.get(&handle).map(|call| call.session) {
            self.order(session, Order::Respond(id, status), now);
        }
    }

    /// Nobody here transfers calls or reads texts: a NOTIFY was asked for by nobody (RFC 6665 §4.1.3), everything
    /// else is not for this phone to do.
    pub(crate) fn nobody_to_ask(
        &mut self,
        handle: CallHandle,
        id: ServerId,
        request: &Request,
        now: Instant,
    ) {
        let status = match *request.method() == Method::Notify {
            true => Status::CALL_DOES_NOT_EXIST,
            false => Status::FORBIDDEN,
        };
        self.respond_inside(handle, id, status, now);
    }
}

/// Tells a part what became of its request.
pub(crate) fn tell(from: Address, ticket: u64, status: Option<Status>, out: &mut Outbox) {
    if let Some(post) = Post::outcome(from, ticket, status) {
        out.post(post);
    }
}
