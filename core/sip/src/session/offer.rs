//! Who may offer now.
//!
//! An offer and its answer travel in fixed pairs of messages (RFC 6337 §2.2, table 1):
//!
//! | offer in | answer in | source |
//! | --- | --- | --- |
//! | INVITE | 2xx, or reliable 1xx | RFC 3261 §13.2.1, RFC 3262 §5 |
//! | 2xx to INVITE | ACK | RFC 3261 §13.2.1 |
//! | reliable 1xx | PRACK | RFC 3262 §5 |
//! | PRACK | 2xx to PRACK | RFC 3262 §5 |
//! | UPDATE | 2xx to UPDATE | RFC 3311 §5.1 |
//!
//! One exchange at a time; the gate says what is open, who owes the answer and in which message.

use crate::ids::ServerId;
use serde::{Deserialize, Serialize};
use sip_message::Status;

/// What carries an offer of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ours {
    /// Our INVITE or re-INVITE. The answer comes in a reliable 1xx or the 2xx.
    Invite,
    /// Our 2xx to an INVITE that offered nothing. The answer comes in the ACK.
    Success,
    /// Our reliable 1xx to an INVITE that offered nothing. The answer comes in the PRACK.
    Provisional,
    /// Our UPDATE. The answer comes in its 2xx.
    Update,
}

/// What carries an offer of the peer's, and so what our answer goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theirs {
    /// Its INVITE or re-INVITE. We answer in a reliable 1xx or the 2xx.
    Invite,
    /// Its 2xx to an INVITE of ours that offered nothing. We answer in the ACK.
    Success,
    /// Its reliable 1xx to an INVITE of ours that offered nothing. We answer in the PRACK.
    Provisional,
    /// Its PRACK. We answer in the 2xx to it.
    Prack(ServerId),
    /// Its UPDATE. We answer in the 2xx to it.
    Update(ServerId),
}

/// Where offer and answer stand in one dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gate {
    /// Nothing was offered yet.
    Fresh,
    /// The last exchange is complete.
    Stable,
    /// Our offer waits for its answer.
    Ours(Ours),
    /// The peer's offer waits for our answer.
    Theirs(Theirs),
}

/// Why we may not offer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closed {
    /// Our own offer is not answered yet.
    OursOpen,
    /// We owe the peer an answer first.
    TheirsOpen,
    /// An UPDATE needs a completed exchange before it (RFC 3311 §5.1).
    NothingYet,
}

/// How an offer that may not come now is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Collision {
    /// Ours is open: 491, the peer tries again after a random wait.
    Glare,
    /// Its own earlier one is open: 500 with Retry-After.
    TooSoon,
}

impl Collision {
    /// The status that says so. Source: RFC 3261 §14.2, RFC 3311 §5.2.
    pub const fn status(self) -> Status {
        match self {
            Self::Glare => Status::REQUEST_PENDING,
            Self::TooSoon => Status::SERVER_INTERNAL_ERROR,
        }
    }
}

impl Gate {
    /// We send an offer in `how`.
    pub const fn offer(self, how: Ours) -> Result<Self, Closed> {
        match self {
            Self::Ours(_) => Err(Closed::OursOpen),
            Self::Theirs(_) => Err(Closed::TheirsOpen),
            Self::Stable => Ok(Self::Ours(how)),
            Self::Fresh => match how {
                Ours::Invite | Ours::Success | Ours::Provisional => Ok(Self::Ours(how)),
                Ours::Update => Err(Closed::NothingYet),
            },
        }
    }

    /// The peer's offer came in `how`.
    pub const fn hear_offer(self, how: Theirs) -> Result<Self, Collision> {
        match self {
            Self::Ours(_) => Err(Collision::Glare),
            Self::Theirs(_) => Err(Collision::TooSoon),
            Self::Stable => Ok(Self::Theirs(how)),
            Self::Fresh => match how {
                Theirs::Invite | Theirs::Success | Theirs::Provisional => Ok(Self::Theirs(how)),
                Theirs::Prack(_) | Theirs::Update(_) => Err(Collision::TooSoon),
            },
        }
    }

    /// The open offer was answered, or was withdrawn by a refusal: what held before holds again
    /// (RFC 6337 §3.4).
    #[must_use]
    pub const fn close(self) -> Self {
        Self::Stable
    }

    /// Whether the message with session description that just came in answer to `how` is an answer.
    pub fn awaits(self, how: Ours) -> bool {
        self == Self::Ours(how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATE: Theirs = Theirs::Update(ServerId(1));

    /// RFC 6337 §3.1 and §3.2, as a table: state, whether we may offer by UPDATE, and how the
    /// peer's UPDATE with an offer fares.
    #[test]
    fn one_exchange_at_a_time() {
        let table = [
            (
                Gate::Fresh,
                Err(Closed::NothingYet),
                Err(Collision::TooSoon),
            ),
            (
                Gate::Stable,
                Ok(Gate::Ours(Ours::Update)),
                Ok(Gate::Theirs(UPDATE)),
            ),
            (
                Gate::Ours(Ours::Invite),
                Err(Closed::OursOpen),
                Err(Collision::Glare),
            ),
            (
                Gate::Theirs(Theirs::Invite),
                Err(Closed::TheirsOpen),
                Err(Collision::TooSoon),
            ),
        ];
        for (gate, offer, heard) in table {
            assert_eq!(gate.offer(Ours::Update), offer, "{gate:?}");
            assert_eq!(gate.hear_offer(UPDATE), heard, "{gate:?}");
        }
    }

    #[test]
    fn a_refused_offer_opens_the_gate_again() {
        let gate = Gate::Stable.offer(Ours::Invite).unwrap();
        assert!(gate.awaits(Ours::Invite) && !gate.awaits(Ours::Update));
        assert_eq!(gate.close(), Gate::Stable);
    }

    #[test]
    fn refusals_have_the_right_status() {
        assert_eq!(Collision::Glare.status().code(), 491);
        assert_eq!(Collision::TooSoon.status().code(), 500);
    }
}
