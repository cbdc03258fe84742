//! What the part for transfers is told of calls, and what it has done: REFER, and calls to whom others send us.

use crate::Dialogs;
use crate::call::Stage;
use crate::outgoing::{Wish, is_own};
use base::Instant;
use control::snapshot::{CallDirection, CallState};
use control::{CallHandle, CallSnapshot, Code, EventBody};
use policy::DialAction;
use ports::dialogs::ReferTo;
use ports::{Account, Address, Outbox, presence, transfer};
use sip::session::{Inside, Order};
use sip_message::{NameAddr, SipUri, Uri};

impl Dialogs {
    /// Tells transfer and presence how a call is after those events that mean something to them.
    pub(crate) fn show_transfer(&self, handle: CallHandle, body: &EventBody, out: &mut Outbox) {
        let changes = matches!(
            body,
            EventBody::CallRinging(_)
                | EventBody::CallProgress(_)
                | EventBody::CallAnswered(_)
                | EventBody::CallHold(_)
                | EventBody::CallResumed(_)
                | EventBody::CallEnded(_)
        );
        if changes && self.settings.transfer {
            self.show_call(handle, out);
        }
        let begins = matches!(
            body,
            EventBody::CallCreated(_) | EventBody::CallIncoming(_) | EventBody::CallSent(_)
        );
        if let Some(call) = self.calls.get(&handle)
            && (begins || changes)
            && self.settings.presence
        {
            out.post(presence::Word::Call(Box::new(call.snapshot.clone())));
        }
    }

    fn show_call(&self, handle: CallHandle, out: &mut Outbox) {
        if let Some(call) = self.calls.get(&handle) {
            out.post(transfer::Word::Call(Box::new(call.snapshot.clone())));
        }
    }

    /// The part for transfers was made anew: it is told of all calls again.
    pub(crate) fn transfer_lost(&self, out: &mut Outbox) {
        let answered = self.calls.values();
        let answered = answered.filter(|call| call.snapshot.state == CallState::Answered);
        for call in answered.map(|call| call.handle) {
            self.show_call(call, out);
        }
    }

    /// Sends REFER (RFC 3515 §2.4.1), with Referred-By (RFC 3892 §2.1).
    pub(crate) fn refer(
        &mut self,
        handle: CallHandle,
        ticket: u64,
        to: ReferTo,
        now: Instant,
        out: &mut Outbox,
    ) {
        let named = self.calls.get(&handle).map(|call| &call.snapshot.account);
        let named = named.and_then(|account| account.as_ref().map(ToString::to_string));
        let target = match to {
            ReferTo::Typed(to) => self.meant(named.clone(), to),
            ReferTo::Address(uri) => Ok(uri),
            ReferTo::Taking(other) => self.taking(other, Taking::Contact),
            ReferTo::TakingAt(other) => self.taking(other, Taking::Address),
            ReferTo::TakingEarly(other) => self.taking(other, Taking::Early),
        };
        let target = match target {
            Ok(target) => target,
            Err((code, why)) => {
                return out.post(transfer::Word::Unusable { ticket, code, why });
            }
        };
        let mut headers = vec![("Refer-To".to_owned(), NameAddr::new(&target).to_string())];
        if let Some(account) = self.account_of(named.as_deref()) {
            let by = NameAddr::new(&account.aor).to_string();
            headers.push(("Referred-By".to_owned(), by));
        }
        let request = Inside {
            method: "REFER".to_owned(),
            headers,
            content: None,
        };
        self.ask_inside(handle, (Address::Transfer, ticket), request, now, out);
    }

    fn account_of(&self, name: Option<&str>) -> Option<&Account> {
        let all = || self.accounts.values().map(|(_, account)| account);
        match name {
            Some(name) => self.accounts.get(name).map(|(_, account)| account),
            None => ports::account::default_of(all()),
        }
    }

