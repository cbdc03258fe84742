//! What is watched, and how calls look to whoever watches it.

use crate::extensions::{Desk, Extension};
use crate::registrar::user_of;
use control::snapshot::{CallDirection, CallSnapshot, Party};
use part_presence::seen;
use sip::Origin;
use sip::lamp::dialog_info::{self, Call, Direction};
use sip::notifier::Refused;
use sip::subscription::Package;
use sip_message::{Host, Request, SipUri, Uri};

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topic {
    /// An extension, or a user.
    pub(super) number: String,
    /// The PBX's address as the watcher calls it.
    pub(super) domain: String,
    pub(super) package: Package,
}

impl Topic {
    /// What `request`, a SUBSCRIBE, names.
    pub(super) fn of(request: &Request, package: Package) -> Result<Self, Refused> {
        let uri = request.uri().map_err(|_| Refused::Malformed)?;
        let sip = uri.sip().ok_or(Refused::Malformed)?;
        let number = user_of(&uri).and_then(|user| String::from_utf8(user).ok());
        let port = sip.port();
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self {
            number: number.ok_or(Refused::Nobody)?,
            domain: format!("{}{port}", sip.host()),
            package,
        })
    }
}

/// The number or user in an address.
pub(super) fn number_of(uri: &str) -> Option<String> {
    let uri: Uri = uri.parse().ok()?;
    String::from_utf8(user_of(&uri)?).ok()
}

/// `call` as whoever watches `number` sees it; `None`: it concerns somebody else.
pub(super) fn shown(call: &CallSnapshot, number: &str) -> Option<Call> {
    // What the PBX calls itself comes in again, at the extension that it calls.
    if call.direction != CallDirection::Incoming {
        return None;
    }
    let is = |party: &Party| number_of(&party.uri).is_some_and(|other| other == number);
    if is(&call.to) {
        let desk = Extension::of(number.as_bytes(), false).and_then(Extension::desk);
        // In a slot somebody waits, whom the PBX holds; who comes to fetch them is not in it.
        let waits = call.answered.is_some() && call.held_by_local;
        return match desk {
            Some(Desk::Slot) if !waits => None,
            Some(Desk::Slot | Desk::Keys | Desk::Conference) | None => seen::call(call),
        };
    }
    if !is(&call.from) {
        return None;
    }
    let theirs = seen::call(call)?;
    Some(Call {
        direction: Some(Direction::Outgoing),
        held: call.held_by_remote,
        peer: dialog_info::Party {
            uri: call.to.uri.clone(),
            display: call.to.display.clone(),
        },
        ..theirs
    })
}

/// Where refreshes reach the PBX: where this SUBSCRIBE came to.
pub(super) fn contact(topic: &Topic, origin: &Origin) -> Uri {
    let host = Host::from(origin.local.ip());
    let uri = SipUri::new(Some(&topic.number), &host, Some(origin.local.port()));
    match origin.transport.is_reliable() {
        true => Uri::Sip(uri.with_param("transport", origin.transport.uri_name())),
        false => Uri::Sip(uri),
    }
}
