//! How much of everything a peer may send.

/// Caps on what one message may hold. What passes them is refused, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of a whole datagram. Unit: bytes.
    pub datagram: usize,
    /// Size of the head on a stream, from the start line to the empty line. Unit: bytes.
    pub head: usize,
    /// Size of a body on a stream. Unit: bytes.
    pub body: usize,
    /// Size of one header line with its folds, and of the start line. Unit: bytes.
    pub line: usize,
    /// Header lines in one message.
    pub headers: usize,
}

impl Limits {
    /// What the engine allows by default.
    pub const DEFAULT: Self = Self {
        datagram: 64 * 1024,
        head: 64 * 1024,
        body: 1024 * 1024,
        line: 8 * 1024,
        headers: 128,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Via values in one message. RFC 4475 §3.1.1.7 (`longreq`), which is to be accepted, has 34.
pub const MAX_VIAS: usize = 64;
/// Values of Route or Record-Route in one message.
pub const MAX_ROUTES: usize = 32;
/// Contact values in one message.
pub const MAX_CONTACTS: usize = 64;
/// Values of any other list in one message.
pub const MAX_VALUES: usize = 128;
