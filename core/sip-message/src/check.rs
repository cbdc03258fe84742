//! Whether a request can be worked on, and what to answer when not.
//!
//! Source: RFC 3261 §8.2 and §16.3; verdicts: RFC 4475 §3, RFC 5118 §4.

use crate::body::{MAX_LIST_PARTS, MAX_PARTS, Part, Unusable};
use crate::header::{HeaderName, Headers};
use crate::limits::{MAX_ROUTES, MAX_VALUES, MAX_VIAS};

use crate::uri::Uri;
use crate::write::ResponseBuilder;
use crate::{Malformed, Method, Request, Response, Status};

/// What this user agent can do. Decides between 200 and 405, 415, 416, 420.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Methods it works on. Others it knows get 405, those it does not know 501.
    pub methods: Vec<Method>,
    /// Option tags it supports, in lower case.
    pub extensions: Vec<String>,
    /// Kinds of body it understands, `type/subtype` in lower case. Multipart bodies of them need not
    /// be named to be understood.
    pub content_types: Vec<String>,
}

impl Default for Capabilities {
    fn default() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            methods: vec![
                Method::Invite,
                Method::Ack,
                Method::Bye,
                Method::Cancel,
                Method::Options,
                Method::Prack,
                Method::Update,
                Method::Info,
                Method::Subscribe,
                Method::Notify,
                Method::Refer,
                Method::Message,
            ],
            extensions: owned(&[
                "100rel",
                "replaces",
                "timer",
                "norefersub",
                "path",
                "outbound",
                "gruu",
            ]),
            content_types: owned(&[
                "application/sdp",
                "application/dtmf-relay",
                "application/dtmf",
                "application/dialog-info+xml",
                "application/pidf+xml",
                "application/simple-message-summary",
                "application/media_control+xml",
                "message/sipfrag",
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
            ]),
        }
    }
}

impl Capabilities {
    /// The methods as Allow lists them.
    pub fn allow(&self) -> String {
        let names: Vec<_> = self.methods.iter().map(Method::as_str).collect();
        names.join(", ")
    }

    /// The extensions as Supported lists them.
    pub fn supported(&self) -> String {
        self.extensions.join(", ")
    }

    /// The kinds of body as Accept lists them.
    pub fn accept(&self) -> String {
        self.content_types.join(", ")
    }

    fn understands(&self, kind: &str) -> bool {
        self.content_types.iter().any(|known| known == kind)
    }
}

/// What tells of a list. Source: RFC 4662 §5.
const LIST: &str = "application/rlmi+xml";

/// Why a request is not worked on, and the answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status to answer with.
    pub status: Status,
    /// The reason phrase; says what was wrong.
    pub reason: String,
    /// A header that tells the peer what would have been fine.
    pub header: Option<(HeaderName, String)>,
}

impl Refusal {
    fn plain(status: Status) -> Self {
        Self {
            status,
            reason: status.reason_phrase().to_owned(),
            header: None,
        }
    }

    fn telling(status: Status, name: HeaderName, value: String) -> Self {
        Self {
            header: Some((name, value)),
            ..Self::plain(status)
        }
    }

    /// The response that says so. Its To still needs a tag.
    pub fn response(&self, request: &Request) -> ResponseBuilder {
        let builder = ResponseBuilder::to(request, self.status).reason(&self.reason);
        match &self.header {
            Some((name, value)) => builder.header(*name, value),
            None => builder,
        }
    }
}

/// 400, with what was wrong as its reason.
impl From<Malformed> for Refusal {
    fn from(error: Malformed) -> Self {
        Self {
            reason: format!("Bad {}", error.what),
            ..Self::plain(Status::BAD_REQUEST)
        }
    }
}

