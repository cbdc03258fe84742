//! How large the rings are.

/// Requests that may wait for their reply.
pub(crate) const SLOTS: u32 = 8;
/// What comes with a request or reply at most: 120 ms at 48 kHz. Unit: bytes.
pub(crate) const ROOM: usize = 11_520;
