//! The offer/answer model as pure functions (RFC 3264; RFC 6337 for its corners).
//!
//! | function | when |
//! | --- | --- |
//! | [`offer`] | we start, hold, change, or got an INVITE without offer |
//! | [`answer`] | the peer offered |
//! | [`accept_answer`] | the peer answered our offer |

mod accept;
mod answer;
mod numbers;
mod offer;
mod section;
#[cfg(test)]
mod tests;

pub use accept::accept_answer;
pub use answer::answer;
pub use offer::offer;

use crate::fmtp::{self, Agreement};
use crate::{Address, SessionDescription};
use crate::{
    Capability, Direction, FmtpKind, Format, LocalMedia, MediaKind, MediaSection, Refusal,
};
use base::{Hertz, PayloadType};
use core::net::{IpAddr, SocketAddr};
use serde::{Deserialize, Serialize};

/// The descriptions that are in force before this exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// The last one we sent, offer or answer.
    pub local: SessionDescription,
    /// The last one the peer sent.
    pub remote: Option<SessionDescription>,
}

/// What became of one m= section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Negotiated {
    /// Kind of media.
    pub kind: MediaKind,
    /// The section's name, where it has one (RFC 5888).
    pub mid: Option<String>,
    /// Used, or why not.
    pub outcome: Outcome,
}

impl Negotiated {
    /// What was agreed, unless refused.
    pub fn agreed(&self) -> Option<&Agreed> {
        match &self.outcome {
            Outcome::Accepted(agreed) => Some(agreed),
            Outcome::Refused(_) => None,
        }
    }
}

/// Whether a section is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Media flows, or may once somebody resumes.
    Accepted(Box<Agreed>),
    /// Port 0, and why.
    Refused(Refusal),
}

/// All that a media leg has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Which of our [`LocalSession::media`](crate::LocalSession::media).
    pub local: usize,
    /// Where to send RTP. `None` on old hold (c= 0.0.0.0) or when the peer gave a name.
    pub remote_rtp: Option<SocketAddr>,
    /// Where to send RTCP.
    pub remote_rtcp: Option<SocketAddr>,
    /// RTP and RTCP share one port (RFC 5761).
    pub rtcp_mux: bool,
    /// What we send, and first expect.
    pub format: NegotiatedFormat,
    /// What else the peer may switch to without asking (RFC 3264 §7).
    pub others: Vec<NegotiatedFormat>,
    /// Digits as RTP packets.
    pub telephone_event: Option<TelephoneEvent>,
    /// Packet time to send. Unit: ms. Whole codec frames within what the peer can take.
    pub ptime_ms: u16,
    /// Which way media flows, seen from us.
    pub direction: Direction,
    /// What the peer said of itself; it holds us when it does not receive.
    pub remote_direction: Direction,
}

/// A format with its number each way. Both sides may number the same format differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NegotiatedFormat {
    /// Number to send with: the peer's.
    pub send: PayloadType,
    /// Number to expect: ours.
    pub receive: PayloadType,
    /// Encoding name as our capability spells it.
    pub name: String,
    /// RTP clock.
    pub clock_rate: Hertz,
    /// Channels.
    pub channels: u8,
    /// Parameters to encode by, after the codec's rules.
    pub fmtp: String,
    /// Parameters to decode by: what we said.
    pub local_fmtp: String,
}

/// Digits as RTP packets (RFC 4733), at the clock of the format beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelephoneEvent {
    /// Number to send with.
    pub send: PayloadType,
    /// Number to expect.
    pub receive: PayloadType,
    /// RTP clock.
    pub clock_rate: Hertz,
}

/// Encoding name of digits (RFC 4733 §7.1.1).
const TELEPHONE_EVENT: &str = "telephone-event";
/// Events we send and understand: 0-9 * # A-D.
const EVENTS: &str = "0-15";

/// Our format at index `capability` brought together with theirs.
struct Match<'a> {
    ours: &'a Capability,
    theirs: Format,
    fmtp: Agreement,
}

