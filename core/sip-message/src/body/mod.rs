//! What a message carries: one body, or several in one. Source: RFC 5621, RFC 2046 §5.1.
//!
//! Reading only. A body is taken apart when somebody asks; its parts share the message's bytes.

mod parts;
#[cfg(test)]
mod tests;

use crate::{HeaderName, Headers, Malformed, Text};
use bytes::Bytes;

/// Parts in one message, at all depths. What passes it is refused.
pub const MAX_PARTS: usize = 16;
/// Parts in one message about a list (RFC 4662): of each member one or two, and the one that tells of all.
pub const MAX_LIST_PARTS: usize = 1_001;
/// Multipart bodies within each other. What passes it is refused.
pub const MAX_DEPTH: usize = 4;

/// The kind of body that offers and answers are written in.
const DESCRIPTION: &str = "application/sdp";

/// One body with what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `type/subtype` in lower case; empty where nothing is said.
    pub kind: String,
    /// Its Content-ID without brackets, by which other parts name it (RFC 2392); of a part alone.
    pub id: Option<String>,
    /// What it is for, in lower case, where that is said (RFC 3261 §20.11).
    pub disposition: Option<String>,
    /// Whether a receiver that cannot use it must refuse the message. So it is unless
    /// `handling=optional` is said.
    pub required: bool,
    /// Whether it stands as it is, without Content-Encoding (and Content-Transfer-Encoding) of a kind
    /// that changes bytes.
    pub plain: bool,
    /// The bytes, or the parts in them.
    pub content: Content,
}

/// What a body is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Itself.
    Leaf(Bytes),
    /// Parts that each mean something: `multipart/mixed`, and every multipart that is not known
    /// (RFC 2046 §5.1.3).
    All(Vec<Part>),
    /// The same thing said in several ways, the best one last: `multipart/alternative`.
    Choice(Vec<Part>),
}

/// Why a body that must be understood is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It is encoded.
    Encoding,
    /// Its kind is not known, or not for what it is said to be for.
    Kind,
}

impl Part {
    /// The body of a message; `None` where it has none. Fails where a multipart body is broken or
    /// holds more than [`MAX_PARTS`] or deeper than [`MAX_DEPTH`].
    pub fn of(headers: &Headers, body: &Bytes) -> Result<Option<Self>, Malformed> {
        Self::of_up_to(MAX_PARTS, headers, body)
    }

    /// As [`Self::of`], for a message that may have so many parts: a list of many things (RFC 4662).
    pub fn of_up_to(
        mut parts: usize,
        headers: &Headers,
        body: &Bytes,
    ) -> Result<Option<Self>, Malformed> {
        if body.is_empty() {
            return Ok(None);
        }
        let said = parts::Said {
            id: None,
            content_type: headers.text(HeaderName::ContentType),
            disposition: headers.text(HeaderName::ContentDisposition),
            plain: headers
                .values(HeaderName::ContentEncoding)
                .all(|encoding| encoding.eq_ignore_ascii_case(b"identity")),
        };
        parts::read(&said, body, MAX_DEPTH, &mut parts).map(Some)
    }

    /// What keeps the body from being used as its sender demands, if anything does: a required part
    /// that `knows` does not know, or a choice of none that it does (RFC 5621 §6 to §8).
    pub fn unusable(&self, knows: &dyn Fn(&str) -> bool) -> Option<Unusable> {
        if !self.required {
            return None;
        }
        if !self.plain {
            return Some(Unusable::Encoding);
        }
        match &self.content {
            Content::Leaf(_) => {
                let known = knows(&self.kind) && (self.kind != DESCRIPTION || self.is_session());
                (!known).then_some(Unusable::Kind)
            }
            Content::All(parts) => parts.iter().find_map(|part| part.unusable(knows)),
            Content::Choice(parts) => {
                let one_fits = parts.iter().any(|part| part.is_useful(knows));
                (!one_fits).then_some(Unusable::Kind)
            }
        }
    }

    /// Whether an alternative can stand for the others; here optional is not enough.
    fn is_useful(&self, knows: &dyn Fn(&str) -> bool) -> bool {
        let demanded = Self {
            required: true,
            ..self.clone()
        };
        demanded.unusable(knows).is_none()
    }

    /// The session description, wherever it stands; the first of several, and of alternatives the
    /// last, which is the best (RFC 5621 §7.1).
    pub fn session(&self) -> Option<&Bytes> {
        if !self.plain {
            return None;
        }
        match &self.content {
            Content::Leaf(bytes) => {
                (self.kind == DESCRIPTION && self.is_session()).then_some(bytes)
            }
            Content::All(parts) => parts.iter().find_map(Self::session),
            Content::Choice(parts) => parts.iter().rev().find_map(Self::session),
        }
    }

    /// `session` is what a session description is for when nothing is said (RFC 3261 §20.11).
    fn is_session(&self) -> bool {
        self.disposition.as_deref().is_none_or(|d| d == "session")
    }
}

/// The session description in a message, if it has one that can be read (RFC 3264 §4, RFC 5621).
pub fn session_description(headers: &Headers, body: &Bytes) -> Option<Bytes> {
    Part::of(headers, body).ok()??.session().cloned()
}

/// `type/subtype` of a Content-Type value in lower case.
fn kind_of(content_type: Option<&Text>) -> String {
    let text = content_type.map_or("", Text::as_str);
    let kind = text.split(';').next().unwrap_or_default();
    let letters = kind.chars().filter(|c| !c.is_whitespace());
    letters.collect::<String>().to_ascii_lowercase()
}
