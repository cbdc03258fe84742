//! Why there is no TLS connection, each reason for itself: what to do differs.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why there is no TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The certificate's time is over, since this long.
    Expired(Duration),
    /// The certificate's time begins in this long.
    NotYetValid(Duration),
    /// It vouches for itself, and is not among the authorities.
    SelfSigned,
    /// No authority that is believed vouches for it, or what lies between was not sent.
    UnknownAuthority,
    /// It proves other names than that of whom we want to reach.
    WrongName {
        /// Whom we want to reach.
        wanted: Vec<String>,
        /// What it proves.
        shown: Vec<String>,
    },
    /// It has no subject alternative name at all; a common name proves nothing (RFC 5922 §7.1).
    NoName,
    /// It was made for something else than servers (RFC 5280 §4.2.1.12).
    WrongPurpose,
    /// It is an authority's own, which may not answer for a server.
    Authority,
    /// Its key is too short. Unit: bit.
    WeakKey(usize),
    /// Its key is none of those that were pinned; this is its fingerprint.
    NotPinned(String),
    /// A signature in the chain is wrong, or of a kind that proves nothing any more.
    BadSignature,
    /// It cannot be read.
    Unreadable,
    /// It may not be used, for this other reason.
    Unfit(String),
    /// The server wants a certificate of ours, and got none.
    WantsOurs,
    /// The server does not take our certificate.
    RefusesOurs(String),
    /// No version and no cipher suite in common: TLS 1.2 with forward secrecy is the least.
    NothingInCommon,
    /// What answers there speaks no TLS.
    NotTls,
    /// Anything else that rustls says.
    Other(String),
}

impl Refusal {
    /// The refusal that an error of a stream carries, if it is one of TLS.
    pub fn of(problem: &io::Error) -> Option<Self> {
        let inner = problem.get_ref()?.downcast_ref::<Error>()?;
        Some(Self::from(inner))
    }

    /// As the error that rustls hands through.
    pub(super) fn into_error(self) -> Error {
        let other = rustls::OtherError(Arc::new(self));
        Error::InvalidCertificate(CertificateError::Other(other))
    }

    /// Whether our own side has to do something: everybody else can do nothing about it.
    pub fn is_about_ours(&self) -> bool {
        matches!(self, Self::WantsOurs | Self::RefusesOurs(_))
    }
}

impl std::error::Error for Refusal {}

impl From<&Error> for Refusal {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls's errors grow; what is not named is told in its words"
    )]
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(CertificateError::Other(other)) => {
                match other.0.downcast_ref::<Self>() {
                    Some(own) => own.clone(),
                    None => Self::Unfit(other.0.to_string()),
                }
            }
            Error::InvalidCertificate(CertificateError::BadSignature) => Self::BadSignature,
            Error::AlertReceived(AlertDescription::CertificateRequired) => Self::WantsOurs,
            Error::AlertReceived(
                alert @ (AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied),
            ) => Self::RefusesOurs(format!("{alert:?}")),
            Error::AlertReceived(
                AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure,
            )
            | Error::PeerIncompatible(_) => Self::NothingInCommon,
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls,
            other => Self::Other(other.to_string()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(since) => write!(f, "its certificate expired {} ago", span(*since)),
            Self::NotYetValid(until) => {
                write!(f, "its certificate is valid only in {}", span(*until))
            }
            Self::SelfSigned => f.write_str("its certificate vouches for itself"),
            Self::UnknownAuthority => {
                f.write_str("no authority that is trusted here vouches for its certificate")
            }
            Self::WrongName { wanted, shown } => {
                let wanted = wanted.join(" nor ");
                match shown.as_slice() {
                    [] => write!(f, "its certificate is not of {wanted}"),
                    shown => write!(
                        f,
                        "its certificate is of {}, not of {wanted}",
                        shown.join(", ")
                    ),
                }
            }
            Self::NoName => {
                f.write_str("its certificate has a common name only, which proves nothing")
            }
            Self::WrongPurpose => f.write_str("its certificate is not for servers"),
            Self::Authority => f.write_str("its certificate is an authority's, not a server's"),
            Self::WeakKey(bits) => write!(f, "the key of its certificate has {bits} bits only"),
            Self::NotPinned(pin) => write!(f, "its key {pin} is none of those that were pinned"),
            Self::BadSignature => {
                f.write_str("a signature of its certificate is wrong or outdated")
            }
            Self::Unreadable => f.write_str("its certificate cannot be read"),
            Self::Unfit(why) => write!(f, "its certificate may not be used: {why}"),
            Self::WantsOurs => f.write_str("it wants a certificate of this account"),
            Self::RefusesOurs(alert) => {
                write!(
                    f,
                    "it does not take the certificate of this account ({alert})"
                )
            }
            Self::NothingInCommon => {
                f.write_str("it has no version or cipher of TLS that is good enough")
            }
            Self::NotTls => f.write_str("it does not speak TLS there"),
            Self::Other(why) => write!(f, "TLS failed: {why}"),
        }
    }
}

/// A time as people say it.
fn span(time: Duration) -> String {
    let (hours, days) = (time.as_secs() / 3600, time.as_secs() / 86_400);
    match (days, hours) {
        (0, 0) => "less than an hour".to_owned(),
        (0, 1) => "an hour".to_owned(),
        (0, hours) => format!("{hours} hours"),
        (1, _) => "a day".to_owned(),
        (days, _) => format!("{days} days"),
    }
}
