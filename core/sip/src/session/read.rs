//! What a session wants to know of a peer's message.

use super::refresh::{Said, Support};
use base::Duration;
use bytes::Bytes;
use sip_message::{HeaderName, Headers, Method, Response};

/// The session description in a message, if it has one (RFC 3264 §4).
pub(crate) fn description(headers: &Headers, body: &Bytes) -> Option<Bytes> {
    if body.is_empty() || headers.content_type()? != DESCRIPTION {
        return None;
    }
    Some(Bytes::copy_from_slice(body))
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

/// The Reason header field as it came (RFC 3326).
pub(crate) fn reason(headers: &Headers) -> Option<String> {
    headers
        .text(HeaderName::Reason)
        .map(|text| text.as_str().to_owned())
}
