//! What can be wrong, in words for people.

use url::Url;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no address, or not one of HTTP.
    #[error("{0:?} is no address of HTTP: allowed are http://… and https://…")]
    BadAddress(String),
    /// This build speaks no TLS.
    #[error("{0} wants TLS, which this build does not have")]
    NoTls(String),
    /// A header field cannot be sent.
    #[error("the request cannot be sent: {0}")]
    BadRequest(String),
    /// Nobody is there, or the way is broken.
    #[error("{server} cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        server: String,
        /// What the system says.
        why: String,
    },
    /// It took too long.
    #[error("{server} does not answer within {ms} ms")]
    TimedOut {
        /// Its address.
        server: String,
        /// The limit. Unit: ms.
        ms: u128,
    },
    /// What came is no HTTP.
    #[error("{server} answers with something that is no HTTP: {why}")]
    Garbage {
        /// Its address.
        server: String,
        /// What is wrong.
        why: String,
    },
    /// The answer is too long.
    #[error("{server} sends more than {most} bytes")]
    TooLarge {
        /// Its address.
        server: String,
        /// The limit. Unit: bytes.
        most: u64,
    },
    /// Sent on too often.
    #[error("{server} sends us on for the {}th time", most + 1)]
    TooManyRedirects {
        /// Who did so last.
        server: String,
        /// The limit.
        most: u32,
    },
    /// Sent to an address that is none, or that we do not follow to.
    #[error("{server} sends us to {to:?}: {why}")]
    BadRedirect {
        /// Who did.
        server: String,
        /// Where to.
        to: String,
        /// Why we do not go.
        why: &'static str,
    },
    /// The server asks for a password and there is none for it.
    #[error("{0} asks for a password")]
    NoPassword(String),
    /// The server does not take the password.
    #[error("{server} does not take the password of {user:?}")]
    WrongPassword {
        /// Who.
        server: String,
        /// The name.
        user: String,
    },
    /// The password would go over the net so that anybody can read it.
    #[error("{0} wants the password unprotected, over a net where others can read it")]
    ClearPassword(String),
    /// The server asks in a way that is not known here.
    #[error("{0} asks for the password in a way that is not known here")]
    UnknownScheme(String),
}

impl Error {
    /// What a person can do.
    pub const fn fix(&self) -> &'static str {
        match self {
            Self::BadAddress(_) => "write the address with http:// or https:// and a server",
            Self::NoTls(_) => "use http:// inside a net that you trust, until there is TLS",
            Self::BadRequest(_) => "this is a mistake of the program: report it",
            Self::Unreachable { .. } => "see whether the address is right and the server runs",
            Self::TimedOut { .. } => "see whether the server is overloaded, or the net drops it",
            Self::Garbage { .. } => "see whether the port is that of an HTTP server",
            Self::TooLarge { .. } => "ask for less, or for a part",
            Self::TooManyRedirects { .. } | Self::BadRedirect { .. } => {
                "give the address at which the server really answers"
            }
            Self::NoPassword(_) => "set user name and password",
            Self::WrongPassword { .. } => "see whether user name and password are right",
            Self::ClearPassword(_) => {
                "use an address with https://, or allow it where nobody else listens"
            }
            Self::UnknownScheme(_) => "allow Digest or Basic at the server",
        }
    }
}

/// Scheme, name and port: what an error may say of an address, which can hold secrets behind it.
pub(crate) fn server(url: &Url) -> String {
    url.origin().ascii_serialization()
}
