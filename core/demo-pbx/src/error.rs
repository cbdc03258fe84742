//! Why a PBX does not start.

use control::{Code, ErrorObject};
use std::path::PathBuf;

/// Everything that keeps a PBX from starting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine below it does not start.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// Ports, codecs or devices.
    #[error(transparent)]
    Voice(#[from] engine::voice::Error),
    /// The name servers' settings cannot be read, or no port is free.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// A plugin is not in the host's list that an extension cannot do without.
    #[error("the host's list lacks the plugin {0}, which extensions need")]
    PluginMissing(String),
    /// No port is free for both UDP and TCP.
    #[error("no port of {0} is free for both UDP and TCP")]
    NoPort(std::net::IpAddr),
    /// What Bob says cannot be written.
    #[error("cannot write {}: {why}", path.display())]
    Greeting {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A user is not written as `NAME:PASSWORD`.
    #[error("line {line}: a user is written NAME:PASSWORD, with neither of them empty")]
    User {
        /// Which of them. Range: 1 and up.
        line: usize,
    },
}

impl Error {
    /// With code, cause and fix, for the person.
    pub fn explain(&self) -> ErrorObject {
        let code = match self {
            Self::Engine(why) => return why.explain(),
            Self::Voice(why) => return why.explain(),
            Self::Net(net::Error::PortInUse { .. }) => Code::PORT_IN_USE,
            Self::Net(_) | Self::NoPort(_) => Code::BAD_LISTEN_ADDRESS,
            Self::PluginMissing(_) => Code::PLUGIN_MISSING,
            Self::Greeting { .. } => Code::FILE_UNREADABLE,
            Self::User { .. } => {
                let fix = "write one user a line, such as 101:secret";
                return ErrorObject::new(Code::USAGE, self.to_string()).fix(fix);
            }
        };
        ErrorObject::new(code, self.to_string())
    }
}
