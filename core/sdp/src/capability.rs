//! What we can and want: plain data, made from what codecs declare and what the person set.

use crate::{Direction, FmtpRule, MediaKind};
use base::{Hertz, PayloadType};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// One format of a codec, as its plugin declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// Encoding name as IANA spells it, such as `PCMU`.
    pub name: String,
    /// RTP clock.
    pub clock_rate: Hertz,
    /// Channels as SDP says them (Opus: 2). Range: 1 and up.
    pub channels: u8,
    /// The number RFC 3551 gives it. A number of 96 or more is a wish: taken when it is free.
    pub static_payload_type: Option<PayloadType>,
    /// Format parameters we say, or empty.
    pub fmtp: String,
    /// How our parameters and the peer's meet.
    pub rules: Vec<FmtpRule>,
    /// Audio in one codec frame; packets hold whole frames. Unit: ms. Range: 1 and up.
    pub frame_ms: u16,
    /// Longest packet that is sent of it. Unit: ms. Range: `frame_ms` and up.
    pub longest_ms: u16,
    /// Packet time when neither side asks for another. Unit: ms.
    pub ptime_ms: u16,
}

/// Whose order decides when we answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// The first format of the offer that we have (RFC 3264 §6.1).
    #[default]
    Offerer,
    /// The first of ours that was offered.
    Ours,
}

/// One media stream we are ready for: a bound socket and what may flow there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalMedia {
    /// Kind of media.
    pub kind: MediaKind,
    /// The m= section it belongs to, once that is known. `None`: the first free one of its kind.
    pub section: Option<usize>,
    /// Address the peer is told.
    pub addr: IpAddr,
    /// RTP port the peer is told. Range: 1 and up.
    pub port: u16,
    /// RTCP port where it is not the next one (RFC 3605).
    pub rtcp_port: Option<u16>,
    /// Whether RTP and RTCP may share the port (RFC 5761).
    pub rtcp_mux: bool,
    /// Formats in order of preference.
    pub formats: Vec<Capability>,
    /// Whether digits go and come as telephone-event (RFC 4733).
    pub telephone_event: bool,
    /// Whether only at 8 kHz, whatever the codec's clock, and not at the clock of each codec (K-068).
    pub narrow_events: bool,
    /// What we want: both ways, or less to hold.
    pub direction: Direction,
    /// Packet time we like to receive. Unit: ms. `None`: what the codec declares.
    pub ptime_ms: Option<u16>,
    /// Longest packet time we can receive. Unit: ms.
    pub max_ptime_ms: Option<u16>,
}

impl LocalMedia {
    /// Audio both ways with telephone-event, RTCP on the next port.
    pub const fn audio(addr: IpAddr, port: u16, formats: Vec<Capability>) -> Self {
        Self {
            kind: MediaKind::Audio,
            section: None,
            addr,
            port,
            rtcp_port: None,
            rtcp_mux: false,
            formats,
            telephone_event: true,
            narrow_events: false,
            direction: Direction::SendRecv,
            ptime_ms: None,
            max_ptime_ms: None,
        }
    }

    /// The clock of telephone-events beside a codec of this one.
    pub(crate) const fn event_clock(&self, codec: Hertz) -> Hertz {
        if self.narrow_events {
            Hertz(8_000)
        } else {
            codec
        }
    }
}

/// Our side of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalSession {
    /// Number in o= that stays for the session; a random one. The top bit is not used, because some
    /// peers read it as a signed number.
    pub session_id: u64,
    /// Version of the first description we send.
    pub first_version: u64,
    /// Address in o= and in the session's c= line.
    pub addr: IpAddr,
    /// Our media, in the order in which we would offer it.
    pub media: Vec<LocalMedia>,
    /// Whose order decides when we answer.
    pub preference: Preference,
}
