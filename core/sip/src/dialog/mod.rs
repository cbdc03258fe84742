//! Peer-to-peer relation of two user agents: tags, route set, remote target (RFC 3261 §12).
//!
//! | file | holds |
//! | --- | --- |
//! | [`route_set`] | which proxies a request passes, strict ones too |
//! | [`tag`] | the tags we give out |
//! | [`usage`] | what a refused request takes with it (RFC 5057) |

pub mod route_set;
pub mod tag;
pub mod usage;

pub use route_set::RouteSet;
pub use tag::LocalTag;
pub use usage::Effect;

use serde::{Deserialize, Serialize};
use sip_message::{
    HeaderName, Headers, Malformed, Method, Request, RequestBuilder, Response, Text,
};

/// Where a dialog stands. Source: RFC 3261 §12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Made by a 1xx.
    Early,
    /// Made or confirmed by a 2xx.
    Confirmed,
}

/// Highest CSeq heard from the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Heard {
    /// It has sent nothing in this dialog.
    Nothing,
    /// This number.
    Number(u32),
}

/// A request whose CSeq is not above what was heard before: it came late or twice, and gets 500
/// (RFC 3261 §12.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfOrder;

/// One dialog, seen from our side.
///
/// Texts are copies of what the messages said, so that no message stays in memory for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    phase: Phase,
    call_id: Text,
    /// From of our requests, tag included.
    local: Text,
    /// To of our requests, tag included.
    remote: Text,
    local_tag: LocalTag,
    /// `None` for a peer of RFC 2543.
    remote_tag: Option<Text>,
    target: Text,
    /// The peer says that it is the focus of a conference (RFC 4579 §4.3).
    focus: bool,
    routes: RouteSet,
    /// CSeq of our last request.
    cseq: u32,
    heard: Heard,
}

impl Dialog {
    /// Made by `response` to our `invite` (RFC 3261 §12.1.2).
    pub fn of_response(
        invite: &Request,
        response: &Response,
        local_tag: LocalTag,
    ) -> Result<Self, Malformed> {
        let headers = response.headers();
        let to = headers.to()?;
        let phase = if response.status().is_success() {
            Phase::Confirmed
        } else {
            Phase::Early
        };
        let mut dialog = Self {
            phase,
            call_id: Text::from(invite.headers().call_id()?.as_str()),
            local: raw(invite.headers(), HeaderName::From)?,
            remote: Text::from(to.to_string()),
            local_tag,
            remote_tag: to.tag().map(Text::from),
            target: Text::from(invite.uri_text()),
            focus: false,
            routes: RouteSet::of_response(headers)?,
            cseq: invite.headers().cseq()?.number,
            heard: Heard::Nothing,
        };
        dialog.refresh_target(headers);
        Ok(dialog)
    }

    /// Made by a 1xx or 2xx of ours to the peer's `invite` (RFC 3261 §12.1.1).
    pub fn of_request(invite: &Request, local_tag: LocalTag) -> Result<Self, Malformed> {
        Self::of_asked(invite, &local_tag.to_string(), local_tag)
    }

    /// Made by a 2xx of ours, with the tag `tag`, to the peer's `subscribe` (RFC 6665 §4.4.1).
    pub fn of_subscribe(
        subscribe: &Request,
        tag: &str,
        rng: &mut base::Rng,
    ) -> Result<Self, Malformed> {
        // The dialog's own tag is read by sessions only; what goes out is the text of From.
        let mut dialog = Self::of_asked(subscribe, tag, LocalTag::draw(rng))?;
        dialog.confirm();
        Ok(dialog)
    }

    fn of_asked(invite: &Request, tag: &str, local_tag: LocalTag) -> Result<Self, Malformed> {
        let headers = invite.headers();
        let from = headers.from()?;
        // As it came; a display name in no known encoding is no reason to refuse a call.
        let to = raw(headers, HeaderName::To)
            .or_else(|_| headers.to().map(|to| Text::from(to.to_string())))?;
        let mut dialog = Self {
            phase: Phase::Early,
            call_id: Text::from(headers.call_id()?.as_str()),
            local: Text::from(format!("{to};tag={tag}")),
            remote: Text::from(from.to_string()),
            local_tag,
            remote_tag: from.tag().map(Text::from),
            target: Text::from(from.uri().to_string()),
            focus: false,
            routes: RouteSet::of_request(headers)?,
            cseq: 0,
            heard: Heard::Number(headers.cseq()?.number),
        };
        dialog.refresh_target(headers);
        Ok(dialog)
    }

