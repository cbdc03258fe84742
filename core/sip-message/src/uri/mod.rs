//! URIs: `sip:` and `sips:` taken apart, `tel:` taken apart, others kept whole.

mod compare;
mod escape;
mod sip;
mod tel;

pub(crate) use escape::escape;
pub use escape::{escape_user, unescape};
pub use sip::SipUri;
pub use tel::TelUri;

use bytes::Bytes;
use core::fmt;

use crate::value::{Value, as_text};
use crate::{Host, Malformed, Text, scan};

/// Whom or what a request is for. Equal when written alike; [`Uri::equivalent`] is SIP's own rule.
#[derive(Clone, PartialEq, Eq)]
pub enum Uri {
    /// `sip:` or `sips:`.
    Sip(SipUri),
    /// `tel:`.
    Tel(TelUri),
    /// Any other scheme, kept as written.
    Other(Text),
}

impl Uri {
    /// The part before the colon, as written.
    pub fn scheme(&self) -> &str {
        match self {
            Self::Sip(uri) if uri.is_secure() => "sips",
            Self::Sip(_) => "sip",
            Self::Tel(_) => "tel",
            Self::Other(text) => text.as_str().split(':').next().unwrap_or_default(),
        }
    }

    /// The `sip:` or `sips:` URI, if it is one.
    pub fn sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other(_) => None,
        }
    }

    /// User part or telephone number, as written; `None` for other schemes and for bare domains.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Sip(uri) => uri.user(),
            Self::Tel(uri) => Some(uri.number()),
            Self::Other(_) => None,
        }
    }

    /// The host of a `sip:` or `sips:` URI.
    pub fn host(&self) -> Option<&Host> {
        self.sip().map(SipUri::host)
    }

    /// Whether both name the same resource. Source: RFC 3261 §19.1.4, RFC 3966 §4.
    pub fn equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sip(a), Self::Sip(b)) => a.equivalent(b),
            (Self::Tel(a), Self::Tel(b)) => a.equivalent(b),
            (Self::Sip(_) | Self::Tel(_) | Self::Other(_), _) => self == other,
        }
    }
}

impl Value for Uri {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        match bytes.iter().position(|&byte| !scan::is_uri(byte)) {
            Some(at) => Err(Malformed::new("URI character", at)),
            None => Self::parse_checked(bytes),
        }
    }
}

impl Uri {
    /// Reads a URI all of whose bytes may stand in one. Such bytes are ASCII.
    pub(crate) fn parse_checked(bytes: Bytes) -> Result<Self, Malformed> {
        check_escapes(&bytes)?;
        let text = Text::ascii(bytes);
        let raw = text.bytes();
        let colon = memchr::memchr(b':', raw).ok_or(Malformed::new("URI scheme", 0))?;
        let scheme = &raw[..colon];
        if scheme.eq_ignore_ascii_case(b"sip") {
            return SipUri::scan(text, false, colon + 1).map(Self::Sip);
        }
        if scheme.eq_ignore_ascii_case(b"sips") {
            return SipUri::scan(text, true, colon + 1).map(Self::Sip);
        }
        if scheme.eq_ignore_ascii_case(b"tel") {
            return TelUri::scan(text, colon + 1).map(Self::Tel);
        }
        if !is_scheme(scheme) || colon + 1 == raw.len() {
            return Err(Malformed::new("URI scheme", 0));
        }
        Ok(Self::Other(text))
    }
}

/// Every `%` has to start an escape.
fn check_escapes(bytes: &[u8]) -> Result<(), Malformed> {
    for at in memchr::memchr_iter(b'%', bytes) {
        let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(Malformed::new("URI escape", at));
        }
    }
    Ok(())
}

fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

impl From<SipUri> for Uri {
    fn from(uri: SipUri) -> Self {
        Self::Sip(uri)
    }
}

impl From<TelUri> for Uri {
    fn from(uri: TelUri) -> Self {
        Self::Tel(uri)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => fmt::Display::fmt(uri, f),
            Self::Tel(uri) => fmt::Display::fmt(uri, f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Hides who: logs show the scheme and host only.
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => fmt::Debug::fmt(uri, f),
            Self::Tel(uri) => fmt::Debug::fmt(uri, f),
            Self::Other(_) => write!(f, "{}:***", self.scheme()),
        }
    }
}

as_text!(Uri, SipUri, TelUri);

impl Value for SipUri {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        match Uri::parse(bytes)? {
            Uri::Sip(uri) => Ok(uri),
            Uri::Tel(_) | Uri::Other(_) => Err(Malformed::new("SIP-URI", 0)),
        }
    }
}

impl Value for TelUri {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        match Uri::parse(bytes)? {
            Uri::Tel(uri) => Ok(uri),
            Uri::Sip(_) | Uri::Other(_) => Err(Malformed::new("telephone-uri", 0)),
        }
    }
}

#[cfg(test)]
mod tests;
