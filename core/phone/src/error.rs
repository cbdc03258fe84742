//! What can be wrong before a phone starts.

use control::{Code, ErrorObject};

/// Everything that keeps settings from becoming a phone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An account names a password that cannot be read.
    #[error("account {account}: {why}")]
    Password {
        /// The account's id.
        account: String,
        /// What the system said.
        why: settings::Unreadable,
    },
    /// An account's user, domain or server is no SIP address.
    #[error("account {account}: '{text}' is no SIP address")]
    BadAddress {
        /// The account's id.
        account: String,
        /// What was written.
        text: String,
    },
    /// None of the codecs that the settings name is there.
    #[error("no plugin brings any of the codecs that media.codecs names: {0}")]
    NoCodec(String),
    /// Options of plugins that their manifests do not allow.
    #[error(transparent)]
    Options(settings::Complaints),
    /// A codec does not understand what is set of it.
    #[error("[{table}] {}", said(why))]
    CodecOption {
        /// The table of the settings.
        table: String,
        /// What its plugin said.
        why: plugin_host::Error,
    },
    /// Microphone and loudspeaker are of two plugins.
    #[error(
        "media.microphone is {microphone} and media.speaker is {speaker}; both must be of one plugin"
    )]
    TwoDevices {
        /// Plugin of the microphone.
        microphone: String,
        /// Plugin of the loudspeaker.
        speaker: String,
    },
    /// A face that the settings name cannot be there.
    #[error("control.faces names {plugin}: {why}")]
    Face {
        /// The plugin's id.
        plugin: String,
        /// Why not.
        why: String,
    },
    /// A tone's file cannot be played.
    #[error("{owner}: {key}: {why}")]
    Tone {
        /// The account's id, or that of the table for all.
        owner: String,
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The folder for recordings cannot be made.
    #[error("the folder for recordings, {}, cannot be made: {source}", folder.display())]
    Folder {
        /// As named.
        folder: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Media threads, ports, plugins or devices.
    #[error(transparent)]
    Voice(#[from] engine::voice::Error),
    /// Names cannot be looked up.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The system gives no unpredictable bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
}

impl Error {
    /// With code, cause and fix, for the person.
    pub fn explain(&self) -> ErrorObject {
        let code = match self {
            Self::Voice(why) => return why.explain(),
            Self::Password { .. } => Code::NO_PASSWORD,
            Self::BadAddress { .. } | Self::Options(_) => Code::BROKEN_SETTINGS,
            Self::NoCodec(_) => Code::PLUGIN_MISSING,
            Self::Face { .. } => Code::FACE_FAILED,
            Self::Folder { .. } => Code::FILE_UNREADABLE,
            Self::CodecOption { .. } | Self::TwoDevices { .. } | Self::Tone { .. } => {
                Code::BROKEN_SETTINGS
            }
            Self::Net(_) | Self::NoRandomness(_) => Code::NO_NETWORK,
        };
        ErrorObject::new(code, self.to_string())
    }
}

/// A plugin's own words, without the plugin's name.
fn said(why: &plugin_host::Error) -> String {
    if let plugin_host::Error::Open { refusal, .. } = why {
        return refusal.to_string();
    }
    why.to_string()
}
