//! What can be wrong with bytes.

/// The bytes are not what they claim to be. Always the peer's doing.
///
/// Source: RFC 3261 §25.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what} at byte {at}")]
pub struct Malformed {
    /// The grammar rule that failed, or the cap that was passed.
    pub what: &'static str,
    /// Offset into the message, or into the value where a value was parsed on its own. Unit: bytes.
    pub at: usize,
}

impl Malformed {
    /// `what` failed at offset `at`.
    pub const fn new(what: &'static str, at: usize) -> Self {
        Self { what, at }
    }

    /// The same complaint about text that starts at `start` of something larger.
    pub(crate) const fn shifted(self, start: usize) -> Self {
        Self {
            what: self.what,
            at: self.at + start,
        }
    }
}
