//! What is told to whoever listens to the engine.

use crate::Address;
use base::Instant;
use bytes::Bytes;
use control::{AccountHandle, CallHandle, CommandId, EventBody};
use sip::Target;

/// One thing that happened. Whoever numbers events adds sequence and time of day.
#[derive(Debug)]
pub enum Word {
    /// An event for everybody.
    Tell {
        /// When, in the engine's time.
        at: Instant,
        /// The account it is about.
        account: Option<AccountHandle>,
        /// The call it is about.
        call: Option<CallHandle>,
        /// The command that caused it.
        command: Option<CommandId>,
        /// What happened.
        body: EventBody,
    },
    /// A SIP message went over the wire, for ladders and the SIP log.
    Message {
        /// When, in the engine's time.
        at: Instant,
        /// We sent it.
        sent: bool,
        /// The other end, and how it travelled.
        peer: Target,
        /// The whole message.
        bytes: Bytes,
    },
    /// A part panicked.
    Panicked {
        /// Which.
        who: Address,
        /// What the panic said.
        why: String,
        /// It stays down; the engine is degraded.
        down: bool,
    },
}
