//! What voice can lack.

use control::{Code, ErrorObject};

/// Everything that keeps media threads, codecs or devices from starting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Ports or sockets.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// A plugin is missing, refused, or cannot open what is asked.
    #[error(transparent)]
    Plugin(#[from] plugin_host::Error),
    /// The thread that writes recordings cannot start.
    #[error("the thread that writes recordings cannot start: {0}")]
    Writer(std::io::Error),
    /// The media thread refuses.
    #[error(transparent)]
    Media(#[from] media_thread::Error),
    /// A device runs at a rate that cannot be mixed.
    #[error("a device at {0} Hz cannot be mixed; 8000, 16000 and 48000 can")]
    Rate(u32),
    /// A request for a device is not JSON as the plugin documents it.
    #[error("the request for a device is not understood: {0}")]
    Request(#[from] serde_json::Error),
}

impl Error {
    /// With code, cause and fix, for the person.
    pub fn explain(&self) -> ErrorObject {
        let code = match self {
            Self::Net(_) => Code::NO_MEDIA_PORT,
            Self::Plugin(plugin_host::Error::Open { plugin, .. }) if plugin == "audio-file" => {
                Code::SOUND_FILE
            }
            Self::Plugin(plugin_host::Error::Open { .. }) | Self::Rate(_) | Self::Request(_) => {
                Code::SOUND_DEVICE
            }
            Self::Plugin(_) => Code::PLUGIN_MISSING,
            Self::Media(_) => Code::SOUND_DEVICE,
            Self::Writer(_) => Code::RECORDING_FAILED,
        };
        ErrorObject::new(code, self.to_string())
    }
}
