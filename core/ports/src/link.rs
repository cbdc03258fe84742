//! What link answers and reports. Link owns the transactions and the flows.

use crate::{Address, network};
use control::quoted;
use core::net::SocketAddr;
use sip::transaction::Failure;
use sip::{ClientId, Origin, ServerId, Target};
use sip_message::{Request, Response, Uri};

/// What link can be told.
#[derive(Debug)]
pub enum Word {
    /// A socket or connection has something to say.
    Network(network::Report),
    /// Sends `request` in a transaction of its own; its outcome comes back as [`Heard`] to the
    /// part whose number stands in `id`.
    Send {
        /// Chosen by the sender.
        id: ClientId,
        /// Without Via; link's endpoint adds it.
        request: Request,
        /// Where it goes next: first route, outbound proxy or remote target.
        next_hop: Uri,
        /// Never resent: silence is an answer.
        once: bool,
        /// The account whose header fields it carries (K-086); `None`: the one whose address of record stands
        /// in From.
        account: Option<String>,
    },
    /// Sends the ACK of a 2xx, which belongs to no transaction (RFC 3261 §13.2.2.4).
    SendAck {
        /// The ACK.
        request: Request,
        /// Where it goes next.
        next_hop: Uri,
        /// As with [`Word::Send`].
        account: Option<String>,
    },
    /// Cancels an INVITE that was sent under `id` (RFC 3261 §9.1).
    Cancel {
        /// As given with [`Word::Send`].
        id: ClientId,
        /// Reason header field of the CANCEL (RFC 3326).
        reason: Option<String>,
    },
    /// Stops caring about a request: nothing is resent, nothing more is told.
    Abandon {
        /// As given with [`Word::Send`].
        id: ClientId,
    },
    /// Answers an inbound request.
    Respond {
        /// As given with [`Heard::Request`].
        id: ServerId,
        /// With the Via values of its request.
        response: Response,
    },
    /// Asks how requests to `uri` would travel; answered by [`Heard::Routed`].
    Route {
        /// Who asks.
        from: Address,
        /// Chosen by the asker.
        ticket: u64,
        /// Next hop in question.
        uri: Uri,
        /// The account that would send them.
        account: String,
    },
    /// Keeps the flow towards `next_hop` open with a packet that is no request.
    KeepAlive {
        /// Where the flow leads.
        next_hop: Uri,
        /// What to send.
        kind: KeepAlive,
        /// The account whose flow it is.
        account: String,
    },
    /// Calls for this account are let in from its servers, or from anywhere; replaces one of the same name.
    Account(Box<crate::Account>),
    /// The account is gone.
    AccountGone {
        /// The account's name.
        account: String,
    },
    /// Another part was made anew; what it sent is nobody's any more.
    Restarted(Address),
}

/// Keep-alive packets that are no SIP requests. Source: RFC 5626 §4.4, RFC 5389.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepAlive {
    /// Double CRLF.
    Crlf,
    /// STUN Binding request.
    Stun,
}

/// How requests to somewhere travel, learnt before the first one is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// First choice among the next hop's addresses.
    pub target: Target,
    /// The address of ours that the next hop sees, NAT apart: for Contact and session description.
    pub local: SocketAddr,
}

impl core::fmt::Display for NoPath {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownName(name) => write!(f, "no name server knows {}", quoted(name)),
            Self::Unsupported(uri) => write!(f, "nothing here can send to {}", quoted(uri)),
            Self::Unreachable(what) => write!(f, "no way leads to {}", quoted(what)),
            Self::Refused { server, why } => write!(f, "{server}: {why}"),
        }
    }
}

/// What link reports to the part that owns a request.
#[derive(Debug)]
pub enum Heard {
    /// A request that wants a response.
    Request {
        /// To answer it by.
        id: ServerId,
        /// The request.
        request: Request,
        /// Where it came from.
        origin: Origin,
        /// It came from a server of the account that it is for.
        trusted: bool,
    },
    /// The ACK of a 2xx.
    Ack {
        /// The ACK.
        request: Request,
        /// Where it came from.
        origin: Origin,
    },
    /// The INVITE under `id` was cancelled; link answered the CANCEL.
    Cancelled {
        /// As given with [`Heard::Request`].
        id: ServerId,
        /// Reason header field of the CANCEL (RFC 3326).
        reason: Option<String>,
    },
    /// A response to a request of ours.
    Response {
        /// As given with [`Word::Send`].
        id: ClientId,
        /// The response.
        response: Response,
        /// Where it came from.
        origin: Origin,
    },
    /// No final response will come.
    Failed {
        /// As given with [`Word::Send`].
        id: ClientId,
        /// Why.
        why: Failure,
        /// For the person: which name or address did not work.
        detail: network::Why,
    },
    /// The server transaction ended badly: our response was not acknowledged or not deliverable.
    ServerEnded {
        /// As given with [`Heard::Request`].
        id: ServerId,
    },
    /// Answer to [`Word::Route`].
    Routed {
        /// As given with the question.
        ticket: u64,
        /// The path, or why there is none.
        path: Result<Path, NoPath>,
    },
}

/// Why nothing can be sent to a next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPath {
    /// The name is not known to any name server.
    UnknownName(String),
    /// The URI is of a kind that cannot be routed, or asks for a transport that is not there.
    Unsupported(String),
    /// No interface leads there.
    Unreachable(String),
    /// No connection came to be, or it leads to somebody else.
    Refused {
        /// Where it should have led.
        server: String,
        /// Why not.
        why: network::Why,
    },
}
