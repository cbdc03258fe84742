//! The four transactions of RFC 3261 §17 with RFC 6026 and RFC 4320: pure states, no message inside.
//!
//! A machine knows status codes and timers only; the [endpoint](crate::endpoint) holds the bytes.
//! The first transmission of a request is the endpoint's too: a client machine starts when the
//! request has just been handed to the transport.
//!
//! | file | holds |
//! | --- | --- |
//! | [`invite_client`] | INVITE out, with CANCEL held until it may be sent |
//! | [`invite_server`] | INVITE in, with 100 Trying after 200 ms |
//! | [`request_client`] | everything else out |
//! | [`request_server`] | everything else in |
//! | [`key`] | which transaction a message belongs to |
//! | [`timers`] | T1, T2, T4 and what is made of them |

mod effects;
pub mod invite_client;
pub mod invite_server;
pub mod key;
pub mod request_client;
pub mod request_server;
pub mod timers;

pub use invite_client::InviteClient;
pub use invite_server::InviteServer;
pub use key::ServerKey;
pub use request_client::RequestClient;
pub use request_server::RequestServer;

use crate::flow::Transport;
use serde::{Deserialize, Serialize};

/// What the transaction may expect of the way its messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// Messages may be lost: the transaction repeats them.
    Lossy,
    /// The transport repeats what is lost.
    Reliable,
}

impl From<Transport> for Link {
    fn from(transport: Transport) -> Self {
        if transport.is_reliable() {
            Self::Reliable
        } else {
            Self::Lossy
        }
    }
}

/// Why a client transaction ended without a final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Nothing final was heard in time. To the user it means 408 (RFC 3261 §8.1.3.1).
    TimedOut,
    /// The request could not be sent. To the user it means 503 (RFC 3261 §8.1.3.1).
    Transport,
}

/// Why a server transaction ended other than by running its course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cut {
    /// A final response to an INVITE was never acknowledged (timer H).
    NoAck,
    /// Our user did not answer before the peer had to give up (RFC 4320 §4.2).
    Late,
    /// The response could not be sent.
    Transport,
}

#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
