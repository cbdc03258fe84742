//! What a table of sessions is set to.

use crate::session::refresh::Wish;
use base::Duration;
use serde::{Deserialize, Serialize};

/// Whether we can send and acknowledge provisional responses reliably (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reliability {
    /// We say that we can, and do where the other side can.
    Supported,
    /// We insist: our INVITE requires it.
    Required,
}

/// What to do with a 3xx (RFC 3261 §8.1.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redirects {
    /// The session ends with it; who dialled decides.
    Report,
    /// Its contacts are tried, best first; each at most once.
    Follow {
        /// Most INVITEs that one call may send for redirections.
        max: u8,
    },
}

/// What a call is told that finds no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Full {
    /// 486: the person is in another call (RFC 3261 §21.4.24).
    Busy,
    /// 503 with Retry-After: a server that others may call instead (RFC 3261 §21.5.4).
    Later,
}

/// Bounds of a table of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Sessions that have not ended. At the bound an INVITE gets what `full` says, and dialling fails.
    pub calls: usize,
    /// What a call is told that finds `calls` reached.
    pub full: Full,
    /// Sessions in all, ended ones that still answer late messages included. At the bound 503.
    pub sessions: usize,
    /// Unanswered calls from one address; `None`: no bound. At the bound 503 with Retry-After.
    pub early_per_source: Option<u32>,
    /// Early dialogs of one INVITE of ours. At the bound further ones are not heard until they answer.
    pub forks: usize,
}

impl Limits {
    /// One person's phone.
    pub const DESKTOP: Self = Self {
        calls: 32,
        full: Full::Busy,
        sessions: 256,
        early_per_source: Some(8),
        forks: 16,
    };

    /// Bench and monitoring.
    pub const MONITOR: Self = Self {
        calls: 50_000,
        full: Full::Later,
        sessions: 500_000,
        early_per_source: None,
        forks: 16,
    };
}

/// What a table of sessions is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Number of the part in the ids of requests.
    pub part: u8,
    /// Bounds.
    pub limits: Limits,
    /// Session timer that we ask for; `None`: only what the peer asks for (RFC 4028).
    pub timer: Option<Wish>,
    /// Reliable provisional responses.
    pub reliability: Reliability,
    /// What to do with a 3xx.
    pub redirects: Redirects,
    /// Methods of requests inside a confirmed dialog that the user answers, such as REFER. Others that a
    /// session makes nothing of get 405.
    pub handed_over: Vec<String>,
    /// How long a call that came in may ring before it is answered with 480. Unit: time.
    pub ring_at_most: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            part: 0,
            limits: Limits::DESKTOP,
            timer: Some(Wish::default()),
            reliability: Reliability::Supported,
            redirects: Redirects::Follow { max: 5 },
            handed_over: Vec::new(),
            ring_at_most: Duration::from_secs(180),
        }
    }
}