/// Checks what must hold before anybody looks at a request. The order is that of RFC 3261 §8.2:
/// first whether it can be read at all, then method, target, extensions and content.
///
/// ACK and CANCEL are never refused for extensions or content (RFC 3261 §8.2.2.3), and an ACK is
/// never answered at all: drop it instead.
pub fn check_request(request: &Request, ours: &Capabilities) -> Result<(), Refusal> {
    if !request.version().eq_ignore_ascii_case("SIP/2.0") {
        return Err(Refusal::plain(Status::VERSION_NOT_SUPPORTED));
    }
    if let Some(defect) = request.defect() {
        return Err(defect.into());
    }
    let known = ours.methods.contains(request.method());
    if !known && !request.method().is_known() {
        return Err(Refusal::plain(Status::NOT_IMPLEMENTED));
    }
    check_syntax(request)?;
    if !known {
        let status = Status::METHOD_NOT_ALLOWED;
        return Err(Refusal::telling(status, HeaderName::Allow, ours.allow()));
    }
    check_target(request)?;
    if matches!(request.method(), Method::Ack | Method::Cancel) {
        return Ok(());
    }
    check_extensions(request, ours)?;
    check_content(request, ours)
}

/// What every request must have, readable and once.
fn check_syntax(request: &Request) -> Result<(), Malformed> {
    let headers = request.headers();
    let via = headers.top_via()?;
    if via
        .branch()
        .is_some_and(|branch| branch.eq_ignore_ascii_case("z9hG4bK"))
    {
        // Two such requests would be one transaction.
        return Err(Malformed::new("Via branch", 0));
    }
    headers.from()?;
    headers.to()?;
    headers.call_id()?;
    let cseq = headers.cseq()?;
    if cseq.method != *request.method() {
        return Err(Malformed::new("CSeq method", 0));
    }
    headers.max_forwards()?;
    request.uri()?;
    if headers.count(HeaderName::ContentType) > 1 {
        return Err(Malformed::new("Content-Type", 0));
    }
    if headers.via_count() > MAX_VIAS {
        return Err(Malformed::new("number of Vias", 0));
    }
    for name in [HeaderName::Route, HeaderName::RecordRoute] {
        if headers.values(name).take(MAX_ROUTES + 1).count() > MAX_ROUTES {
            return Err(Malformed::new("number of routes", 0));
        }
    }
    headers.contacts().map(|_| ())
}

/// RFC 3261 §8.2.2.1. A Request-URI with headers would let a peer put headers into requests of
/// ours; RFC 3261 §19.1.1 forbids them there.
fn check_target(request: &Request) -> Result<(), Refusal> {
    match request.uri()? {
        Uri::Sip(uri) if uri.headers().next().is_some() => {
            Err(Malformed::new("Request-URI", 0).into())
        }
        Uri::Sip(_) | Uri::Tel(_) => Ok(()),
        Uri::Other(_) => Err(Refusal::plain(Status::UNSUPPORTED_URI_SCHEME)),
    }
}

/// Whether it may tell of a list (RFC 4662): a NOTIFY alone, for nobody finds a list here.
fn may_list(request: &Request, ours: &Capabilities) -> bool {
    *request.method() == Method::Notify && ours.understands(LIST)
}

