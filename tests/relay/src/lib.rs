//! A UDP relay between two real peers that treats packets badly, the same way for the same seed.
//!
//! What it is not: it proves nothing by itself and knows no machine of the engine; it reads SIP as
//! text, so that a fault of the engine's parser cannot hide behind it.
//!
//! | file | holds |
//! | --- | --- |
//! | [`link`] | [`Link`], what happens to packet number n; no socket, no clock; the simulation uses it too |
//! | [`relay`] | [`Relay`], sockets and a thread that carry out what links decide |
//! | [`sip`] | [`SipAwareRelay`], which also takes the media of every call through itself |
//! | [`rewrite`] | SIP and SDP as text, with addresses exchanged |

pub mod link;
pub mod relay;
pub mod rewrite;
pub mod sip;

pub use link::{Jitter, Link, LinkSettings, Loss, Passage};
pub use relay::{Counts, Direction, Ends, PathId, Relay};
pub use sip::{SipAwareRelay, SipRelaySettings};
