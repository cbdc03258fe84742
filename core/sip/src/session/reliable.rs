//! Reliable provisional responses, both sides (RFC 3262).

use super::T1;
use base::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// How long a reliable 1xx is repeated before the INVITE is refused. Source: RFC 3262 §3.
const GIVE_UP_AFTER: Duration = T1.saturating_mul(64);

/// Highest first RSeq, so that counting on never wraps. Source: RFC 3262 §3.
pub(crate) const FIRST_RSEQ_BOUND: u32 = 1 << 31;

/// Whether a 1xx carries a session description: then no 2xx may overtake it (RFC 3262 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Carries {
    /// An offer or an answer.
    Description,
    /// Nothing of the sort.
    Nothing,
}

/// UAS side: where the reliable 1xx of one INVITE stand. At most one is unacknowledged at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Server {
    /// Nothing unacknowledged.
    Idle {
        /// RSeq of the next reliable 1xx.
        next: u32,
    },
    /// One is out and repeated until its PRACK comes.
    Waiting {
        /// Its RSeq.
        rseq: u32,
        /// Whether a 2xx has to wait for it.
        carries: Carries,
        /// Wait before the next repeat. Doubles each time.
        resend_after: Duration,
        /// When it is repeated next.
        resend_at: Instant,
        /// When we stop and refuse the INVITE.
        give_up_at: Instant,
    },
}

/// What a moment in time means to the UAS side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Nothing,
    /// Repeat the 1xx.
    Resend,
    /// Refuse the INVITE: nobody listens.
    GiveUp,
}

/// A PRACK names no 1xx that waits: it gets 481 (RFC 3262 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownRAck;

impl Server {
    /// A reliable 1xx goes out; only from `Idle`. Returns its RSeq.
    pub(crate) fn send(self, carries: Carries, now: Instant) -> Option<(Self, u32)> {
        match self {
            Self::Idle { next } => {
                let waiting = Self::Waiting {
                    rseq: next,
                    carries,
                    resend_after: T1,
                    resend_at: now + T1,
                    give_up_at: now + GIVE_UP_AFTER,
                };
                Some((waiting, next))
            }
            Self::Waiting { .. } => None,
        }
    }

    /// A PRACK for `rseq` came; its CSeq and method were compared already.
    pub(crate) fn acknowledge(self, acked: u32) -> Result<Self, UnknownRAck> {
        match self {
            Self::Idle { .. } => Err(UnknownRAck),
            Self::Waiting { rseq, .. } if rseq != acked => Err(UnknownRAck),
            Self::Waiting { rseq, .. } => Ok(Self::Idle {
                next: rseq.saturating_add(1),
            }),
        }
    }

    /// Whether a 2xx has to wait for a PRACK.
    pub(crate) const fn holds_success(self) -> bool {
        match self {
            Self::Idle { .. } => false,
            Self::Waiting { carries, .. } => match carries {
                Carries::Description => true,
                Carries::Nothing => false,
            },
        }
    }

    /// When something is due.
    pub(crate) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Idle { .. } => None,
            Self::Waiting {
                resend_at,
                give_up_at,
                ..
            } => Some(resend_at.min(give_up_at)),
        }
    }

    /// What is due at `now`.
    pub(crate) fn expire(self, now: Instant) -> (Self, Due) {
        match self {
            Self::Idle { .. } => (self, Due::Nothing),
            Self::Waiting { give_up_at, .. } if give_up_at <= now => (self, Due::GiveUp),
            Self::Waiting { resend_at, .. } if resend_at > now => (self, Due::Nothing),
            Self::Waiting {
                rseq,
                carries,
                resend_after,
                give_up_at,
                ..
            } => {
                let resend_after = 2 * resend_after;
                let waiting = Self::Waiting {
                    rseq,
                    carries,
                    resend_after,
                    resend_at: now + resend_after,
                    give_up_at,
                };
                (waiting, Due::Resend)
            }
        }
    }
}

/// UAC side: which reliable 1xx of one early dialog were heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Client {
    /// None yet; the first may carry any RSeq.
    Fresh,
    /// This one was the last in order.
    Heard(u32),
}

/// What to do with a reliable 1xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Next in order: use it and send PRACK.
    New,
    /// A repeat, or one ahead of its turn: not acknowledged, not used (RFC 3262 §4). A repeat was
    /// acknowledged by a PRACK that the transaction layer repeats by itself.
    Ignored,
}

impl Client {
    /// A reliable 1xx with `rseq` came.
    pub(crate) fn hear(self, rseq: u32) -> (Self, Heard) {
        match self {
            Self::Fresh => (Self::Heard(rseq), Heard::New),
            Self::Heard(last) if rseq == last.wrapping_add(1) => (Self::Heard(rseq), Heard::New),
            Self::Heard(_) => (self, Heard::Ignored),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn repeats_double_until_the_prack_or_the_end() {
        let (mut server, rseq) = Server::Idle { next: 7 }
            .send(Carries::Description, at(0))
            .unwrap();
        assert_eq!(rseq, 7);
        assert_eq!(server.send(Carries::Nothing, at(0)), None);
        assert!(server.holds_success());
        let mut moments = Vec::new();
        loop {
            let due = server.deadline().unwrap();
            let (next, what) = server.expire(due);
            server = next;
            moments.push((due.as_millis(), what));
            if what == Due::GiveUp {
                break;
            }
        }
        let millis: Vec<u64> = moments.iter().map(|m| m.0).collect();
        assert_eq!(millis, [500, 1500, 3500, 7500, 15_500, 31_500, 32_000]);
        assert_eq!(server.acknowledge(8), Err(UnknownRAck));
        let idle = server.acknowledge(7).unwrap();
        assert_eq!(idle, Server::Idle { next: 8 });
        assert_eq!(idle.acknowledge(7), Err(UnknownRAck));
        assert!(!idle.holds_success());
    }

    #[test]
    fn a_gap_is_not_acknowledged() {
        let (client, heard) = Client::Fresh.hear(100);
        assert_eq!(heard, Heard::New);
        assert_eq!(client.hear(100).1, Heard::Ignored);
        assert_eq!(client.hear(102).1, Heard::Ignored);
        assert_eq!(client.hear(101), (Client::Heard(101), Heard::New));
    }
}
