//! Which part owns an inbound request.
//!
//! The endpoint delivers each request once; this says to whom. In-dialog requests always go to the
//! part that holds dialogs, because it alone counts CSeq and knows the route set.

use crate::notifier::WatcherTag;
use crate::subscription::WatchTag;
use serde::{Deserialize, Serialize};
use sip_message::{Method, Request, Status};

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// Calls, and everything inside a dialog.
    Dialogs,
    /// The account keeper: OPTIONS outside a dialog (M-008).
    Registrar,
    /// The part that holds subscriptions: NOTIFY with a tag of theirs.
    Subscriptions,
    /// The part that holds text messages: MESSAGE outside of a dialog.
    Messages,
    /// The part that is watched: SUBSCRIBE outside of a dialog, or with a tag of a watcher.
    Watched,
    /// A registrar of our own: REGISTER, in the demo PBX only.
    Bindings,
    /// Nobody: answer with this status.
    Nobody(Status),
}

/// What this engine has beside dialogs and accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Offers {
    /// Others may register here.
    pub bindings: bool,
    /// Others may watch the person here.
    pub watched: bool,
}

/// Whom `request` is for. Source: RFC 3261 §12.2.2 and §8.2.1; RFC 6665 §4.1.3 for NOTIFY.
pub fn owner(request: &Request, offers: Offers) -> Owner {
    let to = request.headers().to();
    let tag = to.as_ref().ok().and_then(|to| to.tag());
    let in_dialog = tag.is_some();
    let watches = tag.is_none_or(|tag| WatcherTag::read(tag).is_some());
    match request.method() {
        Method::Invite => Owner::Dialogs,
        Method::Notify if request_tag(request).is_some() => Owner::Subscriptions,
        // Absorbed by the endpoint unless they are for a dialog.
        Method::Ack | Method::Cancel => Owner::Dialogs,
        Method::Register if offers.bindings => Owner::Bindings,
        Method::Register | Method::Publish => Owner::Nobody(Status::METHOD_NOT_ALLOWED),
        Method::Options if !in_dialog => Owner::Registrar,
        // A NOTIFY nobody asked for is how lamps and mailboxes are spoofed.
        Method::Bye | Method::Prack | Method::Update | Method::Info | Method::Notify
            if !in_dialog =>
        {
            Owner::Nobody(Status::CALL_DOES_NOT_EXIST)
        }
        // Transfer by somebody we do not talk to.
        Method::Refer if !in_dialog => Owner::Nobody(Status::FORBIDDEN),
        Method::Subscribe if watches && offers.watched => Owner::Watched,
        Method::Subscribe if !in_dialog => Owner::Nobody(Status::BAD_EVENT),
        Method::Message if !in_dialog => Owner::Messages,
        Method::Other(_) if !in_dialog => Owner::Nobody(Status::NOT_IMPLEMENTED),
        Method::Options
        | Method::Bye
        | Method::Prack
        | Method::Update
        | Method::Info
        | Method::Notify
        | Method::Refer
        | Method::Subscribe
        | Method::Message
        | Method::Other(_) => Owner::Dialogs,
    }
}

/// The tag of the subscription that a request says it is for.
fn request_tag(request: &Request) -> Option<WatchTag> {
    let to = request.headers().to().ok()?;
    WatchTag::read(to.tag()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_message::{HeaderName, RequestBuilder};

    fn of(method: &str, to: &str, offers: Offers) -> Owner {
        let method: Method = method.parse().unwrap();
        let request = RequestBuilder::new(method, "sip:a@a.example")
            .header(HeaderName::To, to)
            .build();
        owner(&request, offers)
    }

    #[test]
    fn m008_in_dialog_goes_to_dialogs_and_options_outside_to_the_registrar() {
        let offers = Offers::default();
        for method in [
            "INVITE", "BYE", "OPTIONS", "NOTIFY", "REFER", "DANCE", "MESSAGE",
        ] {
            assert_eq!(
                of(method, "<sip:a@a>;tag=1", offers),
                Owner::Dialogs,
                "{method}"
            );
        }
        assert_eq!(of("INVITE", "<sip:a@a>", offers), Owner::Dialogs);
        assert_eq!(of("OPTIONS", "<sip:a@a>", offers), Owner::Registrar);
        assert_eq!(of("MESSAGE", "<sip:a@a>", offers), Owner::Messages);
        for (method, status) in [
            ("BYE", 481),
            ("NOTIFY", 481),
            ("UPDATE", 481),
            ("REFER", 403),
            ("REGISTER", 405),
            ("SUBSCRIBE", 489),
            ("DANCE", 501),
        ] {
            let expected = Owner::Nobody(Status::new(status).unwrap());
            assert_eq!(of(method, "<sip:a@a>", offers), expected, "{method}");
        }
        // A NOTIFY finds its lamp by its tag; with a session's it is about a transfer.
        let to = "<sip:a@a>;tag=s0123456789abcdef";
        assert_eq!(of("NOTIFY", to, offers), Owner::Subscriptions);
        assert_eq!(of("BYE", to, offers), Owner::Dialogs);
        let to = "<sip:a@a>;tag=0123456789abcdef";
        assert_eq!(of("NOTIFY", to, offers), Owner::Dialogs);
        let offers = Offers {
            watched: true,
            ..offers
        };
        for to in ["<sip:a@a>", "<sip:a@a>;tag=w0123456789abcdef"] {
            assert_eq!(of("SUBSCRIBE", to, offers), Owner::Watched, "{to}");
        }
        let to = "<sip:a@a>;tag=0123456789abcdef";
        assert_eq!(of("SUBSCRIBE", to, offers), Owner::Dialogs);
        let pbx = Offers {
            bindings: true,
            ..Offers::default()
        };
        assert_eq!(of("REGISTER", "<sip:a@a>", pbx), Owner::Bindings);
    }
}
