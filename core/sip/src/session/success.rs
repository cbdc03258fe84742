//! A 2xx of ours that waits for its ACK (RFC 3261 §13.3.1.4).

use super::{GIVE_UP, T1, T2};
use crate::ids::ServerId;
use base::{Duration, Instant};
use serde::{Deserialize, Serialize};
use sip_message::Response;

/// A 2xx of ours that is repeated until its ACK comes, on every transport: what lies behind the next
/// hop may lose it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Unacked {
    pub(crate) server: ServerId,
    pub(crate) response: Response,
    /// CSeq of the INVITE, and so of the ACK.
    pub(crate) cseq: u32,
    resend_after: Duration,
    resend_at: Instant,
    give_up_at: Instant,
}

/// What a moment in time means to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Nothing,
    /// Send it again.
    Resend,
    /// No ACK will come: the session ends with BYE.
    GiveUp,
}

impl Unacked {
    /// It was sent at `now` for the first time.
    pub(crate) fn new(server: ServerId, response: Response, cseq: u32, now: Instant) -> Self {
        Self {
            server,
            response,
            cseq,
            resend_after: T1,
            resend_at: now + T1,
            give_up_at: now + GIVE_UP,
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Instant {
        self.resend_at.min(self.give_up_at)
    }

    /// What is due at `now`.
    pub(crate) fn expire(&mut self, now: Instant) -> Due {
        if self.give_up_at <= now {
            return Due::GiveUp;
        }
        if self.resend_at > now {
            return Due::Nothing;
        }
        self.resend_after = (2 * self.resend_after).min(T2);
        self.resend_at = now + self.resend_after;
        Due::Resend
    }
}
