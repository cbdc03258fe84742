//! What the user of a session can want.

use crate::ids::ServerId;
use base::Duration;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{NameAddr, Status, Uri};

/// Number of one dialog among those that one INVITE of ours made. Counts from 0 in order of hearing.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ForkId(pub u32);

impl ForkId {
    /// The only dialog of a call that came in, and the first of one that went out.
    pub const FIRST: Self = Self(0);
}

/// Account whose credentials a session uses; numbered by whoever knows the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub u32);

/// A call to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dial {
    /// Whom to call: the Request-URI. Headers in it are left out (RFC 3261 §19.1.5).
    pub target: Uri,
    /// Who it is said to be for; usually the same URI.
    pub to: NameAddr,
    /// Who calls, without tag.
    pub from: NameAddr,
    /// Where we can be reached: our Contact.
    pub contact: NameAddr,
    /// Proxies to pass, in order: outbound proxy, Service-Route.
    pub routes: Vec<NameAddr>,
    /// Whose credentials answer challenges.
    pub account: Option<AccountId>,
    /// Our session description; without one the peer offers (RFC 3261 §13.2.1).
    pub offer: Option<Bytes>,
    /// More header fields of the INVITE: name and value, checked by the message's writer.
    pub headers: Vec<(String, String)>,
    /// How long it may ring. Unit: time. After it the call is cancelled and ends as not answered.
    pub no_answer_after: Option<Duration>,
}

/// How much a provisional response has to arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// Sent once; reliable only where the peer requires it.
    Once,
    /// Repeated until acknowledged where the peer can (RFC 3262).
    Reliable,
}

/// Something to say before the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// 180 Ringing, 181, 182 or 183. Range: 101 to 199.
    pub status: Status,
    /// An answer to the INVITE's offer, or an offer where it had none (reliable only).
    pub description: Option<Bytes>,
    /// Whether it has to arrive.
    pub delivery: Delivery,
}

impl Progress {
    /// 180 Ringing, without a description.
    pub const RINGING: Self = Self {
        status: Status::RINGING,
        description: None,
        delivery: Delivery::Once,
    };
}

/// A body with its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Media type, such as `application/dtmf-relay`.
    pub kind: String,
    /// The body.
    pub body: Bytes,
}

/// A request of the user's inside a confirmed dialog: INFO, REFER, NOTIFY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// Its method, as RFC 3261 §7.1 spells it.
    pub method: String,
    /// More header fields: name and value, checked by the message's writer.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub content: Option<Content>,
}

impl Inside {
    /// INFO (RFC 6086, legacy usage).
    pub fn info(content: Content) -> Self {
        Self {
            method: "INFO".to_owned(),
            headers: Vec::new(),
            content: Some(content),
        }
    }
}

/// What the user of a session wants done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Tells the caller how far its INVITE got.
    Progress(Progress),
    /// Picks up: 200 with the answer, or with our offer where the INVITE had none. `None` where the
    /// answer went out in a reliable 1xx already.
    Accept(Option<Bytes>),
    /// Refuses a call that came in. Range: 300 to 699.
    Decline(Status),
    /// Sends a call that came in elsewhere: 302 with these contacts, best first (RFC 3261 §21.3.3).
    Redirect(Vec<NameAddr>),
    /// Ends the session, whatever that takes in its state (see [`super::end::Goodbye`]); `Some` is
    /// the Reason header field to send (RFC 3326).
    HangUp(Option<String>),
    /// Offers anew: hold, resume, other formats, other address.
    Offer(Bytes),
    /// Answers the peer's open offer, or gives our offer where the peer asked for one.
    Answer(ForkId, Bytes),
    /// Refuses the peer's open offer; the session goes on as before. Range: 400 to 699.
    RefuseOffer(ForkId, Status),
    /// Our address changed: the Contact of everything from now on.
    Contact(NameAddr),
    /// Whose credentials answer challenges from now on.
    Account(AccountId),
    /// Sends a request in the dialog. The number comes back with the outcome.
    Request(u64, Inside),
    /// Answers a request of the peer's that the user was told of; one that is gone already does nothing.
    Respond(ServerId, Status),
}
