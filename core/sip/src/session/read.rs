//! What a session wants to know of a peer's message.

use super::refresh::{Said, Support};
use base::Duration;
use bytes::Bytes;
use sip_message::{HeaderName, Headers, Method, Response, session_description};

/// The session description in a message, if it has one: the whole body or one of its parts
/// (RFC 3264 §4, RFC 5621). A copy, so that it does not keep the message.
pub(crate) fn description(headers: &Headers, body: &Bytes) -> Option<Bytes> {
    session_description(headers, body).map(|found| Bytes::copy_from_slice(&found))
}

/// The one media type we offer and answer in.
pub(crate) const DESCRIPTION: &str = "application/sdp";

/// RSeq of a 1xx that wants a PRACK (RFC 3262 §4).
pub(crate) fn reliable(response: &Response) -> Option<u32> {
    let headers = response.headers();
    if response.status().code() == 100 || !headers.lists(HeaderName::Require, "100rel") {
        return None;
    }
    headers.rseq().ok().flatten()
}

/// What a message says about the session timer (RFC 4028 §4).
pub(crate) fn said(headers: &Headers) -> Said {
    let expires = headers.session_expires().ok().flatten();
    let expires = expires.map(|found| (seconds(found.seconds), found.refresher));
    Said {
        support: if headers.lists(HeaderName::Supported, "timer") {
            Support::Yes
        } else {
            Support::No
        },
        expires,
        min_se: headers.min_se().ok().flatten().map(seconds),
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

/// Whether the sender takes `method`. Without Allow nothing is known, so no (RFC 3261 §20.5).
pub(crate) fn allows(headers: &Headers, method: &Method) -> bool {
    headers.lists(HeaderName::Allow, method.as_str())
}

/// How long to wait before trying again (RFC 3261 §20.33).
pub(crate) fn retry_after(headers: &Headers) -> Option<Duration> {
    headers.retry_after().ok().flatten().map(seconds)
}

/// The Reason header field as it came, several lines as one (RFC 3326 §2).
pub(crate) fn reason(headers: &Headers) -> Option<String> {
    let values: Vec<_> = headers
        .values(HeaderName::Reason)
        .take(MAX_REASONS)
        .map(String::from_utf8_lossy)
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Reasons of one message that are looked at: one for each protocol is what RFC 3326 §2 allows.
const MAX_REASONS: usize = 8;
