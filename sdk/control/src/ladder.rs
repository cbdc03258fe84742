//! Who sent what when, of one call.

use crate::CallHandle;
use serde::{Deserialize, Serialize};

/// The messages of one call as two columns with arrows between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// The call.
    pub call: CallHandle,
    /// Name of our column.
    pub local: String,
    /// Name of the far column.
    pub remote: String,
    /// Everything that was seen, in order of time.
    pub steps: Vec<Step>,
}

/// One line of a ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When. Unit: ms since the first.
    pub at_ms: u64,
    /// What it is.
    pub kind: StepKind,
    /// `INVITE sdp: pcmu`, `180 Ringing`, `RTP PCMU 50 pkt/s`. Redacted like the log.
    pub text: String,
    /// Sent before already: a repeat.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub repeat: bool,
}

/// What one line of a ladder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A SIP message from us.
    SipOut,
    /// A SIP message to us.
    SipIn,
    /// Sound from us.
    MediaOut,
    /// Sound to us.
    MediaIn,
    /// Something that happened here.
    Note,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}
