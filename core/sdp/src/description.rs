//! A whole session description: text in, text out, session level typed.

use crate::{Error, MediaSection, parse};
use core::fmt;
use sdp_types::Session;
use serde::{Deserialize, Serialize};

/// A session description (RFC 8866). Attributes nobody here knows survive reading and writing; lines
/// of unknown letters do not (RFC 8866 §5). Serialised as its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionDescription {
    pub(crate) session: Session,
}

/// The o= line (RFC 8866 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Login of the originator; `-` stands for none.
    pub username: &'a str,
    /// Number that stays for the life of the session.
    pub session_id: &'a str,
    /// Grows by one with each change (RFC 3264 §8).
    pub version: u64,
    /// Where the session was made. Often wrong behind NAT; never a destination.
    pub address: &'a str,
}

impl SessionDescription {
    /// Reads a description with good will, within the caps of [`parse`](crate::parse).
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        parse::session(bytes).map(|session| Self { session })
    }

    /// The text, ready for a message body (media type application/sdp).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        self.session
            .write(&mut bytes)
            .expect("writing to a Vec cannot fail");
        bytes
    }

    /// Who made it, and its version.
    pub fn origin(&self) -> Origin<'_> {
        let origin = &self.session.origin;
        Origin {
            username: origin.username.as_deref().unwrap_or("-"),
            session_id: &origin.sess_id,
            version: origin.sess_version,
            address: &origin.unicast_address,
        }
    }

    /// The s= line, often `-` or empty.
    pub fn name(&self) -> &str {
        &self.session.session_name
    }

    /// How many m= sections there are, refused ones included.
    pub fn media_count(&self) -> usize {
        self.session.medias.len()
    }

    /// The m= section at `index`, counted from 0.
    pub fn media(&self, index: usize) -> Option<MediaSection<'_>> {
        let media = self.session.medias.get(index)?;
        Some(MediaSection::new(&self.session, media))
    }

    /// All m= sections in order.
    pub fn sections(&self) -> impl Iterator<Item = MediaSection<'_>> {
        let session = &self.session;
        let medias = session.medias.iter();
        medias.map(move |media| MediaSection::new(session, media))
    }

    /// Value of a session-level attribute; empty for one without value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        crate::media::attribute(&self.session.attributes, name)
    }

    /// Whether both say the same but for the version in o=: what came is no new offer.
    pub fn same_but_version(&self, other: &Self) -> bool {
        let mut copy = other.session.clone();
        copy.origin.sess_version = self.session.origin.sess_version;
        copy == self.session
    }
}

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

impl fmt::Debug for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionDescription({:?})", self.to_string())
    }
}

impl TryFrom<String> for SessionDescription {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(text.as_bytes())
    }
}

impl From<SessionDescription> for String {
    fn from(description: SessionDescription) -> Self {
        description.to_string()
    }
}
