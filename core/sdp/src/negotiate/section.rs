//! Writes our m= sections and the session around them.

use super::{EVENTS, Previous, TELEPHONE_EVENT, fitting_ms};
use crate::parse;
use crate::{Capability, Direction, LocalMedia, LocalSession, MediaSection, SessionDescription};
use base::{Hertz, PayloadType};
use sdp_types::{Attribute, Connection, Media, Origin, Session};

/// One line of formats: number, capability, parameters to say.
pub(super) struct Line<'a> {
    pub(super) number: PayloadType,
    pub(super) codec: &'a Capability,
    pub(super) fmtp: &'a str,
}

/// What of a section differs between offer and answer.
pub(super) struct Terms<'a> {
    pub(super) protocol: &'a str,
    pub(super) mid: Option<&'a str>,
    pub(super) direction: Direction,
    pub(super) rtcp_mux: bool,
}

/// A section we use.
pub(super) fn used(
    session: &LocalSession,
    media: &LocalMedia,
    terms: &Terms<'_>,
    formats: &[Line<'_>],
    events: &[(PayloadType, Hertz)],
) -> Media {
    let numbers: Vec<String> = formats
        .iter()
        .map(|line| line.number)
        .chain(events.iter().map(|&(number, _)| number))
        .map(|number| number.to_string())
        .collect();
    let mut section = empty(&media.kind.to_string(), media.port, terms.protocol);
    section.fmt = numbers.join(" ");
    if media.addr != session.addr {
        section
            .connections
            .push(Connection::from_ip_addr(media.addr));
    }
    let mut say = |name: &str, value: Option<String>| {
        section.attributes.push(Attribute {
            attribute: name.to_owned(),
            value,
        });
    };
    if let Some(mid) = terms.mid {
        say("mid", Some(mid.to_owned()));
    }
    for line in formats {
        say("rtpmap", Some(rtpmap(line)));
        if !line.fmtp.is_empty() {
            say("fmtp", Some(format!("{} {}", line.number, line.fmtp)));
        }
    }
    for (number, clock_rate) in events {
        say(
            "rtpmap",
            Some(format!("{number} {TELEPHONE_EVENT}/{}", clock_rate.0)),
        );
        say("fmtp", Some(format!("{number} {EVENTS}")));
    }
    // Of the format that comes first: nobody sends the others unless both sides say so.
    let fitting = formats.first().map(|line| {
        let wanted = media.ptime_ms.unwrap_or(line.codec.ptime_ms);
        fitting_ms(line.codec, line.fmtp, wanted)
    });
    if let Some(ms) = fitting.or(media.ptime_ms) {
        say("ptime", Some(ms.to_string()));
    }
    if let Some(ms) = media.max_ptime_ms {
        say("maxptime", Some(ms.to_string()));
    }
    say(terms.direction.name(), None);
    if terms.rtcp_mux {
        say("rtcp-mux", None);
    }
    let next = media.port.checked_add(1);
    if let Some(port) = media.rtcp_port.filter(|&port| Some(port) != next) {
        say("rtcp", Some(port.to_string()));
    }
    section
}

/// A refused section: port 0, the peer's own formats, its name (RFC 3264 §6).
pub(super) fn refused(theirs: &MediaSection<'_>) -> Media {
    let raw = theirs.raw();
    let mut section = empty(&raw.media, 0, &raw.proto);
    if !raw.fmt.trim().is_empty() {
        raw.fmt.trim().clone_into(&mut section.fmt);
    }
    if let Some(mid) = theirs.mid() {
        section.attributes.push(Attribute::with_value("mid", mid));
    }
    section
}

/// The session around `medias`. The version grows only when something changed (RFC 3264 §8).
pub(super) fn session(
    local: &LocalSession,
    medias: Vec<Media>,
    previous: Option<&Previous>,
) -> SessionDescription {
    let id = local.session_id & (u64::MAX >> 1);
    let last = previous.map(|previous| &previous.local);
    let version = last.map_or(local.first_version, |last| last.origin().version);
    let origin = Origin::with_ip_addr(id, version, local.addr);
    let mut session = Session::new(origin, "-");
    session.connection = Some(Connection::from_ip_addr(local.addr));
    session.times = vec![parse::always()];
    session.medias = medias;
    let mut description = SessionDescription { session };
    if last.is_some_and(|last| *last != description) {
        description.session.origin.sess_version = version.wrapping_add(1);
    }
    description
}

fn empty(kind: &str, port: u16, protocol: &str) -> Media {
    Media {
        media: kind.to_owned(),
        port,
        num_ports: None,
        proto: protocol.to_owned(),
        fmt: "0".to_owned(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn rtpmap(line: &Line<'_>) -> String {
    let codec = line.codec;
    let mut text = format!("{} {}/{}", line.number, codec.name, codec.clock_rate.0);
    if codec.channels > 1 {
        text.push_str(&format!("/{}", codec.channels));
    }
    text
}
