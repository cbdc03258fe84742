//! Builders: from values to the bytes and spans of a message.
//!
//! What is built can always be read back, and nothing that is put into a header can become another
//! header: line ends in values become spaces, what may not stand in a Request-URI is escaped, and a
//! header whose name is no token is left out.

use bytes::Bytes;
use core::fmt::Display;
use std::io::Write;

use crate::header::{Field, HeaderName, Headers, Name, NameAddr, Via};
use crate::message::{Envelope, Request, Response};
use crate::scan;
use crate::span::Span;
use crate::value::Value;
use crate::{Method, Status};

/// Most heads that are built fit into this. Unit: bytes.
const USUAL_HEAD: usize = 768;

/// Headers and body while they are collected. Spans point into `scratch`.
struct Draft {
    scratch: Vec<u8>,
    fields: Vec<Field>,
    body: Bytes,
}

impl Draft {
    fn new() -> Self {
        Self {
            scratch: Vec::with_capacity(USUAL_HEAD),
            fields: Vec::with_capacity(16),
            body: Bytes::new(),
        }
    }

    fn of(headers: &Headers, body: &Bytes) -> Self {
        let head = headers.bytes.len() - body.len();
        let mut fields = headers.fields.clone();
        fields.retain(|field| field.known != Some(HeaderName::ContentLength));
        Self {
            scratch: headers.bytes[..head].to_vec(),
            fields,
            body: body.clone(),
        }
    }

    /// Writes one value and gives its span.
    fn value(&mut self, value: impl Display) -> Span {
        let start = self.scratch.len();
        write!(self.scratch, "{value}").expect("a Vec takes everything");
        for byte in &mut self.scratch[start..] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        scan::trim_span(&self.scratch, Span::new(start, self.scratch.len()))
    }

    /// A header line, unless its name is none.
    fn field(&mut self, name: Name<'_>, value: impl Display) -> Option<Field> {
        let text = name.as_str();
        if !scan::all_token(text.as_bytes()) || name == HeaderName::ContentLength {
            debug_assert!(
                name == HeaderName::ContentLength,
                "no header name: {text:?}"
            );
            return None;
        }
        let start = self.scratch.len();
        self.scratch.extend_from_slice(text.as_bytes());
        let name_span = Span::new(start, self.scratch.len());
        Some(Field {
            known: name.known(),
            name: name_span,
            value: self.value(value),
        })
    }

    fn append(&mut self, name: Name<'_>, value: impl Display) {
        let field = self.field(name, value);
        self.fields.extend(field);
    }

    fn prepend(&mut self, name: Name<'_>, value: impl Display) {
        if let Some(field) = self.field(name, value) {
            self.fields.insert(0, field);
        }
    }

    fn remove(&mut self, name: Name<'_>) {
        let scratch = &self.scratch;
        self.fields.retain(|field| !field.is(name, scratch));
    }

    /// Puts `value` where the first line called `name` stands, and takes the other ones out.
    fn replace(&mut self, name: Name<'_>, value: impl Display) {
        let place = self.place(name).unwrap_or(self.fields.len());
        self.remove(name);
        if let Some(field) = self.field(name, value) {
            self.fields.insert(place, field);
        }
    }

    fn place(&self, name: Name<'_>) -> Option<usize> {
        let mut fields = self.fields.iter();
        fields.position(|field| field.is(name, &self.scratch))
    }

    /// Copies all lines called `name`, byte for byte.
    fn copy(&mut self, headers: &Headers, name: HeaderName) {
        for field in &headers.fields {
            if field.known != Some(name) {
                continue;
            }
            let start = self.scratch.len();
            self.scratch
                .extend_from_slice(field.value.of(&headers.bytes));
            let value = Span::new(start, self.scratch.len());
            self.scratch.extend_from_slice(name.as_str().as_bytes());
            self.fields.push(Field {
                known: Some(name),
                name: Span::new(value.end(), self.scratch.len()),
                value,
            });
        }
    }

