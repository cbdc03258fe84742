//! Presence: how the person here is, and what others are told of it.

use crate::{AccountHandle, ErrorObject, Timestamp};
use serde::{Deserialize, Serialize};

/// How somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// Can be called.
    Available,
    /// Is busy.
    Busy,
    /// Is in a call. Told by itself, never set.
    OnThePhone,
    /// Is not at the phone.
    Away,
    /// Does not want to be called.
    DoNotDisturb,
    /// Is gone.
    Absent,
    /// No phone of theirs is there.
    Offline,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

impl PresenceState {
    /// As JSON has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Busy => "busy",
            Self::OnThePhone => "on_the_phone",
            Self::Away => "away",
            Self::DoNotDisturb => "do_not_disturb",
            Self::Absent => "absent",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }

    /// Those that a person sets.
    pub const SET: [Self; 5] = [
        Self::Available,
        Self::Busy,
        Self::Away,
        Self::DoNotDisturb,
        Self::Absent,
    ];
}

/// Say how you are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence {
    /// How.
    pub state: PresenceState,
    /// In your own words: up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Until when; then you are available again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of which account. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
}

/// Whether anybody uses the computer that the phone is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// Nobody does.
    pub idle: bool,
}

/// Own presence of an account, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceSnapshot {
    /// Of which account.
    pub account: AccountHandle,
    /// How the person says they are.
    pub state: PresenceState,
    /// What others are told: in a call, `on_the_phone`; while nobody is at the computer, `away`.
    pub shown: PresenceState,
    /// In their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Until when it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Since when the server has it. `None`: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// Why the server does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<ErrorObject>,
}
