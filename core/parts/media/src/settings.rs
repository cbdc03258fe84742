//! What the part is told when it is made.

use crate::Tones;
use sdp::Capability;
use std::collections::BTreeMap;

/// A codec's format as calls are to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// What it can do, and what we say of it.
    pub capability: Capability,
    /// What its plugin is told beside fmtp: a JSON object as the plugin documents it, or empty.
    pub options: String,
}

impl From<Capability> for Codec {
    /// Without options.
    fn from(capability: Capability) -> Self {
        Self {
            capability,
            options: String::new(),
        }
    }
}

/// What the part is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our codecs, in order of preference (M-031).
    pub codecs: Vec<Codec>,
    /// The same for accounts that want them otherwise, by name.
    pub accounts: BTreeMap<String, Vec<Codec>>,
    /// Digits go and come as telephone-event.
    pub telephone_event: bool,
    /// Only telephone-event/8000, whatever the clock of codecs (K-068).
    pub narrow_events: bool,
    /// Audio in one packet that we like to get. Unit: ms. `None`: what the codec declares.
    pub ptime_ms: Option<u16>,
    /// Longest packet that we can take. Unit: ms.
    pub max_ptime_ms: Option<u16>,
    /// What the other side of a held leg is sent.
    pub held: Held,
    /// Tones that tell the person how calls stand.
    pub tones: Tones,
    /// Legs at once. Past it a call is told that there is no media.
    pub legs: usize,
}

/// What the other side of a held leg is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Held {
    /// No RTP; RTCP goes on.
    #[default]
    Nothing,
    /// Silence, for networks that close a way on which nothing goes.
    Silence,
}
