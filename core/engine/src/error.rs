//! Why an engine does not start.

use control::{Code, ErrorObject};
use std::path::PathBuf;

/// Everything that keeps an engine from starting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A socket cannot be had.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// Nothing here speaks that transport.
    #[error("this engine does not listen by {0}; udp and tcp are possible")]
    Transport(sip::Transport),
    /// Another engine answers on the control socket.
    #[error("an engine runs already and answers at {}", .0.display())]
    EngineRuns(PathBuf),
    /// The control socket cannot be made.
    #[error("control socket {}: {source}", path.display())]
    ControlSocket {
        /// Where it was to be.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A part that others cannot do without is not in the host's list.
    #[error("the host's list lacks the parts {0}")]
    MissingParts(String),
    /// The thread that keeps history and contacts.
    #[error("no thread for history and contacts: {0}")]
    Store(#[source] std::io::Error),
    /// Media threads, codecs or devices.
    #[error("{0}")]
    Voice(#[source] crate::voice::Error),
}

impl Error {
    /// With code, cause and fix, for the person.
    pub fn explain(&self) -> ErrorObject {
        let code = match self {
            Self::Net(net::Error::PortInUse { .. }) => Code::PORT_IN_USE,
            Self::EngineRuns(_) => Code::ENGINE_RUNS,
            Self::Net(_) | Self::Transport(_) => Code::BAD_LISTEN_ADDRESS,
            Self::ControlSocket { .. } => Code::BAD_SOCKET,
            Self::MissingParts(_) => Code::USAGE,
            Self::Store(_) => Code::STORE_FAILED,
            Self::Voice(why) => return why.explain(),
        };
        ErrorObject::new(code, self.to_string())
    }
}
