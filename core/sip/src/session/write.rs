//! What the messages of a session have in common.

use super::read::DESCRIPTION;
use super::refresh::{Agreed, Support, name_of};
use bytes::Bytes;
use core::fmt::Display;
use sip_message::{HeaderName, Request, RequestBuilder, ResponseBuilder, Status, Text};

/// Methods that a session answers. Source: RFC 3261 §20.5.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO";

/// Bodies that a session reads. Source: RFC 3261 §20.1.
pub(crate) const ACCEPT: &str = sip_message::SESSIONS;

/// Extensions that a session knows.
pub(crate) const EXTENSIONS: [&str; 3] = ["100rel", "replaces", "timer"];

/// Value of Supported.
pub(crate) const SUPPORTED: &str = "100rel, replaces, timer";

/// Either builder, so that the same header fields go into requests and responses.
pub(crate) trait Fields: Sized {
    /// Adds one header field.
    fn field(self, name: HeaderName, value: impl Display) -> Self;
    /// Adds the body.
    fn content(self, kind: &str, body: Bytes) -> Self;

    /// Adds the session description, if there is one.
    fn description(self, description: Option<&Bytes>) -> Self {
        match description {
            Some(body) => self.content(DESCRIPTION, body.clone()),
            None => self,
        }
    }

    /// Says where we are and what we know: for INVITE, UPDATE and their 2xx.
    fn capabilities(self, contact: &Text) -> Self {
        self.field(HeaderName::Contact, contact)
            .field(HeaderName::Allow, ALLOW)
            .field(HeaderName::Supported, SUPPORTED)
    }

    /// Says what was agreed about the session timer, in a 2xx (RFC 4028 §9).
    fn timer(self, agreed: Option<Agreed>) -> Self {
        let Some(agreed) = agreed else {
            return self;
        };
        let value = format!(
            "{};refresher={}",
            agreed.interval.as_secs(),
            name_of(agreed.refresher)
        );
        let fields = self.field(HeaderName::SessionExpires, value);
        match agreed.support {
            Support::Yes => fields.field(HeaderName::Require, "timer"),
            Support::No => fields,
        }
    }
}

impl Fields for RequestBuilder {
    fn field(self, name: HeaderName, value: impl Display) -> Self {
        self.header(name, value)
    }

    fn content(self, kind: &str, body: Bytes) -> Self {
        self.body(kind, body)
    }
}

impl Fields for ResponseBuilder {
    fn field(self, name: HeaderName, value: impl Display) -> Self {
        self.header(name, value)
    }

    fn content(self, kind: &str, body: Bytes) -> Self {
        self.body(kind, body)
    }
}

/// Copies the credentials of an INVITE into its ACK (RFC 3261 §22.1).
pub(crate) fn with_credentials_of(mut ack: RequestBuilder, invite: &Request) -> RequestBuilder {
    for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        for header in invite.headers().iter().filter(|header| header.name == name) {
            if let Ok(value) = core::str::from_utf8(header.value) {
                ack = ack.header(name, value);
            }
        }
    }
    ack
}

/// The extensions that `request` requires and we do not know (RFC 3261 §8.2.2.3).
pub(crate) fn unsupported(request: &Request) -> Option<String> {
    let unknown: Vec<String> = request
        .headers()
        .values(HeaderName::Require)
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .filter(|option| {
            !EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(option))
        })
        .collect();
    if unknown.is_empty() {
        return None;
    }
    Some(unknown.join(", "))
}

/// The answer to OPTIONS, inside a dialog and outside: what an INVITE would get, with what we can do
/// (RFC 3261 §11.2). No Allow-Events: nothing can be subscribed to (RFC 6665 §8.2.1).
pub(crate) fn options(request: &Request, status: Status) -> ResponseBuilder {
    ResponseBuilder::to(request, status)
        .field(HeaderName::Allow, ALLOW)
        .field(HeaderName::Accept, ACCEPT)
        .field(HeaderName::Supported, SUPPORTED)
}
