//! What a plugin is for.

use plugin_abi as abi;

/// A kind of plugin: one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Audio to payload and back.
    Codec,
    /// Microphones and loudspeakers.
    Audio,
    /// Keys, sent and heard.
    Dtmf,
    /// Calls, kept.
    Recorder,
    /// Steps on the microphone's or the loudspeaker's way.
    Filter,
    /// Paths through address translators.
    Nat,
    /// Keys for media.
    Security,
    /// Faces.
    Ui,
    /// People and their numbers.
    Directory,
    /// Sounds that no peer makes.
    Tone,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Codec,
        Self::Audio,
        Self::Dtmf,
        Self::Recorder,
        Self::Filter,
        Self::Nat,
        Self::Security,
        Self::Ui,
        Self::Directory,
        Self::Tone,
    ];

    /// As manifests spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Codec => "codec",
            Self::Audio => "audio",
            Self::Dtmf => "dtmf",
            Self::Recorder => "recorder",
            Self::Filter => "filter",
            Self::Nat => "nat",
            Self::Security => "security",
            Self::Ui => "ui",
            Self::Directory => "directory",
            Self::Tone => "tone",
        }
    }

    /// Id of its table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Codec => abi::CODEC_ID,
            Self::Audio => abi::AUDIO_ID,
            Self::Dtmf => abi::DTMF_ID,
            Self::Recorder => abi::RECORDER_ID,
            Self::Filter => abi::FILTER_ID,
            Self::Nat => abi::NAT_ID,
            Self::Security => abi::SECURITY_ID,
            Self::Ui => abi::UI_ID,
            Self::Directory => abi::DIRECTORY_ID,
            Self::Tone => abi::TONE_ID,
        }
    }

    /// Whether its boundary is a draft: it may change. No engine uses one of these kinds yet.
    pub const fn is_draft(self) -> bool {
        match self {
            Self::Codec
            | Self::Audio
            | Self::Dtmf
            | Self::Recorder
            | Self::Filter
            | Self::Directory
            | Self::Ui => false,
            Self::Nat | Self::Security | Self::Tone => true,
        }
    }

    /// `None` when this host does not know it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
