//! Converts between offhook's SIP messages and those of the crate `rsip`.
//!
//! For integrators whose code speaks rsip. What rsip cannot hold is refused by name, never bent:
//! methods it does not know, IPv6 and `tel:` Request-URIs, header values that are no text. It keeps
//! no reason phrase for status codes it knows, no folds and no compact names; those are left out,
//! since they mean nothing.
//!
//! What it is not: the wire parser. The engine never runs rsip.
//!
//! ```
//! use sip_message::{Limits, parse_datagram};
//!
//! let bytes = "OPTIONS sip:bob@b.example SIP/2.0\r\nCall-ID: 1@a.example\r\n\r\n";
//! let ours = parse_datagram(bytes.into(), &Limits::DEFAULT)?;
//! let theirs = offhook_rsip::to_rsip(&ours)?;
//! assert_eq!(offhook_rsip::from_rsip(&theirs)?.headers().call_id()?, "1@a.example");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use rsip::headers::UntypedHeader;
use sip_message::{
    HeaderName, Headers, Malformed, Message, Method, Request, RequestBuilder, Response,
    ResponseBuilder, Status,
};

/// What the other side cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// rsip has a closed list of methods.
    #[error("rsip has no method {0}")]
    Method(Method),
    /// rsip would say something else than this Request-URI, or nothing.
    #[error("rsip cannot hold the Request-URI {0}")]
    Uri(String),
    /// rsip holds text only.
    #[error("{0} is no text")]
    NotText(String),
    /// The message has a defect, so that nobody knows what it says.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A status code outside of 100 to 699.
    #[error("{0} is no status code")]
    Status(u16),
    /// A header of rsip's whose name or value would break the message.
    #[error("the header {0} would break the message")]
    Header(String),
    /// Only version 2.0 is spoken.
    #[error("only SIP/2.0 is spoken")]
    Version,
}

/// Our message as rsip's.
pub fn to_rsip(message: &Message) -> Result<rsip::SipMessage, Error> {
    if let Some(defect) = message.defect() {
        return Err(defect.into());
    }
    match message {
        Message::Request(request) => request_to_rsip(request).map(rsip::SipMessage::from),
        Message::Response(response) => response_to_rsip(response).map(rsip::SipMessage::from),
    }
}

/// rsip's message as ours. Content-Length is written anew.
pub fn from_rsip(message: &rsip::SipMessage) -> Result<Message, Error> {
    if *message.version() != rsip::Version::V2 {
        return Err(Error::Version);
    }
    match message {
        rsip::SipMessage::Request(request) => request_from_rsip(request).map(Message::from),
        rsip::SipMessage::Response(response) => response_from_rsip(response).map(Message::from),
    }
}

fn request_to_rsip(request: &Request) -> Result<rsip::Request, Error> {
    if !request.version().eq_ignore_ascii_case("SIP/2.0") {
        return Err(Error::Version);
    }
    let text = request.uri_text();
    // rsip reads the front of what it does not understand, so what it read is compared.
    let uri = rsip::Uri::try_from(text).ok();
    let uri = uri.filter(|uri| same_uri(&uri.to_string(), text));
    Ok(rsip::Request {
        method: method(request.method())?,
        uri: uri.ok_or_else(|| Error::Uri(text.to_owned()))?,
        version: rsip::Version::V2,
        headers: headers_to_rsip(request.headers())?,
        body: request.body().to_vec(),
    })
}

fn response_to_rsip(response: &Response) -> Result<rsip::Response, Error> {
    Ok(rsip::Response {
        status_code: response.status().code().into(),
        version: rsip::Version::V2,
        headers: headers_to_rsip(response.headers())?,
        body: response.body().to_vec(),
    })
}

