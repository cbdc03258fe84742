//! Lamps and mailboxes: what may be asked, what is told, how one stands.

use crate::snapshot::{CallDirection, Party};
use crate::{AccountHandle, ErrorObject, PresenceState, Timestamp};
use serde::{Deserialize, Serialize};

/// Watch an extension for this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddLamp {
    /// An extension, `user@domain` or a SIP address.
    pub target: String,
    /// From which account. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// What to call it. `None`: what its address says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// It is a park slot: whoever is in it is parked.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub slot: bool,
}

/// Names a lamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LampRef {
    /// Its extension, its address or its label.
    pub target: String,
    /// Of which account. `None`: the only one that has such a lamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
}

/// Names an account, or leaves it open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MailboxRef {
    /// Which. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
}

/// What a lamp shows; exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LampState {
    /// Free.
    Idle,
    /// A call comes in there.
    Ringing,
    /// In a call, or calling.
    Busy,
    /// In a call that it holds.
    Held,
    /// A park slot with somebody in it.
    Parked,
    /// Not registered, or not known to the server.
    Unregistered,
    /// Not known; `why` says why. Also a word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// Who says how an extension stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LampSource {
    /// Its calls (RFC 4235).
    Dialog,
    /// Its presence (RFC 3856).
    Presence,
    /// Its bindings (RFC 3680).
    Reg,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// The whole of a lamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LampSnapshot {
    /// The account that watches.
    pub account: AccountHandle,
    /// Who is watched: a SIP address.
    pub target: String,
    /// What it is called.
    pub label: String,
    /// It is a park slot.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub slot: bool,
    /// What it shows.
    pub state: LampState,
    /// Since when.
    pub since: Timestamp,
    /// Why the state is not known, or who said that it is not registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<ErrorObject>,
    /// Who began the call that is shown, seen from the extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<CallDirection>,
    /// The other party of that call, where the server names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Party>,
    /// How the call that rings there is picked up, where the server tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Pickup>,
    /// Who said it.
    pub source: LampSource,
    /// It is asked for again and again, because the server does not push.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub polled: bool,
    /// How the person there is, where their presence tells (M-098).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceState>,
    /// What the person says there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The account's list at the server tells of it (`blf_list`, RFC 4662), and no subscription of its own.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub listed: bool,
}

/// What is shown beside somebody in a list: a favourite, a contact (M-098).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Shows {
    /// Their lamp as it is now. It changes by `blf.changed` of the same account and target.
    Lamp(Box<LampSnapshot>),
    /// No presence: a number outside the house, which nobody is asked about (M-114).
    NoPresence,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// What picks up a call that rings at somebody else's phone: an INVITE to its caller (RFC 3891 §3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickup {
    /// Where the caller is reached.
    pub to: String,
    /// The header field Replaces.
    pub replaces: String,
}

/// A lamp changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LampChange {
    /// What it showed before. `None`: it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<LampState>,
    /// It is no longer watched.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub removed: bool,
    /// The whole lamp.
    #[serde(flatten)]
    pub snapshot: LampSnapshot,
}

/// Counts of voice messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceMessages {
    /// Not listened to yet.
    pub new: u32,
    /// Listened to.
    pub old: u32,
    /// Urgent ones among the new.
    pub new_urgent: u32,
    /// Urgent ones among the old.
    pub old_urgent: u32,
}

/// The whole of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxSnapshot {
    /// Whose.
    pub account: AccountHandle,
    /// Whether something new waits. `None`: not known; `why` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<bool>,
    /// How many, where the server counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceMessages>,
    /// Since when it is so.
    pub since: Timestamp,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<ErrorObject>,
}
