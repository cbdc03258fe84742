//! A typed view of one m= section.

use crate::Format;
use crate::format;
use base::PayloadType;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use sdp_types::{Attribute, Connection, Media, Session};
use serde::{Deserialize, Serialize};

/// What kind of media a section is about (RFC 8866 §8.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Text as it is typed (RFC 4103).
    Text,
    /// Anything else, spelled as the peer spells it.
    Other(String),
}

impl MediaKind {
    pub(crate) fn of(name: &str) -> Self {
        if name.eq_ignore_ascii_case("audio") {
            Self::Audio
        } else if name.eq_ignore_ascii_case("video") {
            Self::Video
        } else if name.eq_ignore_ascii_case("text") {
            Self::Text
        } else {
            Self::Other(name.to_owned())
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
            Self::Other(name) => name,
        })
    }
}

/// Which way media flows, seen from whoever says it (RFC 3264 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Out only: the way to hold the other side.
    SendOnly,
    /// In only.
    RecvOnly,
    /// Neither way; RTCP goes on.
    Inactive,
}

impl Direction {
    /// From its two halves.
    pub const fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether whoever says it sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether whoever says it receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same flow seen from the other side.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self::new(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn of(attributes: &[Attribute]) -> Option<Self> {
        let all = [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ];
        attributes.iter().find_map(|attribute| {
            let name = attribute.attribute.trim();
            all.into_iter()
                .find(|d| name.eq_ignore_ascii_case(d.name()))
        })
    }
}

/// What a c= line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// A numeric address, of either family whatever the line says before it.
    Ip(IpAddr),
    /// A name that would have to be resolved.
    Name(&'a str),
}

/// One m= section together with the session-level defaults that hold for it.
#[derive(Debug, Clone, Copy)]
pub struct MediaSection<'a> {
    session: &'a Session,
    media: &'a Media,
}

impl<'a> MediaSection<'a> {
    pub(crate) const fn new(session: &'a Session, media: &'a Media) -> Self {
        Self { session, media }
    }

    pub(crate) const fn raw(&self) -> &'a Media {
        self.media
    }

    /// Kind of media.
    pub fn kind(&self) -> MediaKind {
        MediaKind::of(&self.media.media)
    }

    /// Transport port; 0 means refused or switched off.
    pub const fn port(&self) -> u16 {
        self.media.port
    }

    /// Transport protocol as written, such as `RTP/AVP`.
    pub fn protocol(&self) -> &'a str {
        &self.media.proto
    }

    /// The section's name (RFC 5888).
    pub fn mid(&self) -> Option<&'a str> {
        self.attribute("mid").filter(|mid| !mid.is_empty())
    }

    /// Value of an attribute of this section; empty for one without value.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        attribute(&self.media.attributes, name)
    }

    /// Which way media flows as the section (or else the session) says. Default: both ways.
    ///
    /// The old way to hold, [`is_old_hold`](Self::is_old_hold), takes receiving away.
    pub fn direction(&self) -> Direction {
        let said = Direction::of(&self.media.attributes)
            .or_else(|| Direction::of(&self.session.attributes))
            .unwrap_or_default();
        if self.is_old_hold() {
            said.and(Direction::SendOnly)
        } else {
            said
        }
    }

    /// Whether c= is 0.0.0.0, which meant hold in RFC 2543 (RFC 3264 §8.4).
    pub fn is_old_hold(&self) -> bool {
        matches!(self.address(), Some(Address::Ip(ip)) if ip.is_unspecified())
    }

    /// The address of this section, from its own c= line or the session's.
    pub fn address(&self) -> Option<Address<'a>> {
        let own = self.media.connections.first();
        own.or(self.session.connection.as_ref()).map(address)
    }

    /// Where the peer wants media. `None` when refused, on old hold, or named instead of numbered.
    pub fn rtp(&self) -> Option<SocketAddr> {
        self.socket(self.media.port)
    }

    /// Where the peer wants RTCP: a=rtcp-mux, a=rtcp (RFC 3605), or the next port (RFC 3550 §11).
    pub fn rtcp(&self) -> Option<SocketAddr> {
        if self.rtcp_mux() {
            return self.rtp();
        }
        let Some(value) = self.attribute("rtcp") else {
            return self.socket(self.media.port.checked_add(1)?);
        };
        let mut fields = value.split_whitespace();
        let port = fields.next()?.parse().ok()?;
        match fields.nth(2) {
            Some(ip) => socket(ip.parse().ok()?, port),
            None => self.socket(port),
        }
    }

    /// Whether RTP and RTCP may share one port (RFC 5761).
    pub fn rtcp_mux(&self) -> bool {
        self.attribute("rtcp-mux").is_some()
    }

    /// Packet time the peer would like to receive. Unit: ms.
    pub fn ptime_ms(&self) -> Option<u16> {
        self.millis("ptime")
    }

    /// Longest packet time the peer can receive. Unit: ms.
    pub fn max_ptime_ms(&self) -> Option<u16> {
        self.millis("maxptime")
    }

    /// Numbers of the m= line that can be payload types, in order of preference.
    pub fn payload_types(&self) -> impl Iterator<Item = PayloadType> + use<'a> {
        let numbers = self.media.fmt.split_whitespace();
        numbers.filter_map(|number| PayloadType::new(number.parse().ok()?))
    }

    /// Formats whose meaning is known, in order of preference: mapped, or static (RFC 3551 §6).
    pub fn formats(&self) -> Vec<Format> {
        format::read(self.payload_types(), &self.media.attributes)
    }

    /// Fractions such as `a=ptime:20.0` are met; they are cut off.
    fn millis(&self, name: &str) -> Option<u16> {
        let value = self.attribute(name)?;
        let whole = value.split('.').next().unwrap_or(value);
        whole.trim().parse().ok().filter(|&ms| ms > 0)
    }

    fn socket(&self, port: u16) -> Option<SocketAddr> {
        match self.address()? {
            Address::Ip(ip) if self.media.port != 0 => socket(ip, port),
            Address::Ip(_) | Address::Name(_) => None,
        }
    }
}

fn socket(ip: IpAddr, port: u16) -> Option<SocketAddr> {
    (port != 0 && !ip.is_unspecified()).then(|| SocketAddr::new(ip, port))
}

/// Drops `/ttl` and brackets. An IPv6 address after IP4 is met and means what it says.
fn address(connection: &Connection) -> Address<'_> {
    let text = connection.connection_address.as_str();
    let text = text.split('/').next().unwrap_or(text).trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().map_or(Address::Name(text), Address::Ip)
}

pub(crate) fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    let found = attributes
        .iter()
        .find(|a| a.attribute.trim().eq_ignore_ascii_case(name))?;
    Some(found.value.as_deref().unwrap_or("").trim())
}

#[cfg(test)]
mod tests;
