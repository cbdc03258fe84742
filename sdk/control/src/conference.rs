//! Calls that are merged: what may be asked, what is told, how a call shows it.

use crate::CallHandle;
use crate::snapshot::CallSnapshot;
use serde::{Deserialize, Serialize};

/// Merge calls into one conversation. One alone is merged with the conference there is, or else with the call
/// that is active.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Merge {
    /// Which. Empty: all that are answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallHandle>,
}

/// Leave the conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndConference {
    /// The others go on speaking with each other, for as long as this engine runs; otherwise their calls end.
    pub keep: bool,
}

/// In which conversation a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InConference {
    /// Calls with the same number hear each other. Never used twice in one run.
    pub id: u64,
    /// Whether the person at this phone is in it too.
    pub person: bool,
}

/// A call was merged with others, or is alone again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallConference {
    /// The other calls of the conversation that it is in now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<CallHandle>,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}
