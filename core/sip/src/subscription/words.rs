//! What a subscription is told and what it asks for.

use crate::auth::{Authenticator, Refusal};
use crate::ids::{ClientId, ServerId};
use crate::transaction::Failure;
use bytes::Bytes;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{Malformed, NameAddr, Part, Request, Response, Uri};

/// Content-Type of what a list of resources says. Source: RFC 4662 §5.
pub const RELATED: &str = "multipart/related";

/// What is watched of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Package {
    /// Its calls (RFC 4235).
    Dialog,
    /// Its presence (RFC 3856).
    Presence,
    /// Its mailbox (RFC 3842).
    MessageSummary,
    /// Its bindings (RFC 3680).
    Registration,
    /// Who is in it, of a conference (RFC 4575).
    Conference,
}

impl Package {
    /// As Event says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dialog => "dialog",
            Self::Presence => "presence",
            Self::MessageSummary => "message-summary",
            Self::Registration => "reg",
            Self::Conference => "conference",
        }
    }

    /// The documents that are understood, as Accept says it.
    pub const fn accept(self) -> &'static str {
        match self {
            Self::Dialog => "application/dialog-info+xml",
            Self::Presence => "application/pidf+xml",
            Self::MessageSummary => "application/simple-message-summary",
            Self::Registration => "application/reginfo+xml",
            Self::Conference => "application/conference-info+xml",
        }
    }

    /// Dialogs that one SUBSCRIBE may make. Source: RFC 4235 §3.9; RFC 3842 §3.9, RFC 3856 §6.9,
    /// RFC 3680 §4.9 and RFC 4575 §3.9 know one only.
    pub const fn forks(self) -> usize {
        match self {
            Self::Dialog => 8,
            Self::Presence | Self::MessageSummary | Self::Registration | Self::Conference => 1,
        }
    }
}

/// What to subscribe to, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Who is watched: Request-URI and To.
    pub target: Uri,
    /// What of it.
    pub package: Package,
    /// The target is a list of resources, all of which are wanted (RFC 4662).
    #[serde(default)]
    pub list: bool,
    /// Who we are: From, without a tag.
    pub from: NameAddr,
    /// Where NOTIFYs reach us.
    pub contact: Uri,
    /// Proxies, first hop first.
    pub route: Vec<NameAddr>,
    /// Who proves who we are.
    pub auth: Authenticator,
    /// Lifetime to ask for (K-014). Unit: s. Zero: it is polled from the start.
    pub expires_s: u32,
    /// Pause between two polls where the notifier does not push (M-092).
    pub poll_every: Duration,
}

/// Everything that can happen to a subscription.
#[derive(Debug, Clone)]
pub enum Input {
    /// It is wanted: SUBSCRIBE goes out after this pause.
    Start(Duration),
    /// What was told is doubtful, and the full state is wanted: a refresh goes out at once.
    Ask,
    /// The server is lost: what was told is no longer known.
    Doubt,
    /// The server is back after a loss, or the person asks: everything is asked anew after this pause,
    /// also what had been given up.
    Again(Duration),
    /// NOTIFYs reach us there from now on.
    Moved(Uri),
    /// It is no longer wanted.
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
    /// A NOTIFY with our tag.
    Notify {
        /// Its transaction.
        id: ServerId,
        /// The request.
        request: Request,
    },
}

/// Everything a subscription can ask of its driver.
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
    /// A response to this request is no longer of interest.
    Abandon {
        /// The request.
        id: ClientId,
    },
    /// Answer a NOTIFY.
    Respond {
        /// Its transaction.
        id: ServerId,
        /// The response.
        response: Response,
    },
    /// Tell the user.
    News(News),
}

