//! What the engine asks a plugin's process, and what it answers. Plain words, as JSON.

use super::machines::{NatIn, NatOut, SecurityIn, SecurityOut};
use crate::Figure;
use crate::config::Options;
use plugin::{
    Abilities, CodecFormat, DtmfHeard, DtmfStep, FormatRule, PacketTimes, Refusal, RuleKind,
    Status, Tones,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// To the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Shut yourself in, then load the library that comes with it.
    Begin {
        /// Where it was read, for the words of an error.
        path: PathBuf,
        kind: String,
        permissions: Vec<String>,
        host: (String, String),
        options: Options,
    },
    /// The numbers that it shows.
    Figures,
    Fmtp {
        index: usize,
        options: String,
    },
    Devices,
    ToneNames,
    Plan {
        key: char,
        duration_ms: u32,
        peer_takes_info: bool,
        codec_clock_hz: u32,
        event_clock_hz: Option<u32>,
        options: String,
    },
    HearInfo {
        content_type: String,
        body: String,
    },
    /// With the memory of its rings.
    Media(Media),
    /// With a socket of its own.
    Talk(Talk),
}

/// A media instance, to be opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Media {
    Codec {
        index: usize,
        fmtp: String,
        options: String,
    },
    Filter {
        is_speaker: bool,
        sample_rate_hz: u32,
        options: String,
    },
    Audio {
        request: String,
    },
    Listener {
        sample_rate_hz: u32,
        options: String,
    },
    Tone {
        name: String,
        sample_rate_hz: u32,
        options: String,
    },
}

/// An instance that is spoken to, to be opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Talk {
    Recorder {
        sample_rate_hz: u32,
        channels: u32,
        started_unix_ms: u64,
        path: String,
        metadata: String,
        options: String,
    },
    Nat {
        request: String,
        seed: u64,
    },
    Security {
        request: String,
        seed: [u8; 32],
    },
    /// With a second socket, for its commands.
    Ui {
        options: String,
    },
    Directory {
        options: String,
    },
}

/// To one instance, over its own socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Say {
    /// The samples are the bytes beside it.
    Write {
        at_ms: u64,
    },
    Mark {
        mark: i32,
        at_ms: u64,
        note: String,
    },
    Sync,
    Close,
    NatInput {
        input: NatIn,
        now_ns: u64,
    },
    SecurityInput {
        input: SecurityIn,
        now_ns: u64,
    },
    Poll,
    /// To a face; from a face, a command.
    Event {
        json: String,
    },
    Search {
        query: String,
    },
}

/// From the process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Done,
    Begun(Box<Begun>),
    Text(String),
    Figures(BTreeMap<String, Figure>),
    Steps(Vec<Step>),
    Heard(Option<(char, bool, u32)>),
    Closed {
        status: i32,
        said: String,
    },
    /// What comes with it is in the bytes beside.
    Nat(Option<NatOut>),
    Security(Option<SecurityOut>),
    Refused {
        status: i32,
        reason: String,
    },
}

impl Answer {
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::Refused {
            status: refusal.status.0,
            reason: refusal.reason,
        }
    }

    pub(crate) fn settled(done: Result<(), Status>) -> Self {
        done.map_or_else(|status| Self::refused(status.into()), |()| Self::Done)
    }

    pub(crate) fn told(said: Result<String, Refusal>) -> Self {
        said.map_or_else(Self::refused, Self::Text)
    }
}

/// Who was loaded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) vendor: String,
    pub(crate) licence: String,
    /// Of a codec.
    pub(crate) formats: Vec<Format>,
    /// Of a DTMF method: name and abilities.
    pub(crate) dtmf: Option<(String, [bool; 5])>,
    /// What a recorder says of its files.
    pub(crate) recorder: Option<String>,
    /// What of the sandbox this kernel does not have.
    pub(crate) open: Vec<String>,
}

pub(crate) fn abilities(flags: [bool; 5]) -> Abilities {
    let [
        sends_events,
        sends_info,
        sends_tones,
        hears_tones,
        hears_info,
    ] = flags;
    Abilities {
        sends_events,
        sends_info,
        sends_tones,
        hears_tones,
        hears_info,
    }
}

pub(crate) fn flags(can: Abilities) -> [bool; 5] {
    [
        can.sends_events,
        can.sends_info,
        can.sends_tones,
        can.hears_tones,
        can.hears_info,
    ]
}

