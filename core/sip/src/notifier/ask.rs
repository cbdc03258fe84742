//! What a SUBSCRIBE outside of a dialog asks for, and how it is refused.

use crate::subscription::Package;
use core::time::Duration;
use sip_message::{HeaderName, Request, Response, ResponseBuilder, Status, Text};

/// Lifetime where none is asked for. Source: RFC 3856 §6.4, RFC 4235 §3.3, RFC 3842 §3.4.
const USUAL: Duration = Duration::from_secs(3_600);
/// The shortest lifetime that is kept. Source: RFC 6665 §4.2.1.1 leaves it open; ours.
const LEAST: Duration = Duration::from_secs(30);
/// The longest one.
const MOST: Duration = Duration::from_secs(3_600);

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What is to be watched.
    pub package: Package,
    /// Event as it came: every NOTIFY repeats it.
    pub event: Text,
    /// How long it is granted; zero: one look.
    pub granted: Duration,
}

/// Why a SUBSCRIBE is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be read: Event, Contact, Expires, or what makes a dialog.
    Malformed,
    /// Nothing of the kind is told here (RFC 6665 §4.2.1.1).
    BadEvent,
    /// The watcher reads no document of ours.
    NotAcceptable,
    /// It asks for less time than a refresh takes.
    TooBrief,
    /// Who asks may not watch.
    Forbidden,
    /// Nobody of that name is here.
    Nobody,
    /// Whom they ask for is not reachable now.
    Absent {
        /// When to ask again. Unit: s.
        again_s: u64,
    },
    /// It is for a subscription that is not there (RFC 6665 §4.2.1.2).
    Unknown,
    /// There are as many watchers as are kept.
    TooMany,
}

impl Refused {
    /// The status that says so.
    pub const fn status(self) -> Status {
        match self {
            Self::Malformed => Status::BAD_REQUEST,
            Self::BadEvent => Status::BAD_EVENT,
            Self::NotAcceptable => Status::NOT_ACCEPTABLE,
            Self::TooBrief => Status::INTERVAL_TOO_BRIEF,
            Self::Forbidden => Status::FORBIDDEN,
            Self::Nobody => Status::NOT_FOUND,
            Self::Absent { .. } => Status::TEMPORARILY_UNAVAILABLE,
            Self::Unknown => Status::CALL_DOES_NOT_EXIST,
            Self::TooMany => Status::SERVICE_UNAVAILABLE,
        }
    }

    /// The response to `request`, where `offered` can be watched. `tag` is a token.
    pub fn respond(self, request: &Request, offered: &[Package], tag: &str) -> Response {
        self.answer(request, offered).to_tag(tag).build()
    }

    /// The same, while it can be added to; without a tag of its own.
    pub(super) fn answer(self, request: &Request, offered: &[Package]) -> ResponseBuilder {
        let response = ResponseBuilder::to(request, self.status());
        match self {
            Self::BadEvent => {
                let all: Vec<&str> = offered.iter().map(|package| package.name()).collect();
                response.header(HeaderName::AllowEvents, all.join(", "))
            }
            Self::Absent { again_s } => response.header(HeaderName::RetryAfter, again_s),
            Self::TooBrief => response.header(HeaderName::MinExpires, LEAST.as_secs()),
            Self::TooMany => response.header(HeaderName::RetryAfter, LEAST.as_secs()),
            Self::Malformed
            | Self::NotAcceptable
            | Self::Forbidden
            | Self::Nobody
            | Self::Unknown => response,
        }
    }
}

impl Ask {
    /// What `request`, a SUBSCRIBE without a tag in To, asks for, where `offered` can be watched.
    pub fn read(request: &Request, offered: &[Package]) -> Result<Self, Refused> {
        let headers = request.headers();
        let event = headers.event().map_err(|_| Refused::Malformed)?;
        let event = event.ok_or(Refused::BadEvent)?;
        let mut offered = offered.iter();
        let named = offered.find(|p| p.name().eq_ignore_ascii_case(event.package()));
        let package = *named.ok_or(Refused::BadEvent)?;
        let has_contact = headers.contacts().is_ok_and(|all| all.first().is_some());
        if !has_contact {
            return Err(Refused::Malformed);
        }
        if !accepts(request, package.accept()) {
            return Err(Refused::NotAcceptable);
        }
        Ok(Self {
            package,
            event: Text::from(event.to_string()),
            granted: Self::granted(request)?,
        })
    }

    /// How long `request` is granted. Source: RFC 6665 §4.2.1.1: what is shorter than an hour may be refused, and
    /// what is longer than wanted here is shortened.
    pub(super) fn granted(request: &Request) -> Result<Duration, Refused> {
        let asked = request.headers().expires();
        let asked = asked.map_err(|_| Refused::Malformed)?;
        let asked = asked.map_or(USUAL, |seconds| Duration::from_secs(u64::from(seconds)));
        match asked {
            Duration::ZERO => Ok(asked),
            asked if asked < LEAST => Err(Refused::TooBrief),
            asked => Ok(asked.min(MOST)),
        }
    }
}

/// Whether the watcher reads `kind`: without Accept it reads what the package has always (RFC 3856 §6.6,
/// RFC 4235 §3.5, RFC 3842 §3.5).
fn accepts(request: &Request, kind: &str) -> bool {
    let mut any = false;
    for value in request.headers().values(HeaderName::Accept) {
        for one in String::from_utf8_lossy(value).split(',') {
            let named = one.split(';').next().unwrap_or_default().trim();
            if matches!(named, "*/*" | "application/*") || named.eq_ignore_ascii_case(kind) {
                return true;
            }
            any = true;
        }
    }
    !any
}
