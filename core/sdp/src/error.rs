//! What can be wrong with a description, and why media was refused.

use serde::{Deserialize, Serialize};

/// Anything that can go wrong while reading or negotiating a description. The peer is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a session description (RFC 8866 §9), even read with good will.
    #[error("malformed session description: {0}")]
    Malformed(String),
    /// More of something than this phone reads.
    #[error("session description has more than {max} {what}")]
    TooMany {
        /// What there was too much of.
        what: &'static str,
        /// The cap.
        max: usize,
    },
    /// Media was asked for and none of it can be had. One reason per m= section, in their order.
    #[error("no media in common: {}", list(.0))]
    NothingInCommon(Vec<Refusal>),
}

/// Why one m= section is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Whoever offered it switched it off with port 0 (RFC 3264 §5.1).
    Disabled,
    /// The peer answered our section with port 0 (RFC 3264 §6).
    Declined,
    /// We have no media of this kind, or no more of it.
    Kind,
    /// The transport protocol is not one we speak, such as RTP/SAVP without keying.
    Protocol,
    /// The address is multicast, or of a family our socket cannot reach.
    Address,
    /// No codec in common.
    Formats,
    /// The answer has no such section (RFC 3264 §6 demands one).
    Missing,
}

impl Error {
    /// The status that tells the peer: 400, 413, or 488 (RFC 3261 §21.4.26).
    pub fn sip_status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::TooMany { .. } => 413,
            Self::NothingInCommon(_) => 488,
        }
    }

    /// Code and text for a Warning header (RFC 3261 §20.43) that goes with the status.
    pub fn warning(&self) -> (u16, &'static str) {
        match self {
            Self::Malformed(_) => (399, "Session description not understood"),
            Self::TooMany { .. } => (399, "Session description too large"),
            Self::NothingInCommon(refusals) => warning(refusals),
        }
    }
}

/// The most telling refusal: whoever came closest to working.
fn warning(refusals: &[Refusal]) -> (u16, &'static str) {
    if refusals.contains(&Refusal::Formats) {
        (305, "Incompatible media format")
    } else if refusals.contains(&Refusal::Address) {
        (301, "Incompatible network address formats")
    } else if refusals.contains(&Refusal::Protocol) {
        (302, "Incompatible transport protocol")
    } else {
        (304, "Media type not available")
    }
}

fn list(refusals: &[Refusal]) -> String {
    let words: Vec<&str> = refusals
        .iter()
        .map(|refusal| match refusal {
            Refusal::Disabled => "switched off",
            Refusal::Declined => "declined by the peer",
            Refusal::Kind => "kind of media not available",
            Refusal::Protocol => "transport protocol not available",
            Refusal::Address => "address not reachable",
            Refusal::Formats => "no codec in common",
            Refusal::Missing => "section missing in the answer",
        })
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_status_and_a_warning() {
        let all = [
            Error::Malformed("x".into()),
            Error::TooMany {
                what: "m= lines",
                max: 16,
            },
            Error::NothingInCommon(vec![Refusal::Kind, Refusal::Formats]),
            Error::NothingInCommon(vec![Refusal::Kind, Refusal::Address]),
            Error::NothingInCommon(vec![Refusal::Protocol, Refusal::Kind]),
            Error::NothingInCommon(vec![Refusal::Kind]),
        ];
        let told: Vec<_> = all
            .iter()
            .map(|e| (e.sip_status(), e.warning().0))
            .collect();
        assert_eq!(
            told,
            [
                (400, 399),
                (413, 399),
                (488, 305),
                (488, 301),
                (488, 302),
                (488, 304)
            ]
        );
    }
}
