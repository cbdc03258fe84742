//! What a binding is told and what it asks for.

use crate::auth::{Credentials, Refusal};
use crate::flow::Origin;
use crate::ids::ClientId;
use crate::transaction::Failure;
use core::net::SocketAddr;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{Host, NameAddr, Request, Response, Uri};

/// What an account is, as far as registering goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Address of record: who is registered.
    pub aor: NameAddr,
    /// The registrar's domain: Request-URI of REGISTER.
    pub registrar: Uri,
    /// Outbound proxies, first hop first (M-013); none goes to the registrar itself.
    pub route: Vec<NameAddr>,
    /// Where we can be reached, as far as we know ourselves.
    pub contact: Uri,
    /// Allow of REGISTER, where it says one: what may be sent to the contact (RFC 3261 §10.2).
    pub allow: Option<String>,
    /// Who we are.
    pub credentials: Option<Credentials>,
    /// How long the binding is asked for. Unit: s.
    pub expires_s: u32,
    /// Whether the server is probed between refreshes (M-006).
    pub supervised: bool,
    /// What keeps the way through routers open.
    pub keep_alive: KeepAlive,
    /// Whether Contact follows the address that the server saw (M-014). Only on UDP.
    pub learns_address: bool,
}

impl Account {
    /// An account of `aor` at `registrar`, reachable at `contact`, with everything else as usual.
    pub fn new(aor: NameAddr, registrar: Uri, contact: Uri) -> Self {
        Self {
            aor,
            registrar,
            route: Vec::new(),
            contact,
            allow: None,
            credentials: None,
            expires_s: 600,
            supervised: true,
            keep_alive: KeepAlive::None,
            learns_address: true,
        }
    }

    /// Where requests of this account go first.
    pub fn next_hop(&self) -> &Uri {
        self.route.first().map_or(&self.registrar, NameAddr::uri)
    }

    /// The servers that may ask for the password.
    pub fn own_hops(&self) -> Vec<Host> {
        let routes = self.route.iter().map(NameAddr::uri);
        routes
            .chain([&self.registrar])
            .filter_map(Uri::host)
            .cloned()
            .collect()
    }
}

/// What keeps the way through routers open, beside refreshes and probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeepAlive {
    /// Nothing.
    None,
    /// Double CRLF; a stream answers with CRLF (RFC 5626 §3.5.1).
    Crlf {
        /// Pause between two.
        every: Duration,
    },
    /// OPTIONS to the registrar.
    Options {
        /// Pause between two.
        every: Duration,
    },
    /// STUN binding request on the signalling socket (RFC 5626 §3.5.2).
    Stun {
        /// Pause between two.
        every: Duration,
    },
}

impl KeepAlive {
    /// Pause between two.
    pub const fn every(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Crlf { every } | Self::Options { every } | Self::Stun { every } => Some(every),
        }
    }
}

/// Everything that can happen to a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The user wants it, or wants to know whether it is there: a REGISTER goes out at once unless one is
    /// under way, and its outcome is told.
    Register,
    /// The user no longer wants it.
    Remove,
    /// A response to a request of ours.
    Response {
        /// The request.
        id: ClientId,
        /// The response.
        response: Response,
        /// Where it came from.
        origin: Origin,
    },
    /// A request of ours gets no final response.
    Failed {
        /// The request.
        id: ClientId,
        /// Why.
        why: Failure,
    },
    /// The server answered a double CRLF.
    Pong,
    /// A STUN server, or the registrar, sees our signalling socket at this address.
    Mapped(SocketAddr),
    /// The connection to the server is gone.
    FlowLost,
    /// Our own address changed; the binding moves with it.
    Moved(Uri),
}

/// Everything a binding can ask of its driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send in a transaction of its own.
    Send {
        /// Comes back with every response.
        id: ClientId,
        /// The request without Via.
        request: Request,
        /// Where to send it.
        next_hop: Uri,
    },
    /// Send once: the server is being looked for, and silence is an answer.
    SendOnce {
        /// Comes back with every response.
        id: ClientId,
        /// The request without Via.
        request: Request,
        /// Where to send it.
        next_hop: Uri,
    },
    /// A response to this request is no longer of interest.
    Abandon {
        /// The request.
        id: ClientId,
    },
    /// Send a keep-alive that is no SIP message: CRLF or STUN.
    KeepAlive(KeepAlive),
    /// Where the binding stands now. Told only when it changes.
    Told(Status),
    /// Still registered, and again for as long as was granted.
    Renewed,
}

/// Where a binding stands, as the person sees it (M-001).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Not wanted.
    Unregistered,
    /// Wanted for the first time, or anew, and not yet there.
    Registering,
    /// There.
    Registered {
        /// For how long the registrar granted it.
        granted: Duration,
        /// Where we are reached.
        contact: Uri,
        /// The registrar that has it, where we were sent to another one.
        elsewhere: Option<Box<Uri>>,
    },
    /// Wanted and not there.
    Failed(Cause),
    /// No longer wanted and maybe still there.
    Unregistering,
}

/// Why a binding is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The server does not take the password. Nothing is retried: accounts get locked that way.
    WrongPassword,
    /// The server wants a proof that we do not or must not give. Nothing is retried.
    Proof(Refusal),
    /// Nothing was heard from the server for too long.
    NoAnswer,
    /// Nothing can be sent to the server.
    Unreachable,
    /// The server sends us elsewhere, and that leads nowhere: in a circle, too far, or to what is no
    /// registrar that we may use.
    Redirected {
        /// Its status.
        status: u16,
        /// Where it sends us; empty where it does not say.
        to: String,
    },
    /// The server said no.
    Refused {
        /// Its status.
        status: u16,
        /// Its reason phrase.
        reason: String,
    },
}

impl Cause {
    /// Whether trying again cannot help.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::WrongPassword | Self::Proof(_) => true,
            Self::NoAnswer | Self::Unreachable => false,
            Self::Redirected { .. } | Self::Refused { .. } => false,
        }
    }

    /// Whether the server cannot be reached at all.
    pub const fn is_loss(&self) -> bool {
        match self {
            Self::NoAnswer | Self::Unreachable => true,
            Self::WrongPassword | Self::Proof(_) => false,
            Self::Redirected { .. } | Self::Refused { .. } => false,
        }
    }
}

impl From<Refusal> for Cause {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WrongPassword => Self::WrongPassword,
            Refusal::NoCredentials
            | Refusal::Loop
            | Refusal::ForeignHop
            | Refusal::ForeignRealm
            | Refusal::Downgrade
            | Refusal::Unsupported => Self::Proof(refusal),
        }
    }
}
