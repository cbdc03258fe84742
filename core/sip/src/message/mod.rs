//! Text messages in pager mode, both ways (RFC 3428).
//!
//! | file | holds |
//! | --- | --- |
//! | [`outgoing`] | one message of ours: sent, proved, delivered or not |
//! | [`incoming`] | what a MESSAGE says, and what is answered |

pub mod incoming;
pub mod outgoing;
#[cfg(test)]
mod tests;

/// Kind of body that is sent and read.
pub const PLAIN: &str = "text/plain";
/// Kinds that are read, as Accept says it (RFC 3428 §7).
pub const ACCEPT: &str = "text/plain";
/// Largest request over UDP, Via and all: a MESSAGE must not be cut into pieces. Unit: bytes.
/// Source: RFC 3428 §8.
pub const LARGEST: usize = 1_300;
/// Longest text over a transport that holds back by itself. Unit: bytes. Source: ours.
pub const LONGEST: usize = 16 * 1_024;