    /// Whom somebody means by what they typed, for the ears of others: how we travel there is not their business.
    fn meant(&self, account: Option<String>, to: String) -> Result<Uri, (Code, String)> {
        let planned = self.plan(&Wish {
            account,
            to,
            ring_for: None,
            headers: Vec::new(),
            action: None,
        });
        // Nobody else keys a number in at our access number.
        if planned.action == Some(DialAction::CallThrough) {
            let why = "a rule wants call-through, and nobody can be handed on to that";
            return Err((Code::RULES_WANT_MORE, why.to_owned()));
        }
        if planned.open.is_some() {
            let why = "a rule wants a page instead of a call, and nobody can be handed on to that";
            return Err((Code::RULES_WANT_MORE, why.to_owned()));
        }
        let no_address = || (Code::BAD_ADDRESS, String::new());
        match (planned.target, planned.account) {
            (Some(Uri::Sip(uri)), Some(account)) if is_own(&account, &Uri::Sip(uri.clone())) => {
                Ok(Uri::Sip(uri.without_param("transport")))
            }
            (Some(uri), _) => Ok(uri),
            (None, _) => Err(planned.wrong.unwrap_or_else(no_address)),
        }
    }

    /// The far end of another call, with the dialog that we have with it (RFC 5589 §7.1).
    fn taking(&self, other: CallHandle, how: Taking) -> Result<Uri, (Code, String)> {
        let call = self.calls.get(&other);
        let gone = || (Code::UNKNOWN_CALL, format!("call {other} is over"));
        let call = call.ok_or_else(gone)?;
        let dialog = match how {
            Taking::Contact | Taking::Address => self.sessions.dialog(call.session),
            Taking::Early => self.sessions.early_dialog(call.session),
        };
        let dialog = dialog.ok_or_else(gone)?;
        let contact: Result<SipUri, _> = dialog.target.as_str().parse();
        let contact = contact.map_err(|_| gone())?;
        let target = match how {
            Taking::Contact => contact,
            // A server finds the phone that rings by what was dialled.
            Taking::Address | Taking::Early => far_end(&call.snapshot).unwrap_or(contact),
        };
        let early = if how == Taking::Early {
            ";early-only"
        } else {
            ""
        };
        let replaces = format!(
            "{};to-tag={};from-tag={}{early}",
            dialog.call_id, dialog.remote_tag, dialog.local_tag
        );
        let target = target.without_headers().with_header("Replaces", &replaces);
        Ok(Uri::Sip(match how {
            // Elsewhere than there it is to be nobody's call.
            Taking::Address => target.with_header("Require", "replaces"),
            Taking::Contact | Taking::Early => target,
        }))
    }

    /// Calls whom the far end of `instead` sends us to.
    pub(crate) fn follow(
        &mut self,
        handle: CallHandle,
        instead: CallHandle,
        (to, headers): (String, Vec<(String, String)>),
        now: Instant,
        out: &mut Outbox,
    ) {
        let old = self.calls.get(&instead);
        let account = old.and_then(|call| call.snapshot.account.as_ref());
        let wish = Wish {
            account: account.map(ToString::to_string),
            to,
            ring_for: None,
            headers,
            action: None,
        };
        self.dial_instead(handle, wish, instead, now, out);
    }

    /// Hangs up for nobody's command.
    pub(crate) fn leave(&mut self, handle: CallHandle, now: Instant) {
        let call = self.calls.get(&handle);
        if let Some(call) = call.filter(|call| matches!(call.stage, Stage::Live)) {
            let session = call.session;
            self.order(session, Order::HangUp(None), now);
        }
    }
}

/// What a call that takes the place of another one is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taking {
    /// Where the dialog goes.
    Contact,
    /// The address of the far end.
    Address,
    /// The same, for a call that still rings.
    Early,
}

/// The address of the far end.
fn far_end(call: &CallSnapshot) -> Option<SipUri> {
    let far = match call.direction {
        CallDirection::Incoming => &call.from,
        CallDirection::Outgoing => &call.to,
    };
    far.uri.parse().ok()
}
