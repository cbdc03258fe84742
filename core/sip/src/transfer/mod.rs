//! Transfers: one call is handed on, by us or to us. No dialog is known here: whoever drives these machines
//! sends their requests in the dialogs of calls, and places the calls that they want.
//!
//! | file | holds |
//! | --- | --- |
//! | [`transferor`] | we hand a caller on: blind, attended, semi-attended (RFC 5589 §6, §7) |
//! | [`transferee`] | somebody hands us on: the REFER, the call that follows, and what is reported of it |
//! | [`fragment`] | the status line in a report (RFC 3420) |
//! | [`target`] | where a REFER may send us |
//!
//! Every transfer ends, in bounded time, as exactly one [`Outcome`].

pub mod fragment;
pub mod target;
#[cfg(test)]
mod tests;
pub mod transferee;
pub mod transferor;

use serde::{Deserialize, Serialize};
use sip_message::Status;

pub use target::{Target, Unfit};
pub use transferee::Transferee;
pub use transferor::Transferor;

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The two speak with each other.
    Completed,
    /// The two speak with each other, and both their calls stay here: this phone joins them (M-078).
    Joined,
    /// They do not; the call that was to be handed on is here again, as it was before.
    Recovered(Why),
    /// They may, or not; the call that was to be handed on is gone from here, or does not come back.
    Lost(Why),
}

/// Why a transfer did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Whoever was to go refuses to, with this status to REFER.
    Refused(Status),
    /// No answer came to REFER.
    Unanswered,
    /// The target was called and did not take the call.
    Target(Status),
    /// It was begun, and nobody said how it ended.
    Unknown,
    /// Whoever was to go hung up.
    CallerGone,
    /// The target hung up, or did not take our call, before anybody was handed on.
    TargetGone(Option<Status>),
    /// A person took it back, or did not allow it.
    Cancelled,
}

/// What a report on a transfer says (RFC 3515 §2.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What the target said last; `None` where the body says nothing that can be read.
    pub status: Option<Status>,
    /// No other report follows.
    pub last: bool,
}
