//! Answers that leave no trace, so that nobody can fill our tables with bad requests.

use super::route::way_back;
use super::{Endpoint, Output};
use crate::auth::digest::{Hash, same};
use crate::flow::Origin;
use sip_message::{
    Capabilities, HeaderName, Refusal, Request, ResponseBuilder, SipUri, Status, check_request,
};

/// Least that a peer waits before it tries again what we have no room for. Unit: s.
const RETRY_AFTER_S: u32 = 5;
/// How much longer it may be told to wait, so that not all come back at once. Unit: s.
const RETRY_SPREAD_S: u32 = 11;

/// Letters of a stateless tag.
const TAG_LETTERS: usize = 24;

impl Endpoint {
    /// Answers what `check_request` refuses; says whether the request may go on.
    pub(super) fn passes_check(&mut self, request: &Request, origin: &Origin) -> bool {
        let ours: &Capabilities = &self.settings.capabilities;
        let checked = check_request(request, ours).and_then(|()| check_secure(request, origin));
        match checked {
            Ok(()) => true,
            Err(refusal) => {
                let response = refusal.response(&seen(request, origin));
                self.answer(request, response, origin);
                false
            }
        }
    }

    /// Answers with `status` and nothing else.
    pub(super) fn refuse(&mut self, request: &Request, status: Status, origin: &Origin) {
        let response = ResponseBuilder::to(&seen(request, origin), status);
        self.answer(request, response, origin);
    }

    /// 503: come back later.
    pub(super) fn overloaded(&mut self, request: &Request, origin: &Origin) {
        // Drawn from the request, so that a repeat of it is told the same.
        let tag = self.stateless_tag(request);
        let drawn = u32::from_str_radix(&tag[..4], 16).unwrap_or(0);
        let wait = RETRY_AFTER_S + drawn % RETRY_SPREAD_S;
        let response = ResponseBuilder::to(&seen(request, origin), Status::SERVICE_UNAVAILABLE)
            .header(HeaderName::RetryAfter, wait);
        self.answer(request, response, origin);
    }

    /// Sends `response`, its To tag made so that every repeat of the request gets the same one
    /// (RFC 3261 §8.2.7).
    pub(super) fn answer(&mut self, request: &Request, response: ResponseBuilder, origin: &Origin) {
        let response = response.to_tag(&self.stateless_tag(request));
        let response = self.signed(response).build();
        let via = request.headers().top_via().ok();
        self.emit(Output::Transmit {
            target: way_back(via.as_ref(), origin),
            flow: Some(origin.flow),
            bytes: response.bytes().clone(),
        });
    }

    /// `response` with our name.
    pub(super) fn signed(&self, response: ResponseBuilder) -> ResponseBuilder {
        match self.settings.name.as_str() {
            "" => response,
            name => response.header(HeaderName::Server, name),
        }
    }

    /// A tag that only depends on the dialog's other half.
    pub(super) fn stateless_tag(&self, request: &Request) -> String {
        let headers = request.headers();
        let from = headers.from().ok();
        let from_tag = from.as_ref().and_then(|f| f.tag()).unwrap_or_default();
        let call_id = headers.first(HeaderName::CallId).unwrap_or_default();
        let key = self.secret.reveal();
        let mut tag = Hash::Sha256.of(&[key, from_tag.as_bytes(), call_id, key]);
        tag.truncate(TAG_LETTERS);
        tag
    }

    /// Whether an ACK is for one of our stateless answers: nobody waits for it.
    pub(super) fn acknowledges_stateless(&self, ack: &Request, to_tag: &str) -> bool {
        to_tag.len() == TAG_LETTERS
            && to_tag.bytes().all(|b| b.is_ascii_hexdigit())
            && same(to_tag, &self.stateless_tag(ack))
    }
}

/// What was called by `sips:` must not come in the clear, and is nothing that we can do while no
/// transport is secure: 416. Source: RFC 3261 §8.2.2.1, §26.2.2; RFC 5630 §5.3.
fn check_secure(request: &Request, origin: &Origin) -> Result<(), Refusal> {
    if !is_secure(request) || origin.transport.is_secure() {
        return Ok(());
    }
    let status = Status::UNSUPPORTED_URI_SCHEME;
    Err(Refusal {
        status,
        reason: status.reason_phrase().to_owned(),
        header: None,
    })
}

/// Whether the Request-URI demands TLS on every hop (RFC 3261 §26.2.2).
pub(super) fn is_secure(request: &Request) -> bool {
    let uri = request.uri();
    uri.is_ok_and(|uri| uri.sip().is_some_and(SipUri::is_secure))
}

fn seen(request: &Request, origin: &Origin) -> Request {
    request.seen_from(origin.source)
}
