//! Where a subscription can stand, and everything it knows, as plain data.

use super::tag::WatchTag;
use super::words::{Cause, Watch};
use crate::auth::Used;
use crate::dialog::Dialog;
use crate::ids::ClientId;
use base::Instant;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::Text;

/// A SUBSCRIBE that waits for its final response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub(super) id: ClientId,
    /// Nonces it was sent with.
    pub(super) used: Vec<Used>,
    /// Requests it took so far: challenges and longer lifetimes add some.
    pub(super) rounds: u32,
    /// Lifetime it asks for. Unit: s.
    pub(super) expires_s: u32,
}

/// One dialog that a notifier made of our SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub(super) dialog: Dialog,
    /// How the user knows it.
    pub(super) fork: u32,
    pub(super) born: Instant,
    /// CSeq of the last NOTIFY.
    pub(super) cseq: u32,
    /// When it ends at the notifier.
    pub(super) until: Instant,
    pub(super) refresh_at: Option<Instant>,
    /// Until when the NOTIFY must come that follows the last SUBSCRIBE.
    pub(super) notify_by: Option<Instant>,
    /// When the last SUBSCRIBE was sent.
    pub(super) asked: Instant,
    /// Whether a NOTIFY came since then.
    pub(super) heard: bool,
    /// Refreshes in a row that were refused without an end.
    pub(super) failures: u32,
    pub(super) attempt: Option<Attempt>,
}

/// Where a subscription stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Not started yet, or its turn comes.
    Waiting,
    /// SUBSCRIBE is out; a NOTIFY may be faster than its 2xx.
    Asking(Attempt),
    /// The 2xx was faster.
    Promised {
        /// What it granted.
        granted: Duration,
    },
    /// Documents come.
    Active {
        /// The SUBSCRIBE that made it, while its response is still on the way.
        late: Option<Attempt>,
        /// Until when more notifiers may answer the same SUBSCRIBE.
        forks_until: Instant,
    },
    /// What the last poll brought holds until the next one.
    Polled,
    /// Not there. The next try has its time unless the cause is final.
    Failed(Cause),
    /// It is being ended at the notifiers.
    Ending,
    /// Nothing more will happen.
    Over,
}

/// How the state gets here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Way {
    /// The notifier sends it when it changes.
    Pushed,
    /// It is asked for, this many times so far.
    Polled(u32),
}

/// Everything a subscription knows, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub(super) watch: Watch,
    pub(super) state: State,
    pub(super) way: Way,
    pub(super) legs: Vec<Leg>,
    /// The next SUBSCRIBE outside of a dialog, or the end of patience with the last one.
    pub(super) turn: Option<Instant>,
    pub(super) expires_s: u32,
    pub(super) tag: WatchTag,
    /// From of our requests, tag included.
    pub(super) from: Text,
    pub(super) call_id: Text,
    pub(super) cseq: u32,
    pub(super) next_id: ClientId,
    pub(super) next_fork: u32,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Failures in a row of the notifier to push.
    pub(super) misses: u32,
}
