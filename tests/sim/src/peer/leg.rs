//! A peer's side of a dialog, and the requests it sends in it.

use super::Script;
use bytes::Bytes;
use sip_message::{Method, Request, RequestBuilder, Response};
use std::net::SocketAddr;

/// One dialog.
#[derive(Debug, Clone)]
pub struct Leg {
    call_id: String,
    local: String,
    remote: String,
    target: String,
    /// The other end.
    pub to: SocketAddr,
    cseq: u32,
}

impl Leg {
    /// The dialog of an INVITE that came to `script` from the phone at `to`.
    pub fn called(script: &Script, invite: &Request) -> Self {
        let headers = invite.headers();
        let text = |name| {
            headers
                .text(name)
                .map_or_else(String::new, |t| t.to_string())
        };
        let tag = format!(";tag={}-tag", script.name);
        let to = text("To");
        let has_tag = headers.to().is_ok_and(|to| to.tag().is_some());
        let local = if has_tag { to } else { to + &tag };
        let target = target(headers);
        Self {
            call_id: text("Call-ID"),
            local,
            remote: text("From"),
            to: address(&target),
            target,
            cseq: 1_000,
        }
    }

    /// The dialog that `response` made of an INVITE that `script` sent.
    pub fn calling(invite: &Request, response: &Response) -> Self {
        let headers = response.headers();
        let text = |name| {
            headers
                .text(name)
                .map_or_else(String::new, |t| t.to_string())
        };
        let target = target(headers);
        Self {
            call_id: text("Call-ID"),
            local: text("From"),
            remote: text("To"),
            to: address(&target),
            target,
            cseq: invite.headers().cseq().map_or(1, |cseq| cseq.number),
        }
    }

    /// Whether it has this Call-ID.
    pub fn is_of(&self, call_id: &str) -> bool {
        self.call_id == call_id
    }

    /// The next request in the dialog, without Via.
    pub fn request(&mut self, method: Method) -> RequestBuilder {
        if method != Method::Ack {
            self.cseq += 1;
        }
        let name = method.as_str().to_owned();
        RequestBuilder::new(method, &self.target)
            .header("Max-Forwards", 70)
            .header("From", &self.local)
            .header("To", &self.remote)
            .header("Call-ID", &self.call_id)
            .header("CSeq", format!("{} {name}", self.cseq))
    }
}

fn target(headers: &sip_message::Headers) -> String {
    let contacts = headers.contacts().ok();
    let first = contacts.as_ref().and_then(|c| c.first());
    first.map_or_else(String::new, |contact| contact.uri().to_string())
}

/// The address in a Contact of a simulated phone, which never needs a name server.
fn address(uri: &str) -> SocketAddr {
    let uri: Option<sip_message::Uri> = uri.parse().ok();
    let sip = uri.as_ref().and_then(|uri| uri.sip());
    let found = sip.and_then(|s| Some(SocketAddr::new(s.host().ip()?, s.port().unwrap_or(5060))));
    found.expect("a Contact in simulation holds an address")
}

/// Names the ACK of a 2xx.
pub(super) fn ack_of(response: &Response) -> String {
    let headers = response.headers();
    let text = |name| {
        headers
            .text(name)
            .map_or_else(String::new, |t| t.to_string())
    };
    let number = headers.cseq().map_or(0, |cseq| cseq.number);
    format!("{} {number} {}", text("Call-ID"), text("To"))
}

impl Script {
    /// A call to the phone at `to`; `with_offer`: its description goes with the INVITE.
    pub fn invite(
        &mut self,
        to: &str,
        with_offer: bool,
        then: impl Fn(&mut Self, &Response) + 'static,
    ) -> Request {
        let mut invite = self.invitation(to);
        if with_offer {
            invite = invite.body("application/sdp", self.sdp(1));
        }
        self.send(invite, address(to), then)
    }

    /// The INVITE of a call to `to`, without Via and description.
    pub fn invitation(&mut self, to: &str) -> RequestBuilder {
        self.outside(Method::Invite, to)
    }

    /// A request outside of any dialog, without Via.
    pub fn outside(&mut self, method: Method, to: &str) -> RequestBuilder {
        let from = format!("<sip:{}@{}>;tag={}-tag", self.name, self.address, self.name);
        let call = self.rng.token(10);
        let name = method.as_str().to_owned();
        RequestBuilder::new(method, to)
            .header("Max-Forwards", 70)
            .header("From", from)
            .header("To", format!("<{to}>"))
            .header("Call-ID", call)
            .header("CSeq", format!("1 {name}"))
            .header("Contact", self.contact())
    }

    /// Acknowledges a 2xx, with `answer` where it held an offer, and every repeat of it.
    pub fn acknowledge(&mut self, invite: &Request, response: &Response, answer: &str) {
        let mut leg = Leg::calling(invite, response);
        let mut ack = leg.request(Method::Ack);
        if !answer.is_empty() {
            ack = ack.body("application/sdp", Bytes::copy_from_slice(answer.as_bytes()));
        }
        let branch = format!("z9hG4bK{}", self.rng.token(12));
        let ack = ack.top_via(&self.via(&branch)).build();
        let bytes = ack.bytes().clone();
        self.acks.insert(ack_of(response), (bytes.clone(), leg.to));
        self.transmit(leg.to, bytes);
    }

    /// The ACK of a 300 to 699, in the INVITE's transaction (RFC 3261 §17.1.1.3).
    pub(super) fn acknowledge_failure(
        &self,
        invite: &Request,
        response: &Response,
        to: SocketAddr,
    ) {
        let Ok(via) = invite.headers().top_via() else {
            return;
        };
        let text = |headers: &sip_message::Headers, name| {
            let value = headers.text(name);
            value.map_or_else(String::new, |t| t.to_string())
        };
        let number = invite.headers().cseq().map_or(1, |cseq| cseq.number);
        let ack = RequestBuilder::new(Method::Ack, invite.uri_text())
            .top_via(&via)
            .header("Max-Forwards", 70)
            .header("From", text(invite.headers(), "From"))
            .header("To", text(response.headers(), "To"))
            .header("Call-ID", text(invite.headers(), "Call-ID"))
            .header("CSeq", format!("{number} ACK"))
            .build();
        self.transmit(to, ack.bytes().clone());
    }
}
