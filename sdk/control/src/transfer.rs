//! Calls that are handed on: what may be asked, what is told, how one stands.

use crate::snapshot::Party;
use crate::{CallHandle, ErrorObject};
use serde::{Deserialize, Serialize};

/// Hand a call on: the far end is to speak with somebody else. Exactly one of `to`, `lamp` and
/// `with` says with whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TransferCall {
    /// Which call. `None`: the newest that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// With whom: a number or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// With the extension, or at the park slot, of this lamp: its extension, its address or its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lamp: Option<String>,
    /// With the far end of this other call of ours, which is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<CallHandle>,
    /// At once, or after a word with the target.
    #[serde(default)]
    pub mode: TransferMode,
    /// The target is a park slot: where the call comes back it is told as parked. A lamp's slot is known as one.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub park: bool,
}

/// Whether the target is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferMode {
    /// The call is handed on at once.
    #[default]
    Now,
    /// The target is called first; `transfer.complete` hands the call on, `transfer.cancel` takes it back.
    Ask,
}

/// A call that was handed on or parked from here, and comes back: a server rings whoever sent it away when nobody took
/// it, or fetched it from its slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The call that was sent away.
    pub call: CallHandle,
    /// Its far end, who waits again: not every server names them as the caller.
    pub who: Party,
    /// Where it had been sent.
    pub target: String,
    /// That is a park slot.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub parked: bool,
}

/// Which side of a transfer we are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferRole {
    /// We hand the far end on.
    Transferor,
    /// The far end hands us on.
    Transferee,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// How it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Nobody asks the target first.
    Blind,
    /// The target was spoken with.
    Attended,
    /// The target was called and had not answered when the call was handed on.
    SemiAttended,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// By which way a call went, or was to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferWay {
    /// The far end was asked to call the target (RFC 3515).
    Plain,
    /// It was asked to take the place of our call with the target (RFC 3891).
    Replaces,
    /// It, and the target, are joined here: both calls stay.
    Joined,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// How a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// The call is put on hold.
    Holding,
    /// The target is being called.
    Asking,
    /// We speak with the target; or, where the far end hands us on, a person is asked whether to go.
    Consulting,
    /// The far end was asked to go.
    Requested,
    /// It calls the target.
    Trying,
    /// The target rings.
    Ringing,
    /// It did not work; the call is being taken back from hold.
    Returning,
    /// The two speak with each other.
    Completed,
    /// They do not; the call is with us again.
    Recovered,
    /// The call is gone, or does not come back from hold.
    Lost,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// The whole of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferSnapshot {
    /// The call that is handed on, or in which we are.
    pub call: CallHandle,
    /// Which side we are on.
    pub role: TransferRole,
    /// How it is done.
    pub kind: TransferKind,
    /// How it stands.
    pub state: TransferState,
    /// With whom the other is to speak.
    pub target: String,
    /// Our call with the target, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<CallHandle>,
    /// By which way, as soon as one was tried; where one is refused, another may follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<TransferWay>,
    /// What the target, or whoever was asked, said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_status: Option<u16>,
    /// Why it did not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

impl TransferSnapshot {
    /// Whether nothing more comes of it.
    pub const fn is_over(&self) -> bool {
        matches!(
            self.state,
            TransferState::Completed | TransferState::Recovered | TransferState::Lost
        )
    }
}
