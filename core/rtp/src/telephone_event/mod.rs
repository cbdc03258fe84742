//! Keypad digits on the wire, both ways. Source: RFC 4733 §2.
//!
//! [`EventSender`] turns keys into packets, [`EventReceiver`] turns packets into keys, each once,
//! whatever the network loses, doubles or reorders.

mod receive;
mod send;

pub use receive::{EventReceiver, Heard};
pub use send::{EventSender, Press, ToSend};

use serde::{Deserialize, Serialize};

/// Size of the payload. Unit: bytes.
pub const PAYLOAD_LEN: usize = 4;

/// What one packet says (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// 0–9, 10 `*`, 11 `#`, 12–15 A–D; others mean other things (flash is 16).
    pub event: u8,
    /// Last packet of the event, or a repeat of it.
    pub end: bool,
    /// Power of the tone. Unit: −dBm0. Range: 0 to 63.
    pub volume: u8,
    /// From the event's timestamp on. Unit: ticks.
    pub duration: u16,
}

impl Payload {
    /// Reads a payload; `None` if it is too short. What follows the first event is skipped.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[event, flags, high, low] = payload.first_chunk()?;
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload's bytes.
    pub const fn to_bytes(self) -> [u8; PAYLOAD_LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.event,
            (self.end as u8) << 7 | self.volume & 0x3f,
            high,
            low,
        ]
    }
}

/// Hook flash (RFC 4733 §7, table 7).
const FLASH: u8 = 16;

/// The key of an event; `None` for an event that is no key.
pub const fn key_of(event: u8) -> Option<char> {
    match event {
        0..=9 => Some((b'0' + event) as char),
        10 => Some('*'),
        11 => Some('#'),
        12..=15 => Some((b'A' + event - 12) as char),
        FLASH => Some('!'),
        _ => None,
    }
}

/// The event of a key; `None` for what is on no keypad.
pub const fn event_of(key: char) -> Option<u8> {
    match key {
        '0'..='9' => Some(key as u8 - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        'A'..='D' => Some(key as u8 - b'A' + 12),
        'a'..='d' => Some(key as u8 - b'a' + 12),
        '!' => Some(FLASH),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