impl Match<'_> {
    fn negotiated(&self, receive: PayloadType, local_fmtp: String) -> NegotiatedFormat {
        NegotiatedFormat {
            send: self.theirs.payload_type,
            receive,
            name: self.ours.name.clone(),
            clock_rate: self.ours.clock_rate,
            channels: self.ours.channels,
            fmtp: self.fmtp.send.clone(),
            local_fmtp,
        }
    }
}

fn match_format<'a>(ours: &'a Capability, theirs: &Format) -> Option<Match<'a>> {
    if !theirs.is(&ours.name, ours.clock_rate, ours.channels) {
        return None;
    }
    let fmtp = fmtp::agree(&ours.rules, &ours.fmtp, &theirs.fmtp)?;
    Some(Match {
        ours,
        theirs: theirs.clone(),
        fmtp,
    })
}

/// The peer's number for digits at `clock_rate`.
fn events_at(formats: &[Format], clock_rate: Hertz) -> Option<PayloadType> {
    let found = formats
        .iter()
        .find(|format| format.is(TELEPHONE_EVENT, clock_rate, 1))?;
    Some(found.payload_type)
}

/// Plain RTP, with or without the feedback profile's timing (RFC 4585).
fn is_plain_rtp(protocol: &str) -> bool {
    ["RTP/AVP", "RTP/AVPF"]
        .iter()
        .any(|known| protocol.eq_ignore_ascii_case(known))
}

/// Whether a unicast socket could ever send there. A name or 0.0.0.0 may yet become an address.
fn is_unicast(section: &MediaSection<'_>) -> bool {
    match section.address() {
        Some(Address::Ip(IpAddr::V4(ip))) => !ip.is_multicast() && !ip.is_broadcast(),
        Some(Address::Ip(IpAddr::V6(ip))) => !ip.is_multicast(),
        Some(Address::Name(_)) => true,
        None => false,
    }
}

/// Whether `media`'s socket is of the family that the section names.
fn is_same_family(section: &MediaSection<'_>, media: &LocalMedia) -> bool {
    match section.address() {
        Some(Address::Ip(ip)) => ip.is_unspecified() || ip.is_ipv4() == media.addr.is_ipv4(),
        Some(Address::Name(_)) | None => true,
    }
}

/// Longest packet anybody asks for in earnest. Unit: ms.
const LONGEST_MS: u16 = 200;

/// Packet time to send: what the peer asks for, else ours, in whole frames, within its maximum.
fn packet_time_ms(section: &MediaSection<'_>, media: &LocalMedia, chosen: &Match<'_>) -> u16 {
    let wanted = section.ptime_ms().or(media.ptime_ms);
    let wanted = wanted.unwrap_or(chosen.ours.ptime_ms);
    let wanted = wanted.min(section.max_ptime_ms().unwrap_or(LONGEST_MS));
    fitting_ms(chosen.ours, &chosen.fmtp.send, wanted)
}

/// The packet time next to `wanted` that there is of this codec: whole frames, no more than fit a packet.
fn fitting_ms(ours: &Capability, fmtp: &str, wanted: u16) -> u16 {
    let frame = frame_ms(ours, fmtp);
    let wanted = wanted.min(ours.longest_ms.min(LONGEST_MS));
    (wanted / frame).max(1) * frame
}

/// Length of a codec frame. iLBC's stands in its parameter `mode`, of which the larger counts (RFC 3952 §4.2).
fn frame_ms(ours: &Capability, fmtp: &str) -> u16 {
    let rules = ours.rules.iter();
    let mut modes = rules.filter(|rule| rule.name == "mode" && rule.kind == FmtpKind::Max);
    let said = modes.next().and_then(|rule| {
        let said = fmtp::value(fmtp, &rule.name);
        said.or_else(|| rule.default.clone())?.parse().ok()
    });
    said.filter(|ms| (10..=LONGEST_MS).contains(ms))
        .unwrap_or(ours.frame_ms)
        .max(1)
}