/// What the user of a subscription is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A document came, newer than all before it from the same fork.
    Document {
        /// Which of the notifiers said it; counted from 0 and never used twice, but for polls: they have
        /// the largest number, and each counts for itself.
        fork: u32,
        /// Content-Type as it came, in small letters and without parameters.
        content_type: String,
        /// The document; empty where none came.
        body: Bytes,
        /// Whether a NOTIFY before it is missing: CSeq left out a number.
        gap: bool,
    },
    /// A document about many resources came, newer than all before it.
    List {
        /// Its parts, the one that tells of the others first; or that it cannot be taken apart.
        parts: Result<Vec<Part>, Malformed>,
        /// Whether a NOTIFY before it is missing: CSeq left out a number.
        gap: bool,
    },
    /// The notifier waits for somebody's consent.
    Pending,
    /// One of several notifiers is over; what it said counts no more.
    ForkGone {
        /// Which.
        fork: u32,
    },
    /// What was told before is no longer known.
    Lost {
        /// Why.
        cause: Cause,
        /// When it is tried again; `None`: not by itself.
        next_try: Option<Duration>,
    },
    /// It is polled from now on, or pushed again.
    Polled(bool),
    /// It ended as the user wanted; nothing comes after it.
    Over,
}

/// Why the state of a resource is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// SUBSCRIBE got no answer.
    NoAnswer,
    /// Nothing can be sent to the server.
    Unreachable,
    /// The server does not take the password.
    WrongPassword,
    /// The server wants a proof that we do not or must not give.
    Proof(Refusal),
    /// The server said no.
    Refused {
        /// Its status.
        status: u16,
        /// Its reason phrase.
        reason: String,
    },
    /// The server said yes, but the NOTIFY that must follow did not come.
    NoNotify,
    /// It ran out before a refresh succeeded.
    Expired,
    /// The server knows the subscription no more: it was started anew, say.
    Gone,
    /// The notifier ended it.
    Ended(Ended),
    /// The account's server is lost.
    ServerLost,
}

impl Cause {
    /// Whether trying again cannot help, or is not allowed.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::WrongPassword | Self::Proof(_) => true,
            Self::Ended(Ended::Rejected | Ended::NoResource | Ended::Invariant) => true,
            Self::Ended(
                Ended::Deactivated
                | Ended::Probation
                | Ended::Timeout
                | Ended::GiveUp
                | Ended::Other,
            ) => false,
            Self::NoAnswer | Self::Unreachable | Self::NoNotify | Self::Expired => false,
            Self::Refused { .. } | Self::Gone | Self::ServerLost => false,
        }
    }

    /// Whether the server refuses this kind of subscription, so that another package may go.
    pub const fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 405 | 406 | 415 | 489 | 501,
                ..
            }
        )
    }
}

/// Why a notifier ended a subscription. Source: RFC 6665 §4.1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// Ask again at once, maybe of another notifier.
    Deactivated,
    /// Ask again later.
    Probation,
    /// Somebody does not consent.
    Rejected,
    /// It was not refreshed in time.
    Timeout,
    /// Nobody could be asked for consent.
    GiveUp,
    /// The resource is not there.
    NoResource,
    /// The state does not change any more.
    Invariant,
    /// Without a reason, or one that nobody knows.
    Other,
}

impl Ended {
    /// As Subscription-State says it.
    pub fn read(reason: Option<&str>) -> Self {
        const KNOWN: [(&str, Ended); 7] = [
            ("deactivated", Ended::Deactivated),
            ("probation", Ended::Probation),
            ("rejected", Ended::Rejected),
            ("timeout", Ended::Timeout),
            ("giveup", Ended::GiveUp),
            ("noresource", Ended::NoResource),
            ("invariant", Ended::Invariant),
        ];
        let reason = reason.unwrap_or_default();
        let found = KNOWN.iter().find(|(n, _)| n.eq_ignore_ascii_case(reason));
        found.map_or(Self::Other, |&(_, ended)| ended)
    }

    /// Whether it ends because the notifier does not keep it, though there is something to watch.
    pub(super) const fn is_unkept(self) -> bool {
        match self {
            Self::Timeout | Self::Other => true,
            Self::Deactivated | Self::Probation | Self::Rejected => false,
            Self::GiveUp | Self::NoResource | Self::Invariant => false,
        }
    }
}
