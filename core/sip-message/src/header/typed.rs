//! The typed headers every message has or may have.

use bytes::Bytes;

use super::{CSeq, Contacts, HeaderName, Headers, NameAddr, Via, seconds};
use crate::limits::{MAX_CONTACTS, MAX_ROUTES, MAX_VIAS};
use crate::value::Value;
use crate::{Malformed, Text, scan};

impl Headers {
    /// The hop that sent this message.
    pub fn top_via(&self) -> Result<Via, Malformed> {
        let span = self.spans(HeaderName::Via.into()).next();
        match span {
            Some(span) => self.read(span),
            None => Err(Malformed::new("Via", self.bytes.len())),
        }
    }

    /// All hops, the last sender's first.
    pub fn vias(&self) -> Result<Vec<Via>, Malformed> {
        self.list(HeaderName::Via, MAX_VIAS)
    }

    /// How many hops there are, readable or not.
    pub fn via_count(&self) -> usize {
        self.spans(HeaderName::Via.into()).count()
    }

    /// Who sent it.
    pub fn from(&self) -> Result<NameAddr, Malformed> {
        self.required(HeaderName::From)
    }

    /// Whom it was meant for.
    pub fn to(&self) -> Result<NameAddr, Malformed> {
        self.required(HeaderName::To)
    }

    /// What names the dialog or registration.
    pub fn call_id(&self) -> Result<Text, Malformed> {
        self.required::<CallId>(HeaderName::CallId).map(|id| id.0)
    }

    /// Which request of the dialog it is.
    pub fn cseq(&self) -> Result<CSeq, Malformed> {
        self.required(HeaderName::CSeq)
    }

    /// Where its sender can be reached.
    pub fn contacts(&self) -> Result<Contacts, Malformed> {
        let whole = self.first(HeaderName::Contact);
        if whole == Some(b"*") && self.count(HeaderName::Contact) == 1 {
            return Ok(Contacts::All);
        }
        self.list(HeaderName::Contact, MAX_CONTACTS)
            .map(Contacts::List)
    }

    /// Hops it may still take. Range: 0 to 255.
    pub fn max_forwards(&self) -> Result<Option<u8>, Malformed> {
        let number = self.single::<Number>(HeaderName::MaxForwards)?;
        match number.map(|number| u8::try_from(number.0)) {
            None => Ok(None),
            Some(Ok(hops)) => Ok(Some(hops)),
            Some(Err(_)) => Err(Malformed::new("Max-Forwards", 0)),
        }
    }

    /// Where it has to go first, next hop first.
    pub fn routes(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::Route, MAX_ROUTES)
    }

    /// What wants to stay on the path, nearest to the receiver of this message first.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::RecordRoute, MAX_ROUTES)
    }

    /// The Path vector (RFC 3327).
    pub fn paths(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::Path, MAX_ROUTES)
    }

    /// The Service-Route of a registration (RFC 3608).
    pub fn service_routes(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::ServiceRoute, MAX_ROUTES)
    }

    /// How long it is meant to last. Unit: s. What is too large is the largest there is.
    pub fn expires(&self) -> Result<Option<u32>, Malformed> {
        let found = self.single::<Seconds>(HeaderName::Expires)?;
        Ok(found.map(|seconds| seconds.0))
    }

    /// The shortest expiry a registrar takes. Unit: s.
    pub fn min_expires(&self) -> Result<Option<u32>, Malformed> {
        let found = self.single::<Seconds>(HeaderName::MinExpires)?;
        Ok(found.map(|seconds| seconds.0))
    }

    /// When to ask again. Unit: s. Comment and parameters are left out.
    pub fn retry_after(&self) -> Result<Option<u32>, Malformed> {
        let found = self.single::<Seconds>(HeaderName::RetryAfter)?;
        Ok(found.map(|seconds| seconds.0))
    }

    /// What the body is, without parameters: `application/sdp`, in lower case.
    pub fn content_type(&self) -> Option<String> {
        let value = self.text(HeaderName::ContentType)?;
        let kind = value.split(';').next().unwrap_or_default();
        let compact: String = kind.split_ascii_whitespace().collect();
        Some(compact.to_ascii_lowercase())
    }
}

/// `callid` of RFC 3261 §25.1, and whatever else has no white space.
struct CallId(Text);

impl Value for CallId {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let fit = |byte: &u8| byte.is_ascii_graphic() || *byte >= 0x80;
        if bytes.is_empty() || !bytes.iter().all(fit) {
            return Err(Malformed::new("callid", 0));
        }
        Text::new(bytes).map(Self)
    }
}

/// A plain number, 32 bits.
pub(super) struct Number(pub(super) u32);

impl Value for Number {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        match scan::number(&bytes, u64::from(u32::MAX)) {
            Some(value) => Ok(Self(value as u32)),
            None => Err(Malformed::new("number", 0)),
        }
    }
}

/// Delta-seconds, and what may follow in Retry-After: a comment, parameters.
struct Seconds(u32);

impl Value for Seconds {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let text = core::str::from_utf8(&bytes).unwrap_or_default();
        let digits = text.split([';', '(']).next().unwrap_or_default();
        seconds(digits)
            .map(Self)
            .ok_or(Malformed::new("delta-seconds", 0))
    }
}
