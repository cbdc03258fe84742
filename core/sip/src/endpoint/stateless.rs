//! Answers that leave no trace, so that nobody can fill our tables with bad requests.

use super::route::way_back;
use super::{Endpoint, Output};
use crate::auth::digest::{Hash, same};
use crate::flow::Origin;
use sip_message::{Capabilities, HeaderName, Request, ResponseBuilder, Status, check_request};

/// Seconds after which a peer may try again what we have no room for.
const RETRY_AFTER_S: u32 = 5;

/// Letters of a stateless tag.
const TAG_LETTERS: usize = 24;

impl Endpoint {
    /// Answers what `check_request` refuses; says whether the request may go on.
    pub(super) fn passes_check(&mut self, request: &Request, origin: &Origin) -> bool {
        let ours: &Capabilities = &self.settings.capabilities;
        match check_request(request, ours) {
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
        let response = ResponseBuilder::to(&seen(request, origin), Status::SERVICE_UNAVAILABLE)
            .header(HeaderName::RetryAfter, RETRY_AFTER_S);
        self.answer(request, response, origin);
    }

    /// Sends `response`, its To tag made so that every repeat of the request gets the same one
    /// (RFC 3261 §8.2.7).
    pub(super) fn answer(&mut self, request: &Request, response: ResponseBuilder, origin: &Origin) {
        let response = response.to_tag(&self.stateless_tag(request)).build();
        let via = request.headers().top_via().ok();
        self.emit(Output::Transmit {
            target: way_back(via.as_ref(), origin),
            flow: Some(origin.flow),
            bytes: response.bytes().clone(),
        });
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

fn seen(request: &Request, origin: &Origin) -> Request {
    request.seen_from(origin.source)
}
