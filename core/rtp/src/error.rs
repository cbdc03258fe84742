//! What can be wrong with a packet.

/// Anything that can go wrong while reading or writing RTP and RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not what they should be. The peer's fault.
    #[error("malformed {what}")]
    Malformed {
        /// What they should have been.
        what: &'static str,
    },
    /// The buffer to write into is too small. The caller's fault.
    #[error("{needed} bytes do not fit")]
    NoRoom {
        /// How much is needed. Unit: bytes.
        needed: usize,
    },
}
