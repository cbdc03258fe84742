//! Requests and responses: the bytes, and where everything stands in them.

use bytes::Bytes;
use core::fmt;
use core::net::SocketAddr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

use crate::header::{Field, Headers};
use crate::span::Span;
use crate::uri::Uri;
use crate::value::Value;
use crate::write::{RequestBuilder, ResponseBuilder};
use crate::{Limits, Malformed, Method, Status, parse_datagram};

/// A request or a response. Cloning shares.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// Somebody asks.
    Request(Request),
    /// Somebody answers.
    Response(Response),
}

/// What requests and responses have in common.
pub(crate) struct Envelope {
    pub(crate) headers: Headers,
    body: Bytes,
    defect: Option<Malformed>,
}

impl Envelope {
    /// `bytes` is the whole message; its last `body_len` bytes are the body.
    pub(crate) fn new(
        bytes: Bytes,
        fields: Vec<Field>,
        body_len: usize,
        defect: Option<Malformed>,
    ) -> Self {
        let body = Span::new(bytes.len() - body_len, bytes.len()).share(&bytes);
        Self {
            headers: Headers { bytes, fields },
            body,
            defect,
        }
    }
}

/// A request.
#[derive(Clone)]
pub struct Request(Arc<RequestParts>);

struct RequestParts {
    method: Method,
    uri: Span,
    version: Span,
    envelope: Envelope,
}

impl Request {
    pub(crate) fn new(method: Method, uri: Span, version: Span, envelope: Envelope) -> Self {
        Self(Arc::new(RequestParts {
            method,
            uri,
            version,
            envelope,
        }))
    }

    /// What it asks for.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The Request-URI, taken apart.
    pub fn uri(&self) -> Result<Uri, Malformed> {
        let bytes = self.0.uri.share(self.bytes());
        Uri::parse(bytes).map_err(|error| error.shifted(self.0.uri.start()))
    }

    /// The Request-URI as written; empty when it is no text.
    pub fn uri_text(&self) -> &str {
        self.0.uri.text(self.bytes())
    }

    /// The SIP version as written.
    pub fn version(&self) -> &str {
        self.0.version.text(self.bytes())
    }

    /// Its headers.
    pub fn headers(&self) -> &Headers {
        &self.0.envelope.headers
    }

    /// Its body; empty when it has none.
    pub fn body(&self) -> &Bytes {
        &self.0.envelope.body
    }

    /// The whole message.
    pub fn bytes(&self) -> &Bytes {
        &self.headers().bytes
    }

    /// What the parser found wrong with it. Such a request can be answered, not followed.
    pub fn defect(&self) -> Option<Malformed> {
        self.0.envelope.defect
    }

    /// A builder that starts with everything this request has.
    pub fn edit(&self) -> RequestBuilder {
        RequestBuilder::from(self)
    }

    /// The same with what the server saw of its source written into its top Via, so that every
    /// response copies it (RFC 3261 §18.2.1, RFC 3581 §4). Without a readable Via: as it is.
    pub fn seen_from(&self, source: SocketAddr) -> Self {
        match self.headers().top_via() {
            Ok(via) => {
                let seen = via.seen_from(source);
                match seen == via {
                    true => self.clone(),
                    false => self.edit().top_via(&seen).build(),
                }
            }
            Err(_) => self.clone(),
        }
    }
}

/// A response.
#[derive(Clone)]
pub struct Response(Arc<ResponseParts>);

struct ResponseParts {
    status: Status,
    reason: Span,
    envelope: Envelope,
}

impl Response {
    pub(crate) fn new(status: Status, reason: Span, envelope: Envelope) -> Self {
        Self(Arc::new(ResponseParts {
            status,
            reason,
            envelope,
        }))
    }

    /// What it answers.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// The reason phrase as written. Not always text.
    pub fn reason(&self) -> &[u8] {
        self.0.reason.of(self.bytes())
    }

    /// Its headers.
    pub fn headers(&self) -> &Headers {
        &self.0.envelope.headers
    }

    /// Its body; empty when it has none.
    pub fn body(&self) -> &Bytes {
        &self.0.envelope.body
    }

    /// The whole message.
    pub fn bytes(&self) -> &Bytes {
        &self.headers().bytes
    }

    /// What the parser found wrong with it. Such a response is dropped.
    pub fn defect(&self) -> Option<Malformed> {
        self.0.envelope.defect
    }

    /// A builder that starts with everything this response has.
    pub fn edit(&self) -> ResponseBuilder {
        ResponseBuilder::from(self)
    }
}

impl Message {
    /// Its headers.
    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => request.headers(),
            Self::Response(response) => response.headers(),
        }
    }

    /// Its body; empty when it has none.
    pub fn body(&self) -> &Bytes {
        match self {
            Self::Request(request) => request.body(),
            Self::Response(response) => response.body(),
        }
    }

    /// The whole message.
    pub fn bytes(&self) -> &Bytes {
        &self.headers().bytes
    }

    /// What the parser found wrong with it.
    pub fn defect(&self) -> Option<Malformed> {
        match self {
            Self::Request(request) => request.defect(),
            Self::Response(response) => response.defect(),
        }
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.method(), self.bytes().len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status(), self.bytes().len())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => request.fmt(f),
            Self::Response(response) => response.fmt(f),
        }
    }
}

/// What a message that was written out may hold when it is read again: anything we once held.
const STORED: Limits = Limits {
    datagram: usize::MAX,
    head: usize::MAX,
    body: usize::MAX,
    line: usize::MAX,
    headers: usize::MAX,
};

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        parse_datagram(bytes.into(), &STORED).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Message::deserialize(deserializer)? {
            Message::Request(request) => Ok(request),
            Message::Response(_) => Err(serde::de::Error::custom("a response, not a request")),
        }
    }
}

impl<'de> Deserialize<'de> for Response {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Message::deserialize(deserializer)? {
            Message::Response(response) => Ok(response),
            Message::Request(_) => Err(serde::de::Error::custom("a request, not a response")),
        }
    }
}

macro_rules! as_bytes {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.bytes())
            }
        }
    )*};
}

as_bytes!(Message, Request, Response);

macro_rules! equal_bytes {
    ($($type:ty),*) => {$(
        /// Equal when written alike.
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.bytes() == other.bytes()
            }
        }
        impl Eq for $type {}
    )*};
}

equal_bytes!(Request, Response);
