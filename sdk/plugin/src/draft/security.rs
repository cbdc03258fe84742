//! Ways to agree on keys for media: machines without IO.

mod handle;
mod shims;

pub use handle::{SecurityHandle, SecurityInstance};
pub(crate) use shims::SecurityFace;

use crate::{Host, Refusal};
use core::net::SocketAddr;

/// One media's keying. It runs on control and does no IO of its own.
pub trait Security: Send + Sized + 'static {
    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// Makes a machine from a JSON object: `offering`, `required`, `suites`, `options`. `seed` is its only
    /// source of chance. Thread: \[control\].
    fn open(request: &str, seed: &[u8; 32]) -> Result<Self, Refusal>;

    /// Takes what happened at `now_ns` since the engine's start. Thread: \[control\].
    fn handle(&mut self, input: SecurityInput<'_>, now_ns: u64);

    /// The next thing to do, `None` when there is nothing more now. Thread: \[control\].
    fn poll(&mut self) -> Option<SecurityOutput>;
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityInput<'a> {
    /// Time has passed, nothing else.
    Time,
    /// A handshake packet arrived.
    Packet {
        /// Where from.
        from: SocketAddr,
        /// Its payload.
        data: &'a [u8],
    },
    /// The peer's attributes of this media, one a line.
    Remote(&'a str),
    /// A person compared the short string: is it the same?
    Confirmed(bool),
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq)]
pub enum SecurityOutput {
    /// Send to where media goes.
    Transmit(Vec<u8>),
    /// An attribute line for our description.
    Local(String),
    /// Media is protected with these from now on.
    Keys {
        /// Protection profile. Source: RFC 5764 §4.1.2 and its registry.
        suite: u32,
        /// What we send, otherwise what we receive.
        sending: bool,
        /// Master key, then salt.
        material: Vec<u8>,
    },
    /// A JSON object: `method`, `suite`, `verified`, `sas`.
    Verdict(String),
    /// There will be no keys; why, in words.
    Failed(String),
    /// Wake it then at the latest. Unit: ns since the engine's start.
    Deadline(u64),
}

impl core::fmt::Debug for SecurityOutput {
    /// Keys are never shown.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Transmit(data) => write!(f, "Transmit({} bytes)", data.len()),
            Self::Local(_) => f.write_str("Local(..)"),
            Self::Keys { suite, sending, .. } => write!(f, "Keys({suite}, sending: {sending})"),
            Self::Verdict(json) => write!(f, "Verdict({json})"),
            Self::Failed(why) => write!(f, "Failed({why})"),
            Self::Deadline(at_ns) => write!(f, "Deadline({at_ns})"),
        }
    }
}
