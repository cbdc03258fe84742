//! What a publication is told and what it asks for.

use crate::auth::Refusal;
use crate::ids::ClientId;
use crate::outside::Sender;
use crate::transaction::Failure;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{Request, Response, Uri};

/// What to publish, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// Whose state: Request-URI and To; and who proves that it is theirs to say.
    pub sender: Sender,
    /// Event, such as `presence`.
    pub event: String,
    /// Lifetime to ask for. Unit: s.
    pub expires_s: u32,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Content-Type.
    pub kind: String,
    /// The whole of it.
    pub body: String,
}

/// Everything that can happen to a publication.
#[derive(Debug, Clone)]
pub enum Input {
    /// This is to be published from now on; the same again changes nothing.
    Say(Document),
    /// The server is there again: everything is said anew.
    Again,
    /// The server is lost: nothing is said until it is there again, and what it held may be gone.
    Doubt,
    /// It is to be removed at the server, and nothing is said until [`Input::Again`] or [`Input::Say`].
    End,
    /// A response to a request of ours.
    Response {
        /// The request.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// A request of ours gets no final response.
    Failed {
        /// The request.
        id: ClientId,
        /// Why.
        why: Failure,
    },
}

/// Everything a publication can ask of its driver.
#[derive(Debug, Clone)]
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
    /// Tell the user.
    News(News),
}

/// What the user of a publication is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The server has the last document.
    Published,
    /// The server does not have it.
    Failed {
        /// Why.
        cause: Cause,
        /// When it is tried again; `None`: not by itself.
        next_try: Option<Duration>,
    },
    /// The server has nothing of ours any more, as was wanted.
    Removed,
}

/// Why the server does not have a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// Nobody answered in time.
    NoAnswer,
    /// Nothing can be sent there.
    Unreachable,
    /// The server wants a proof that we do not or must not give.
    Unproved(Refusal),
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
            // Who does not know PUBLISH, the package or the kind of document does not learn it by itself.
            Self::Refused { status, .. } => matches!(status, 403 | 405 | 415 | 489 | 501),
            Self::Unproved(_) => true,
            Self::NoAnswer | Self::Unreachable => false,
        }
    }
}