/// Whether rsip's words for a URI mean ours: both are read by us, and have to be the same in every
/// part, also in those that SIP's own comparison passes over.
fn same_uri(theirs: &str, ours: &str) -> bool {
    let (Ok(theirs), Ok(ours)) = (
        theirs.parse::<sip_message::SipUri>(),
        ours.parse::<sip_message::SipUri>(),
    ) else {
        return false;
    };
    ours.equivalent(&theirs)
        && ours.params().count() == theirs.params().count()
        && ours.headers().count() == theirs.headers().count()
}

fn method(method: &Method) -> Result<rsip::Method, Error> {
    let all = rsip::Method::all();
    let known = all
        .iter()
        .find(|known| known.to_string() == method.as_str());
    known.copied().ok_or_else(|| Error::Method(method.clone()))
}

fn headers_to_rsip(headers: &Headers) -> Result<rsip::Headers, Error> {
    let mut all = Vec::new();
    for header in headers.iter() {
        let value = core::str::from_utf8(header.value)
            .map_err(|_| Error::NotText(header.name.as_str().to_owned()))?;
        all.push(match header.name.known() {
            Some(name) => known_header(name, value),
            None => rsip::Header::Other(header.written.to_owned(), value.to_owned()),
        });
    }
    Ok(all.into())
}

/// The header as rsip's own variant, where it has one.
fn known_header(name: HeaderName, value: &str) -> rsip::Header {
    macro_rules! variants {
        ($($variant:ident)*) => {
            match name {
                $(HeaderName::$variant => {
                    rsip::Header::$variant(rsip::headers::$variant::new(value))
                })*
                // The names rsip has no variant for.
                _ => rsip::Header::Other(name.as_str().to_owned(), value.to_owned()),
            }
        };
    }
    variants! {
        Accept AcceptEncoding AcceptLanguage AlertInfo Allow AuthenticationInfo Authorization
        CSeq CallId CallInfo Contact ContentDisposition ContentEncoding ContentLanguage
        ContentLength ContentType Date ErrorInfo Event Expires From InReplyTo MaxForwards
        MimeVersion MinExpires Organization Priority ProxyAuthenticate ProxyAuthorization
        ProxyRequire RecordRoute ReplyTo Require RetryAfter Route Server Subject
        SubscriptionState Supported Timestamp To Unsupported UserAgent Via Warning
        WwwAuthenticate
    }
}

fn request_from_rsip(request: &rsip::Request) -> Result<Request, Error> {
    let uri = request.uri.to_string();
    if !same_uri(&uri, &uri) {
        return Err(Error::Uri(uri));
    }
    let method: Method = request.method.to_string().parse()?;
    let mut builder = RequestBuilder::new(method, uri);
    let mut kind = String::new();
    for header in request.headers.iter() {
        let (name, value) = pair(header)?;
        match HeaderName::parse(name.as_bytes()) {
            Some(HeaderName::ContentType) => kind = value,
            _ => builder = builder.header(name.as_str(), value),
        }
    }
    Ok(builder.body(&kind, request.body.clone()).build())
}

fn response_from_rsip(response: &rsip::Response) -> Result<Response, Error> {
    let code = response.status_code.code();
    let mut builder = ResponseBuilder::new(Status::new(code).ok_or(Error::Status(code))?);
    if let rsip::StatusCode::Other(_, reason) = &response.status_code {
        builder = builder.reason(reason);
    }
    let mut kind = String::new();
    for header in response.headers.iter() {
        let (name, value) = pair(header)?;
        match HeaderName::parse(name.as_bytes()) {
            Some(HeaderName::ContentType) => kind = value,
            _ => builder = builder.header(name.as_str(), value),
        }
    }
    Ok(builder.body(&kind, response.body.clone()).build())
}

/// Name and value of one of rsip's headers, if they are one line and stay one.
fn pair(header: &rsip::Header) -> Result<(String, String), Error> {
    let line = header.to_string();
    let (name, value) = line.split_once(':').unwrap_or((&line, ""));
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) || value.contains(['\r', '\n']) {
        return Err(Error::Header(name.escape_debug().to_string()));
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}
