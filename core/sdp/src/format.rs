//! A codec as SDP names it.

use base::{Hertz, PayloadType};
use core::fmt;
use sdp_types::Attribute;
use serde::{Deserialize, Serialize};

/// A payload type and what it stands for (a=rtpmap and a=fmtp, RFC 8866 §6.6, §6.15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Number in the RTP header.
    pub payload_type: PayloadType,
    /// Encoding name; case carries no meaning.
    pub name: String,
    /// RTP clock, which for G.722 is not the sample rate.
    pub clock_rate: Hertz,
    /// Audio channels. Range: 1 and up.
    pub channels: u8,
    /// Format parameters as written, or empty.
    pub fmtp: String,
}

impl Format {
    /// Whether this is `name` at `clock_rate` with `channels`.
    pub fn is(&self, name: &str, clock_rate: Hertz, channels: u8) -> bool {
        self.name.eq_ignore_ascii_case(name)
            && self.clock_rate == clock_rate
            && self.channels == channels
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.clock_rate.0)?;
        if self.channels > 1 {
            write!(f, "/{}", self.channels)?;
        }
        Ok(())
    }
}

/// Payload types with a fixed meaning: number, name, clock, channels (RFC 3551 §6).
const STATIC: [(u8, &str, u32, u8); 24] = [
    (0, "PCMU", 8000, 1),
    (3, "GSM", 8000, 1),
    (4, "G723", 8000, 1),
    (5, "DVI4", 8000, 1),
    (6, "DVI4", 16000, 1),
    (7, "LPC", 8000, 1),
    (8, "PCMA", 8000, 1),
    (9, "G722", 8000, 1),
    (10, "L16", 44100, 2),
    (11, "L16", 44100, 1),
    (12, "QCELP", 8000, 1),
    (13, "CN", 8000, 1),
    (14, "MPA", 90000, 1),
    (15, "G728", 8000, 1),
    (16, "DVI4", 11025, 1),
    (17, "DVI4", 22050, 1),
    (18, "G729", 8000, 1),
    (25, "CelB", 90000, 1),
    (26, "JPEG", 90000, 1),
    (28, "nv", 90000, 1),
    (31, "H261", 90000, 1),
    (32, "MPV", 90000, 1),
    (33, "MP2T", 90000, 1),
    (34, "H263", 90000, 1),
];

/// Looks up each number, in order, in the attributes, then among the static ones.
pub(crate) fn read(
    numbers: impl Iterator<Item = PayloadType>,
    attributes: &[Attribute],
) -> Vec<Format> {
    let values = |name: &'static str| {
        attributes.iter().filter_map(move |attribute| {
            let named = attribute.attribute.trim().eq_ignore_ascii_case(name);
            let value = attribute.value.as_deref().filter(|_| named)?.trim();
            let (number, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
            Some((PayloadType::new(number.parse().ok()?)?, rest.trim()))
        })
    };
    let mut formats = Vec::new();
    for number in numbers {
        let mapped = values("rtpmap").find(|&(n, _)| n == number);
        let mapping = mapped.and_then(|(_, text)| mapping(text));
        let Some((name, clock_rate, channels)) = mapping.or_else(|| fixed(number)) else {
            continue;
        };
        let fmtp = values("fmtp").find(|&(n, _)| n == number);
        formats.push(Format {
            payload_type: number,
            name: name.to_owned(),
            clock_rate,
            channels,
            fmtp: fmtp.map_or("", |(_, text)| text).to_owned(),
        });
    }
    formats
}

/// Reads `name/clock` or `name/clock/channels`.
fn mapping(text: &str) -> Option<(&str, Hertz, u8)> {
    let mut parts = text.split('/').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let clock_rate: u32 = parts.next()?.parse().ok().filter(|&hz| hz > 0)?;
    let channels = parts.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    Some((name, Hertz(clock_rate), channels.max(1)))
}

fn fixed(number: PayloadType) -> Option<(&'static str, Hertz, u8)> {
    let row = STATIC.iter().find(|row| row.0 == number.get())?;
    Some((row.1, Hertz(row.2), row.3))
}