/// A codec's format.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Format {
    name: String,
    clock_rate_hz: u32,
    rtp_channels: u8,
    sample_rate_hz: u32,
    channels: u8,
    payload_type: Option<u8>,
    packet_times: Vec<u32>,
    packet_time_ms: u32,
    max_payload: usize,
    can: [bool; 4],
    fmtp: String,
    rules: Vec<(String, String, i32)>,
}

impl Format {
    pub(crate) fn of(format: &CodecFormat) -> Self {
        Self {
            name: format.name.clone(),
            clock_rate_hz: format.clock_rate_hz,
            rtp_channels: format.rtp_channels,
            sample_rate_hz: format.sample_rate_hz,
            channels: format.channels,
            payload_type: format.payload_type,
            packet_times: format.packet_times.iter().collect(),
            packet_time_ms: format.packet_time_ms,
            max_payload: format.max_payload,
            can: [
                format.conceals,
                format.recovers,
                format.goes_silent,
                format.variable_rate,
            ],
            fmtp: format.fmtp.clone(),
            rules: format
                .rules
                .iter()
                .map(|rule| (rule.name.clone(), rule.default.clone(), rule.kind as i32))
                .collect(),
        }
    }

    /// `None` when its values are out of range: the process is not believed.
    pub(crate) fn read(self, index: usize) -> Option<CodecFormat> {
        let sane = matches!(self.sample_rate_hz, 8_000 | 16_000 | 48_000)
            && matches!((self.channels, self.rtp_channels), (1 | 2, 1 | 2))
            && self.clock_rate_hz > 0
            && self.payload_type.is_none_or(|t| t < 128)
            && self.rules.len() <= 64;
        let [conceals, recovers, goes_silent, variable_rate] = self.can;
        let rules = self
            .rules
            .into_iter()
            .map(|(name, default, kind)| FormatRule {
                name,
                default,
                kind: [
                    RuleKind::Equal,
                    RuleKind::Min,
                    RuleKind::Max,
                    RuleKind::List,
                    RuleKind::Ignore,
                    RuleKind::Both,
                ]
                .into_iter()
                .find(|known| *known as i32 == kind)
                .unwrap_or(RuleKind::Opaque),
            });
        sane.then(|| CodecFormat {
            index,
            name: self.name,
            clock_rate_hz: self.clock_rate_hz,
            rtp_channels: self.rtp_channels,
            sample_rate_hz: self.sample_rate_hz,
            channels: self.channels,
            payload_type: self.payload_type,
            packet_times: PacketTimes::of(&self.packet_times),
            packet_time_ms: self.packet_time_ms,
            max_payload: self.max_payload,
            conceals,
            recovers,
            goes_silent,
            variable_rate,
            fmtp: self.fmtp,
            rules: rules.collect(),
        })
    }
}

/// A step of a DTMF plan.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    Event(u32, u32, u8, u8, u32),
    Info(u32, String, String),
    Tone(u32, u32, [u32; 2], [i32; 2]),
}

impl Step {
    pub(crate) fn of(step: DtmfStep) -> Self {
        match step {
            DtmfStep::Event {
                at_ms,
                duration_ms,
                event,
                volume,
                duration_clock_hz,
            } => Self::Event(at_ms, duration_ms, event, volume, duration_clock_hz),
            DtmfStep::Info {
                at_ms,
                content_type,
                body,
            } => Self::Info(at_ms, content_type, body),
            DtmfStep::Tone {
                at_ms,
                duration_ms,
                tones,
            } => Self::Tone(
                at_ms,
                duration_ms,
                [tones.low_centihertz, tones.high_centihertz],
                [tones.low_centibels, tones.high_centibels],
            ),
        }
    }

    pub(crate) fn read(self) -> DtmfStep {
        match self {
            Self::Event(at_ms, duration_ms, event, volume, duration_clock_hz) => DtmfStep::Event {
                at_ms,
                duration_ms,
                event,
                volume,
                duration_clock_hz,
            },
            Self::Info(at_ms, content_type, body) => DtmfStep::Info {
                at_ms,
                content_type,
                body,
            },
            Self::Tone(at_ms, duration_ms, [low, high], [low_cb, high_cb]) => DtmfStep::Tone {
                at_ms,
                duration_ms,
                tones: Tones {
                    low_centihertz: low,
                    high_centihertz: high,
                    low_centibels: low_cb,
                    high_centibels: high_cb,
                },
            },
        }
    }
}

/// A key in words, and back; `None` when it is none.
pub(crate) fn heard(key: char, released: bool, duration_ms: u32) -> Option<DtmfHeard> {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D' | '!').then_some(DtmfHeard {
        key,
        released,
        duration_ms,
    })
}
