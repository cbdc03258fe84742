//! What a plan is made of, and what a listener finds.

use plugin_abi as abi;
use plugin_abi::dtmf::{BODY_ROOM, CONTENT_TYPE_ROOM, STEP_EVENT, STEP_INFO, STEP_TONE};

/// One thing to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DtmfStep {
    /// A telephone-event. Source: RFC 4733 §2.5.
    Event {
        /// From the start of the plan. Unit: ms.
        at_ms: u32,
        /// Unit: ms.
        duration_ms: u32,
        /// Source: RFC 4733 §3.2.
        event: u8,
        /// Below 0 dBm0. Range: 0 to 63. Unit: dB.
        volume: u8,
        /// What its duration is counted in. Unit: per second.
        duration_clock_hz: u32,
    },
    /// One INFO request.
    Info {
        /// From the start of the plan. Unit: ms.
        at_ms: u32,
        /// At most 48 bytes of ASCII.
        content_type: String,
        /// At most 80 bytes of ASCII.
        body: String,
    },
    /// Two tones in the audio, in place of the microphone.
    Tone {
        /// From the start of the plan. Unit: ms.
        at_ms: u32,
        /// Unit: ms.
        duration_ms: u32,
        /// Which, and how loud.
        tones: Tones,
    },
}

/// Two tones at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tones {
    /// Unit: 1/100 Hz.
    pub low_centihertz: u32,
    /// Unit: 1/100 Hz.
    pub high_centihertz: u32,
    /// 0 is full scale. Unit: 1/100 dB.
    pub low_centibels: i32,
    /// 0 is full scale. Unit: 1/100 dB.
    pub high_centibels: i32,
}

/// A key that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtmfHeard {
    /// As in [`DtmfRequest::key`](super::DtmfRequest::key).
    pub key: char,
    /// It came up again; otherwise it went down.
    pub released: bool,
    /// How long it was held; 0 when it went down. Unit: ms.
    pub duration_ms: u32,
}

/// Whether `key` is one.
fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D' | '!')
}

impl DtmfHeard {
    pub(super) fn raw(self) -> abi::DtmfHeard {
        abi::DtmfHeard {
            key: u32::from(self.key),
            released: u32::from(self.released),
            duration_ms: self.duration_ms,
            reserved: 0,
        }
    }

    /// `None` when it is no key.
    pub(super) fn read(raw: &abi::DtmfHeard) -> Option<Self> {
        let key = char::from_u32(raw.key).filter(|&key| is_key(key))?;
        Some(Self {
            key,
            released: raw.released != 0,
            duration_ms: raw.duration_ms,
        })
    }
}

/// Nothing yet.
const EMPTY: abi::DtmfStep = abi::DtmfStep {
    kind: 0,
    at_ms: 0,
    duration_ms: 0,
    event: 0,
    volume: 0,
    duration_clock_hz: 0,
    low_centihertz: 0,
    high_centihertz: 0,
    low_centibels: 0,
    high_centibels: 0,
    content_type_len: 0,
    body_len: 0,
    content_type: [0; CONTENT_TYPE_ROOM],
    body: [0; BODY_ROOM],
};

impl DtmfStep {
    /// `None` when a text has no room.
    pub(super) fn raw(&self) -> Option<abi::DtmfStep> {
        Some(match self {
            Self::Event {
                at_ms,
                duration_ms,
                event,
                volume,
                duration_clock_hz,
            } => abi::DtmfStep {
                kind: STEP_EVENT,
                at_ms: *at_ms,
                duration_ms: *duration_ms,
                event: u32::from(*event),
                volume: u32::from(*volume),
                duration_clock_hz: *duration_clock_hz,
                ..EMPTY
            },
            Self::Info {
                at_ms,
                content_type,
                body,
            } => abi::DtmfStep {
                kind: STEP_INFO,
                at_ms: *at_ms,
                content_type_len: content_type.len() as u32,
                body_len: body.len() as u32,
                content_type: fixed(content_type)?,
                body: fixed(body)?,
                ..EMPTY
            },
            Self::Tone {
                at_ms,
                duration_ms,
                tones,
            } => abi::DtmfStep {
                kind: STEP_TONE,
                at_ms: *at_ms,
                duration_ms: *duration_ms,
                low_centihertz: tones.low_centihertz,
                high_centihertz: tones.high_centihertz,
                low_centibels: tones.low_centibels,
                high_centibels: tones.high_centibels,
                ..EMPTY
            },
        })
    }

    /// `None` when a value is out of its range or the kind is not known.
    pub(super) fn read(raw: &abi::DtmfStep) -> Option<Self> {
        let (at_ms, duration_ms) = (raw.at_ms, raw.duration_ms);
        match raw.kind {
            STEP_EVENT => Some(Self::Event {
                at_ms,
                duration_ms,
                event: u8::try_from(raw.event).ok()?,
                volume: u8::try_from(raw.volume).ok().filter(|&v| v < 64)?,
                duration_clock_hz: Some(raw.duration_clock_hz).filter(|&hz| hz > 0)?,
            }),
            STEP_INFO => Some(Self::Info {
                at_ms,
                content_type: text(&raw.content_type, raw.content_type_len)?,
                body: text(&raw.body, raw.body_len)?,
            }),
            STEP_TONE => Some(Self::Tone {
                at_ms,
                duration_ms,
                tones: Tones {
                    low_centihertz: raw.low_centihertz,
                    high_centihertz: raw.high_centihertz,
                    low_centibels: raw.low_centibels.min(0),
                    high_centibels: raw.high_centibels.min(0),
                },
            }),
            _ => None,
        }
    }

    /// An empty place for a plan.
    pub(super) const fn place() -> abi::DtmfStep {
        EMPTY
    }
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut room = [0; N];
    room.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(room)
}

fn text(room: &[u8], len: u32) -> Option<String> {
    let bytes = room.get(..len as usize)?;
    let text = core::str::from_utf8(bytes).ok()?;
    text.is_ascii().then(|| text.to_owned())
}