    fn set_body(&mut self, content_type: &str, body: Bytes) {
        self.remove(HeaderName::ContentType.into());
        if !body.is_empty() {
            self.append(HeaderName::ContentType.into(), content_type);
        }
        self.body = body;
    }

    /// Writes it all after the start line in `out`.
    fn finish(self, mut out: Vec<u8>) -> Envelope {
        let mut fields = Vec::with_capacity(self.fields.len() + 1);
        for field in &self.fields {
            let name = field.name.of(&self.scratch);
            fields.push(line(
                &mut out,
                field.known,
                name,
                field.value.of(&self.scratch),
            ));
        }
        let length = self.body.len().to_string();
        let known = HeaderName::ContentLength;
        fields.push(line(
            &mut out,
            Some(known),
            known.as_str().as_bytes(),
            length.as_bytes(),
        ));
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        Envelope::new(out.into(), fields, self.body.len(), None)
    }

    /// Room for everything but the start line. Unit: bytes.
    fn room(&self) -> usize {
        self.scratch.len() + 4 * self.fields.len() + 32 + self.body.len()
    }
}

fn line(out: &mut Vec<u8>, known: Option<HeaderName>, name: &[u8], value: &[u8]) -> Field {
    let start = out.len();
    out.extend_from_slice(name);
    let name = Span::new(start, out.len());
    out.extend_from_slice(b": ");
    let start = out.len();
    out.extend_from_slice(value);
    let value = Span::new(start, out.len());
    out.extend_from_slice(b"\r\n");
    Field { known, name, value }
}

/// Builds a request.
pub struct RequestBuilder {
    method: Method,
    uri: String,
    draft: Draft,
}

impl RequestBuilder {
    /// `method` for `uri`, without any header. What may not stand in a URI is escaped.
    pub fn new(method: Method, uri: impl Display) -> Self {
        Self {
            method,
            uri: escape(&uri.to_string()),
            draft: Draft::new(),
        }
    }

    /// The same for another resource.
    pub fn uri(mut self, uri: impl Display) -> Self {
        self.uri = escape(&uri.to_string());
        self
    }

    /// The same with another method. CSeq is not touched.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Writes `via` over the first Via value.
    pub fn top_via(mut self, via: &Via) -> Self {
        let Some(place) = self.draft.place(HeaderName::Via.into()) else {
            return self.prepend(HeaderName::Via, via);
        };
        let line = self.draft.fields[place].value;
        let first = scan::List::new(line.of(&self.draft.scratch)).next();
        let end = line.start() + first.map_or(0, Span::end);
        let rest = Span::new(end, line.end()).of(&self.draft.scratch);
        let rest = String::from_utf8_lossy(rest).into_owned();
        self.draft.fields[place].value = self.draft.value(format_args!("{via}{rest}"));
        self
    }

    /// Finishes. Content-Length is always written.
    pub fn build(self) -> Request {
        let line = self.method.as_str().len() + self.uri.len() + 11;
        let mut out = Vec::with_capacity(line + self.draft.room());
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        let uri = Span::new(out.len(), out.len() + self.uri.len());
        out.extend_from_slice(self.uri.as_bytes());
        out.extend_from_slice(b" SIP/2.0\r\n");
        let version = Span::new(uri.end() + 1, uri.end() + 8);
        Request::new(self.method, uri, version, self.draft.finish(out))
    }
}

impl From<&Request> for RequestBuilder {
    fn from(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            uri: escape(request.uri_text()),
            draft: Draft::of(request.headers(), request.body()),
        }
    }
}

/// What is no URI character becomes an escape, so that it stays one word on one line.
fn escape(uri: &str) -> String {
    crate::uri::escape(uri.as_bytes(), scan::is_uri)
}

/// Builds a response.
pub struct ResponseBuilder {
    status: Status,
    reason: Vec<u8>,
    draft: Draft,
}

