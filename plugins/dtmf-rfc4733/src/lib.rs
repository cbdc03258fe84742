//! Keys as RTP telephone-events, as a plugin. Settings call it `rfc2833`, after the first RFC of its kind.
//!
//! What it is not: it makes no packet and hears none. The media thread turns an event into packets (start
//! with marker, updates, three ends, segments of at most 65,535 units) and hears those of the peer.
//!
//! Source: RFC 4733 §2.5, §3.2; account keys K-066, K-068, K-069.

use plugin::{Abilities, Dtmf, DtmfRequest, DtmfStep, Refusal, Status};
use serde::Deserialize;

/// The only clock with `negotiate_only_8khz`, and the unit with `duration_in_8khz`. Unit: per second.
const NARROW_CLOCK_HZ: u32 = 8_000;
/// Shortest sound that every receiver must recognise. Unit: ms. Source: ITU-T Q.24.
const SHORTEST_MS: u32 = 40;
/// Longest sound of one key. Unit: ms.
const LONGEST_MS: u32 = 60_000;
/// A flash is an instant, not a state: its duration says nothing. Unit: ms. Source: RFC 4733 §2.3.5.
const FLASH_MS: u32 = 100;
/// Event of hook flash. Source: RFC 4733 §7, table 7.
const FLASH: u8 = 16;

/// The method's options, a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Only telephone-event/8000, whatever the codec's clock (K-068).
    pub negotiate_only_8khz: bool,
    /// With the former and another codec clock: durations count 1/8000 s, not codec ticks (K-069).
    pub duration_in_8khz: bool,
    /// How loud a gateway is to make the tone: below 0 dBm0. Unit: dB. Range: 0 to 63.
    pub volume: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            negotiate_only_8khz: true,
            duration_in_8khz: false,
            volume: 10,
        }
    }
}

impl Options {
    /// Reads the options; empty text is the defaults.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let options: Self = serde_json::from_str(text)
            .map_err(|e| Refusal::new(Status::BAD_ARGUMENT, format!("options: {e}")))?;
        if options.volume > 63 {
            let why = format!("options: volume {} is not in 0 to 63", options.volume);
            return Err(Refusal::new(Status::BAD_ARGUMENT, why));
        }
        Ok(options)
    }

    /// What the duration field counts in, for this codec and event clock; `None` where events cannot
    /// be sent.
    fn duration_clock_hz(self, codec_hz: u32, event_hz: Option<u32>) -> Option<u32> {
        let event_hz = event_hz?;
        if !self.negotiate_only_8khz {
            return Some(event_hz);
        }
        if event_hz != NARROW_CLOCK_HZ {
            return None;
        }
        Some(match self.duration_in_8khz {
            true => NARROW_CLOCK_HZ,
            false => codec_hz,
        })
    }
}

/// The method. It has no instance: telephone-events are heard by the host.
#[derive(Debug)]
pub struct TelephoneEvent;

impl Dtmf for TelephoneEvent {
    const NAME: &'static str = "rfc2833";
    const ABILITIES: Abilities = Abilities {
        sends_events: true,
        sends_info: false,
        sends_tones: false,
        hears_tones: false,
        hears_info: false,
    };

    fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
        let options = Options::read(request.options)?;
        let clock = options.duration_clock_hz(request.codec_clock_hz, request.event_clock_hz);
        let duration_clock_hz = clock.filter(|&hz| hz > 0).ok_or_else(|| {
            Refusal::new(Status::UNSUPPORTED, "telephone-event was not negotiated")
        })?;
        let event = event_of(request.key)
            .ok_or_else(|| Refusal::new(Status::BAD_ARGUMENT, "not on a keypad"))?;
        let duration_ms = match event {
            FLASH => FLASH_MS,
            _ => request.duration_ms.clamp(SHORTEST_MS, LONGEST_MS),
        };
        Ok(vec![DtmfStep::Event {
            at_ms: 0,
            duration_ms,
            event,
            volume: options.volume,
            duration_clock_hz,
        }])
    }
}

/// The event of a key. Source: RFC 4733 §3.2, table 3.
const fn event_of(key: char) -> Option<u8> {
    match key {
        '0'..='9' => Some(key as u8 - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        'A'..='D' => Some(key as u8 - b'A' + 12),
        '!' => Some(FLASH),
        _ => None,
    }
}

plugin::export_dtmf!(
    TelephoneEvent,
    id = "dtmf-rfc4733",
    name = "Keys as RTP telephone-events",
    permissions = [],
    config = r#"{"negotiate_only_8khz":{"type":"boolean","default":true,"help":"only telephone-event/8000, whatever the codec's clock"},"duration_in_8khz":{"type":"boolean","default":false,"help":"count durations in 1/8000 s also beside a codec of another clock"},"volume":{"type":"integer","default":10,"min":0,"max":63,"help":"level of the tone below 0 dBm0, in dB"}}"#
);

#[cfg(test)]
mod tests;