/// RFC 3261 §8.2.2.3.
fn check_extensions(request: &Request, ours: &Capabilities) -> Result<(), Refusal> {
    let lists = may_list(request, ours);
    let mut unknown: Vec<String> = Vec::new();
    for tag in request
        .headers()
        .values(HeaderName::Require)
        .take(MAX_VALUES)
    {
        let tag = String::from_utf8_lossy(tag);
        let known = |ours: &String| ours.eq_ignore_ascii_case(&tag);
        let is_list = lists && tag.eq_ignore_ascii_case("eventlist");
        if !is_list && !ours.extensions.iter().any(known) {
            unknown.push(tag.into_owned());
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let status = Status::BAD_EXTENSION;
    let list = unknown.join(", ");
    Err(Refusal::telling(status, HeaderName::Unsupported, list))
}

/// RFC 3261 §8.2.3, and whether an INVITE's answer could be understood (§21.4.7).
fn check_content(request: &Request, ours: &Capabilities) -> Result<(), Refusal> {
    let headers = request.headers();
    let kinds = Kinds::of(request.method());
    let parts = match may_list(request, ours) {
        true => MAX_LIST_PARTS,
        false => MAX_PARTS,
    };
    if let Some(body) = Part::of_up_to(parts, headers, request.body())? {
        let status = Status::UNSUPPORTED_MEDIA_TYPE;
        match body.unusable(&|kind| kinds.hold(kind, ours)) {
            None => {}
            Some(Unusable::Encoding) => {
                let list = "identity".to_owned();
                return Err(Refusal::telling(status, HeaderName::AcceptEncoding, list));
            }
            Some(Unusable::Kind) => {
                return Err(Refusal::telling(
                    status,
                    HeaderName::Accept,
                    kinds.list(ours),
                ));
            }
        }
    }
    if *request.method() == Method::Invite && !accepts_sdp(headers) {
        let status = Status::NOT_ACCEPTABLE;
        let warning = "399 offhook \"only application/sdp can be answered\"".to_owned();
        return Err(Refusal::telling(status, HeaderName::Warning, warning));
    }
    Ok(())
}

/// The kinds of body that a request may carry.
#[derive(Debug, Clone, Copy)]
enum Kinds {
    /// Session descriptions: what sets up and changes sessions carries nothing else that we could use.
    Sessions,
    /// All that the user agent understands.
    All,
}

impl Kinds {
    const fn of(method: &Method) -> Self {
        match method {
            Method::Invite | Method::Update | Method::Prack => Self::Sessions,
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Register
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Info
            | Method::Message
            | Method::Publish
            | Method::Other(_) => Self::All,
        }
    }

    fn hold(self, kind: &str, ours: &Capabilities) -> bool {
        match self {
            Self::Sessions => kind == SESSION && ours.understands(SESSION),
            Self::All => ours.understands(kind),
        }
    }

    /// As Accept lists them.
    fn list(self, ours: &Capabilities) -> String {
        match self {
            Self::Sessions => SESSIONS.to_owned(),
            Self::All => ours.accept(),
        }
    }
}

/// The one kind of session description.
const SESSION: &str = "application/sdp";
/// The kinds of body that session descriptions come in, as Accept lists them.
pub const SESSIONS: &str = "application/sdp, multipart/mixed, multipart/alternative";

/// No Accept means `application/sdp` (RFC 3261 §20.1).
fn accepts_sdp(headers: &Headers) -> bool {
    if headers.count(HeaderName::Accept) == 0 {
        return true;
    }
    headers.values(HeaderName::Accept).any(|range| {
        let text = core::str::from_utf8(range).unwrap_or_default();
        let kind = text.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/sdp"]
            .iter()
            .any(|fine| kind.eq_ignore_ascii_case(fine))
    })
}

/// Checks what must hold before a response is matched; what fails is dropped. Not more than one
/// Via: a second one says that it was meant for somebody else (RFC 3261 §8.1.3.3).
pub fn check_response(response: &Response) -> Result<(), Malformed> {
    if let Some(defect) = response.defect() {
        return Err(defect);
    }
    let headers = response.headers();
    headers.top_via()?;
    if headers.via_count() != 1 {
        return Err(Malformed::new("number of Vias", 0));
    }
    headers.from()?;
    headers.to()?;
    headers.call_id()?;
    headers.cseq().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Message, parse_datagram};

    fn verdict(method: &str, kinds: &[&str]) -> u16 {
        let body =
            "--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list/>\r\n".repeat(40) + "--b--";
        let text = format!(
            "{method} sip:a@x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:l@x>;tag=1\r\n\
             To: <sip:a@x>;tag=2\r\nCall-ID: c\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\nRequire: eventlist\r\n\
             Content-Type: multipart/related;boundary=b\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let ours = Capabilities {
            content_types: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            ..Capabilities::default()
        };
        let Ok(Message::Request(request)) = parse_datagram(text.into(), &Limits::DEFAULT) else {
            panic!("it is a request");
        };
        check_request(&request, &ours).map_or_else(|refusal| refusal.status.code(), |()| 200)
    }

    #[test]
    fn m_098_a_list_of_many_parts_comes_by_notify_alone_and_to_who_reads_lists() {
        assert_eq!(verdict("NOTIFY", &[LIST]), 200);
        assert_eq!(verdict("NOTIFY", &["application/pidf+xml"]), 420);
        for other in ["MESSAGE", "SUBSCRIBE", "INFO"] {
            assert_eq!(verdict(other, &[LIST]), 420, "{other}");
        }
    }
}
