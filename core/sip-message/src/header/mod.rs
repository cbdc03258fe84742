//! The header list: order and unknown headers kept, values read when somebody asks.

mod alert;
mod auth;
mod cseq;
mod digest;
mod event;
mod identity;
mod name;
mod name_addr;
mod reason;
mod refer;
mod reliable;
mod typed;
mod via;

pub use auth::{Algorithm, Challenge, MAX_NONCE, MAX_REALM, Qop};
pub use cseq::{CSeq, MAX_CSEQ};
pub use digest::{DigestResponse, Protection};
pub use event::{Event, SubscriptionPhase, SubscriptionState};
pub use name::{HeaderName, Name};
pub use name_addr::{Contacts, NameAddr};
pub use reason::{Reason, Warning};
pub use refer::{Replaces, TargetDialog};
pub use reliable::{RAck, Refresher, SessionExpires};
pub use via::{MAGIC_COOKIE, Transport, Via};

use bytes::Bytes;

use crate::scan::{self, List};
use crate::span::Span;
use crate::value::Value;
use crate::{Malformed, Text};

/// One header line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) known: Option<HeaderName>,
    pub(crate) name: Span,
    /// Without white space around it.
    pub(crate) value: Span,
}

impl Field {
    pub(crate) fn is(&self, name: Name<'_>, bytes: &[u8]) -> bool {
        match (name, self.known) {
            (Name::Known(name), known) => known == Some(name),
            (Name::Other(text), None) => self.name.of(bytes).eq_ignore_ascii_case(text.as_bytes()),
            (Name::Other(_), Some(_)) => false,
        }
    }
}

/// The headers of one message.
#[derive(Clone)]
pub struct Headers {
    /// The whole message; spans point into it.
    pub(crate) bytes: Bytes,
    pub(crate) fields: Vec<Field>,
}

/// One header line, as written: `value` without white space around it, folds made spaces.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The name, recognised where it can be.
    pub name: Name<'a>,
    /// The name as written, maybe in compact form.
    pub written: &'a str,
    /// Everything after the colon. Not always text.
    pub value: &'a [u8],
}

impl Headers {
    /// All header lines in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'_>> {
        self.fields.iter().map(|field| {
            let written = field.name.text(&self.bytes);
            Header {
                name: field.known.map_or(Name::Other(written), Name::Known),
                written,
                value: field.value.of(&self.bytes),
            }
        })
    }

    /// The whole value of the first line called `name`.
    pub fn first<'a>(&self, name: impl Into<Name<'a>>) -> Option<&[u8]> {
        let field = self.lines(name.into()).next()?;
        Some(field.value.of(&self.bytes))
    }

    /// The first line called `name`, if it is there and text.
    pub fn text<'a>(&self, name: impl Into<Name<'a>>) -> Option<Text> {
        let field = self.lines(name.into()).next()?;
        Text::new(field.value.share(&self.bytes)).ok()
    }

    /// Each value of all lines called `name`, commas taken apart outside quotes and brackets.
    /// Not for credentials and challenges, whose commas mean something else.
    pub fn values<'a>(&'a self, name: impl Into<Name<'a>>) -> impl Iterator<Item = &'a [u8]> {
        self.spans(name.into())
            .map(|span| span.of(&self.bytes))
            .filter(|value| !value.is_empty())
    }

    /// How many lines are called `name`.
    pub fn count<'a>(&self, name: impl Into<Name<'a>>) -> usize {
        self.lines(name.into()).count()
    }

    /// Whether a list header such as Supported holds `token`. Case does not matter.
    pub fn lists<'a>(&'a self, name: impl Into<Name<'a>>, token: &str) -> bool {
        self.values(name)
            .any(|value| value.eq_ignore_ascii_case(token.as_bytes()))
    }

    fn lines(&self, name: Name<'_>) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(move |field| field.is(name, &self.bytes))
    }

    fn spans<'a>(&'a self, name: Name<'a>) -> impl Iterator<Item = Span> + 'a {
        self.fields
            .iter()
            .filter(move |field| field.is(name, &self.bytes))
            .flat_map(|field| {
                let start = field.value.start();
                List::new(field.value.of(&self.bytes))
                    .map(move |span| Span::new(span.start() + start, span.end() + start))
            })
    }

    /// Reads one value.
    fn read<T: Value>(&self, span: Span) -> Result<T, Malformed> {
        T::parse(span.share(&self.bytes)).map_err(|error| error.shifted(span.start()))
    }

    /// The value of a header that stands once at most; twice is malformed, since nobody can know
    /// which one another element believed.
    fn single<T: Value>(&self, name: HeaderName) -> Result<Option<T>, Malformed> {
        let mut lines = self.lines(Name::Known(name));
        let Some(field) = lines.next() else {
            return Ok(None);
        };
        match lines.next() {
            Some(second) => Err(Malformed::new(name.as_str(), second.name.start())),
            None => self.read(field.value).map(Some),
        }
    }

    /// The same for a header that must be there.
    fn required<T: Value>(&self, name: HeaderName) -> Result<T, Malformed> {
        self.single(name)?
            .ok_or(Malformed::new(name.as_str(), self.bytes.len()))
    }

    /// All values of a list header, `max` at most.
    fn list<T: Value>(&self, name: HeaderName, max: usize) -> Result<Vec<T>, Malformed> {
        let mut values = Vec::new();
        for span in self.spans(Name::Known(name)) {
            if values.len() == max {
                return Err(Malformed::new(name.as_str(), span.start()));
            }
            values.push(self.read(span)?);
        }
        Ok(values)
    }
}

impl core::fmt::Debug for Headers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} headers", self.fields.len())
    }
}

/// Delta-seconds; what is too large is the largest there is (RFC 3261 §20.19 leaves it open).
pub(crate) fn seconds(text: &str) -> Option<u32> {
    let bytes = scan::trim(text.as_bytes());
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(scan::number(bytes, u64::from(u32::MAX)).map_or(u32::MAX, |value| value as u32))
}
