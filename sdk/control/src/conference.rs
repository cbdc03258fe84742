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

/// Leave the conference; where there are several, on this phone and at servers, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndConference {
    /// The others go on speaking with each other: those in the conference of a server there, others for as long as
    /// this engine runs. Otherwise their calls end.
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

/// The conference of a server that a call is in (RFC 4579).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerConference {
    /// Its address: whoever calls it is in the conference.
    pub uri: String,
    /// Who is in it, or on the way, the person here among them. `None`: the server does not say, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<Vec<Participant>>,
}

/// One of those in the conference of a server, as the server says (RFC 4575).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Its address: what `conference.remove` takes.
    pub uri: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// How far it is.
    pub state: ParticipantState,
    /// It is the person here.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub you: bool,
}

/// How far a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantState {
    /// Called, ringing, calling, or waiting to be let in.
    Joining,
    /// In it.
    Connected,
    /// In it, and holds it.
    Held,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// Remove somebody from the conference of a server. `call.participants` under this command says that the server did,
/// also where it does not say who is there; `call.warning` with 4016 that it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveParticipant {
    /// Our call with the conference. `None`: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// Whose address, as the list of participants has it, or its user part where one alone has that.
    pub participant: String,
}

/// A call was merged with others, or is alone again, or who is with it changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallConference {
    /// The other calls of the conversation that it is in now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<CallHandle>,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}
