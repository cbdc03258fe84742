//! What goes into and comes out of a table of sessions.

use crate::auth::Authenticator;
use crate::flow::Origin;
use crate::ids::{ClientId, ServerId, SessionId};
use crate::session::{AccountId, Dial, EndReason, ForkId, Order};
use crate::transaction::Failure;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{Request, Response, Status, Uri};

/// Everything that can happen to a table of sessions.
#[derive(Debug, Clone)]
pub enum Input {
    /// The user calls somebody. The id must be one of [`outbound`](super::outbound) and not in use.
    Dial(SessionId, Box<Dial>),
    /// The user wants something of a session. One that is gone already does nothing.
    Order(SessionId, Order),
    /// Credentials for sessions of this account, or none any more.
    Account(AccountId, Option<Authenticator>),
    /// A request that belongs to this part: INVITE and OPTIONS outside dialogs, everything inside.
    Request {
        /// Its transaction.
        id: ServerId,
        /// The request; never ACK or CANCEL.
        request: Request,
        /// Where it came from.
        origin: Origin,
    },
    /// The ACK to a 2xx.
    Ack(Request),
    /// The peer cancelled its INVITE; CANCEL itself is answered.
    Cancelled {
        /// Transaction of the INVITE.
        id: ServerId,
        /// Reason header field of the CANCEL (RFC 3326).
        reason: Option<String>,
    },
    /// A response to a request of ours.
    Response {
        /// The request.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// No final response will come to a request of ours.
    Failed {
        /// The request.
        id: ClientId,
        /// Why not.
        why: Failure,
    },
    /// A transaction of the peer's ended other than by running its course.
    ServerEnded(ServerId),
}

/// Everything a table of sessions can ask of its driver.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send a request and bring its responses back.
    Send {
        /// Under which id they come back.
        id: ClientId,
        /// Whose it is: a driver that keeps a flow for each session finds it by this.
        session: SessionId,
        /// The request, still without Via.
        request: Request,
        /// Whom to send it to: first route, or the target itself.
        route_to: Uri,
    },
    /// Send the ACK to a 2xx; nothing comes back.
    SendAck {
        /// Whose it is.
        session: SessionId,
        /// The ACK, still without Via.
        request: Request,
        /// Whom to send it to.
        route_to: Uri,
    },
    /// Cancel an INVITE of ours.
    Cancel {
        /// The INVITE.
        id: ClientId,
        /// Reason header field of the CANCEL (RFC 3326).
        reason: Option<String>,
    },
    /// Stop caring about a request of ours: no response will be looked at.
    Abandon {
        /// The request.
        id: ClientId,
    },
    /// Answer a request.
    Respond {
        /// Its transaction.
        id: ServerId,
        /// The response.
        response: Response,
    },
    /// Tell the user of a session.
    News {
        /// The session.
        session: SessionId,
        /// What happened.
        news: News,
    },
}

/// Whether an answer can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Final {
    /// No.
    Yes,
    /// It came in a 1xx that may get lost; the 2xx will repeat it, or another fork will answer.
    NotYet,
}

/// A call that came in.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The INVITE: who calls whom, and everything else it says.
    pub request: Request,
    /// Where it came from.
    pub origin: Origin,
    /// The session whose place it takes (RFC 3891): the user picks it up, and hangs up on that one.
    pub replaces: Option<SessionId>,
    /// The caller's session description; without one we offer when we pick up.
    pub offer: Option<Bytes>,
}

/// What the user of a session is told.
#[derive(Debug, Clone)]
pub enum News {
    /// A call came in. It waits for orders.
    Incoming(Box<Invitation>),
    /// A 1xx above 100 came to our INVITE.
    Progress {
        /// From which of the early dialogs; the first for responses without a tag.
        fork: ForkId,
        /// 180 Ringing, 183 Session Progress, …
        status: Status,
    },
    /// A 3xx is followed.
    Redirected {
        /// Whom we call now.
        to: Uri,
    },
    /// The peer offers; without a description it asks for our offer. The user answers or refuses.
    Offer {
        /// In which dialog.
        fork: ForkId,
        /// The offer.
        description: Option<Bytes>,
    },
    /// The peer answered our offer.
    Answer {
        /// In which dialog.
        fork: ForkId,
        /// The answer.
        description: Bytes,
        /// Whether it can still change.
        finality: Final,
    },
    /// Our offer was refused, or could not be made; what held before still holds.
    OfferRefused {
        /// The peer's status, where one came.
        status: Option<Status>,
    },
    /// The peer took its offer back before we answered.
    OfferWithdrawn {
        /// In which dialog.
        fork: ForkId,
    },
    /// The call is up: the peer accepted, or acknowledged that we did. All other forks are over.
    /// Comes again after each re-INVITE of the peer's.
    Confirmed {
        /// The dialog that stays.
        fork: ForkId,
    },
    /// A request came that means nothing to the session itself.
    Request {
        /// Its transaction, where the user is to answer it; INFO has been answered (RFC 6086 §4.2.2).
        id: Option<ServerId>,
        /// The request.
        request: Box<Request>,
    },
    /// The outcome of a request of the user's.
    Outcome {
        /// The number it was sent with.
        number: u64,
        /// The peer's status, where one came.
        status: Option<Status>,
    },
    /// It is over; comes exactly once, and nothing comes after it: what was open has failed.
    Ended(EndReason),
}