impl ResponseBuilder {
    /// The response to `request`: with its Via, From, To, Call-ID and CSeq, as far as it has them,
    /// and its Timestamp in a 100. Source: RFC 3261 §8.2.6.
    pub fn to(request: &Request, status: Status) -> Self {
        let mut builder = Self::new(status);
        for name in [
            HeaderName::Via,
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
        ] {
            builder.draft.copy(request.headers(), name);
        }
        if status == Status::TRYING {
            builder.draft.copy(request.headers(), HeaderName::Timestamp);
        }
        builder
    }

    /// A response without any header.
    pub fn new(status: Status) -> Self {
        Self {
            status,
            reason: status.reason_phrase().as_bytes().to_vec(),
            draft: Draft::new(),
        }
    }

    /// Another reason phrase than the usual one.
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = reason.replace(['\r', '\n'], " ").into_bytes();
        self
    }

    /// Gives To a tag, unless it has one. `tag` must be a token.
    pub fn to_tag(mut self, tag: &str) -> Self {
        debug_assert!(scan::all_token(tag.as_bytes()));
        let name = Name::Known(HeaderName::To);
        let Some(place) = self.draft.place(name) else {
            return self;
        };
        let value = Bytes::copy_from_slice(self.draft.fields[place].value.of(&self.draft.scratch));
        let to = NameAddr::parse(value.clone());
        if !to.is_ok_and(|to| to.tag().is_some()) {
            let start = self.draft.scratch.len();
            self.draft.scratch.extend_from_slice(&value);
            let tail = self.draft.value(format_args!(";tag={tag}"));
            self.draft.fields[place].value = Span::new(start, tail.end());
        }
        self
    }

    /// Copies all lines of `request` called `name`, such as Record-Route (RFC 3261 §12.1.1).
    pub fn copy(mut self, request: &Request, name: HeaderName) -> Self {
        self.draft.copy(request.headers(), name);
        self
    }

    /// Finishes. Content-Length is always written.
    pub fn build(self) -> Response {
        let mut out = Vec::with_capacity(16 + self.reason.len() + self.draft.room());
        out.extend_from_slice(b"SIP/2.0 ");
        out.extend_from_slice(self.status.code().to_string().as_bytes());
        out.push(b' ');
        let reason = Span::new(out.len(), out.len() + self.reason.len());
        out.extend_from_slice(&self.reason);
        out.extend_from_slice(b"\r\n");
        Response::new(self.status, reason, self.draft.finish(out))
    }
}

impl From<&Response> for ResponseBuilder {
    fn from(response: &Response) -> Self {
        Self {
            status: response.status(),
            reason: response.reason().to_vec(),
            draft: Draft::of(response.headers(), response.body()),
        }
    }
}

macro_rules! header_methods {
    ($($builder:ty),*) => {$(
        impl $builder {
            /// Adds a header line at the end.
            pub fn header<'a>(mut self, name: impl Into<Name<'a>>, value: impl Display) -> Self {
                self.draft.append(name.into(), value);
                self
            }

            /// Adds a header line in front of all others.
            pub fn prepend<'a>(mut self, name: impl Into<Name<'a>>, value: impl Display) -> Self {
                self.draft.prepend(name.into(), value);
                self
            }

            /// Leaves one line called `name`, with `value`.
            pub fn replace<'a>(mut self, name: impl Into<Name<'a>>, value: impl Display) -> Self {
                self.draft.replace(name.into(), value);
                self
            }

            /// Takes all lines called `name` out.
            pub fn remove<'a>(mut self, name: impl Into<Name<'a>>) -> Self {
                self.draft.remove(name.into());
                self
            }

            /// Sets the body; an empty one takes Content-Type out too.
            pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
                self.draft.set_body(content_type, body.into());
                self
            }
        }
    )*};
}

header_methods!(RequestBuilder, ResponseBuilder);

#[cfg(test)]
mod tests;