    /// Made by `notify`, which answers a SUBSCRIBE of ours with `cseq` and From `local` (RFC 6665 §4.4.1).
    pub fn of_notify(
        notify: &Request,
        (local, local_tag): (Text, LocalTag),
        cseq: u32,
    ) -> Result<Self, Malformed> {
        let headers = notify.headers();
        let from = headers.from()?;
        let mut dialog = Self {
            phase: Phase::Confirmed,
            call_id: Text::from(headers.call_id()?.as_str()),
            local,
            remote: Text::from(from.to_string()),
            local_tag,
            remote_tag: from.tag().map(Text::from),
            target: Text::from(from.uri().to_string()),
            focus: false,
            routes: RouteSet::of_request(headers)?,
            cseq,
            heard: Heard::Number(headers.cseq()?.number),
        };
        dialog.refresh_target(headers);
        Ok(dialog)
    }

    /// We sent a 2xx.
    pub fn confirm(&mut self) {
        self.phase = Phase::Confirmed;
    }

    /// The peer's 2xx came: its route set is the one that stays (RFC 3261 §13.2.2.4).
    pub fn confirm_by(&mut self, response: &Response) -> Result<(), Malformed> {
        if self.phase == Phase::Early {
            self.routes = RouteSet::of_response(response.headers())?;
        }
        self.phase = Phase::Confirmed;
        self.refresh_target(response.headers());
        Ok(())
    }

    /// Where the dialog stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Its Call-ID.
    pub fn call_id(&self) -> &Text {
        &self.call_id
    }

    /// Our tag.
    pub fn local_tag(&self) -> LocalTag {
        self.local_tag
    }

    /// The peer's tag.
    pub fn remote_tag(&self) -> Option<&Text> {
        self.remote_tag.as_ref()
    }

    /// Whether `tag` is the peer's.
    pub fn is_with(&self, tag: Option<&str>) -> bool {
        self.remote_tag.as_deref() == tag
    }

    /// Whom we talk to, as From or To said it.
    pub fn remote(&self) -> &Text {
        &self.remote
    }

    /// Where our requests go in the end: the peer's Contact.
    pub fn target(&self) -> &Text {
        &self.target
    }

    /// Whether the peer's Contact is the address of a conference (RFC 3840 §10.18, RFC 4579 §4.3).
    pub fn is_focus(&self) -> bool {
        self.focus
    }

    /// A target refresh request or its 2xx: the Contact is the new remote target (RFC 3261 §12.2).
    pub fn refresh_target(&mut self, headers: &Headers) {
        let Ok(contacts) = headers.contacts() else {
            return;
        };
        if let Some(contact) = contacts.first() {
            self.target = Text::from(contact.uri().to_string());
            let is_it = |(name, _): (&str, _)| name.eq_ignore_ascii_case("isfocus");
            self.focus = contact.params().any(is_it);
        }
    }

    /// Takes note of the CSeq of a request that came in this dialog; not for ACK and CANCEL, which
    /// repeat that of their INVITE.
    pub fn hear(&mut self, cseq: u32) -> Result<(), OutOfOrder> {
        match self.heard {
            Heard::Number(last) if cseq <= last => Err(OutOfOrder),
            Heard::Number(_) | Heard::Nothing => {
                self.heard = Heard::Number(cseq);
                Ok(())
            }
        }
    }

    /// CSeq for one more request of ours.
    pub fn next_cseq(&mut self) -> u32 {
        self.cseq = self.cseq.saturating_add(1);
        self.cseq
    }

    /// A request of ours in this dialog, and its next hop; the caller adds what the method needs.
    pub fn request(&mut self, method: Method) -> (RequestBuilder, Text) {
        let cseq = self.next_cseq();
        self.numbered(method, cseq)
    }

    /// The ACK to the 2xx of our INVITE with `cseq` (RFC 3261 §13.2.2.4).
    pub fn ack(&self, cseq: u32) -> (RequestBuilder, Text) {
        self.numbered(Method::Ack, cseq)
    }

    fn numbered(&self, method: Method, cseq: u32) -> (RequestBuilder, Text) {
        let path = self.routes.path(&self.target);
        let number = format!("{cseq} {method}");
        let mut builder = RequestBuilder::new(method, &path.request_uri);
        for route in &path.routes {
            builder = builder.header(HeaderName::Route, route);
        }
        builder = builder
            .header(HeaderName::MaxForwards, MAX_FORWARDS)
            .header(HeaderName::From, &self.local)
            .header(HeaderName::To, &self.remote)
            .header(HeaderName::CallId, &self.call_id)
            .header(HeaderName::CSeq, number);
        (builder, path.next_hop)
    }
}

/// Hops a request of ours may take. Source: RFC 3261 §8.1.1.6.
pub const MAX_FORWARDS: u8 = 70;

fn raw(headers: &Headers, name: HeaderName) -> Result<Text, Malformed> {
    let value = headers
        .first(name)
        .ok_or(Malformed::new(name.as_str(), 0))?;
    match core::str::from_utf8(value) {
        Ok(text) => Ok(Text::from(text)),
        Err(_) => Err(Malformed::new(name.as_str(), 0)),
    }
}

#[cfg(test)]
mod tests;
