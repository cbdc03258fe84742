//! Watchers: who sees how the person here is and their calls, by asking this phone itself, and who may.

use crate::{AccountHandle, Timestamp};
use serde::{Deserialize, Serialize};

/// What somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sees {
    /// How the person is, without whether they are in a call.
    Presence,
    /// Their calls; their presence then says `on_the_phone` too.
    Dialog,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

impl Sees {
    /// As JSON has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Dialog => "dialog",
            Self::Unknown => "unknown",
        }
    }
}

/// Who said that somebody may see something, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RightOrigin {
    /// The person.
    Person,
    /// The settings; the person may override it.
    Template,
    /// Nobody: active members of a group see each other.
    Group,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// Let somebody see something, or not. It is kept, and stands before what the settings say of the same people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRight {
    /// What.
    pub sees: Sees,
    /// Who: `user 20@example.com`, `group sales`, `domain example.com` or `anybody`.
    pub whom: String,
    /// `false`: they may not.
    #[serde(default = "yes")]
    pub allowed: bool,
    /// Of which account. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
}

const fn yes() -> bool {
    true
}

/// A right that the person set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightRef {
    /// To see what.
    pub sees: Sees,
    /// Whose, as in [`SetRight`].
    pub whom: String,
    /// Of which account. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
}

/// One right, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightSnapshot {
    /// Of which account.
    pub account: AccountHandle,
    /// To see what.
    pub sees: Sees,
    /// Whose, as in [`SetRight`].
    pub whom: String,
    /// Whether they may.
    pub allowed: bool,
    /// Who said so: the person, or the template.
    pub origin: RightOrigin,
    /// Which file, profile or option, of the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
    /// The person said something else of the same people, and that counts.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub overridden: bool,
}

/// Somebody who watches, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatcherSnapshot {
    /// Its number, for as long as it watches.
    pub id: u64,
    /// Which account is watched.
    pub account: AccountHandle,
    /// Who watches: an address, as they or their server say it.
    pub watcher: String,
    /// What they see.
    pub sees: Sees,
    /// Since when.
    pub since: Timestamp,
    /// Who said that they may.
    pub origin: RightOrigin,
    /// By which right, such as `presence allow user 20@example.com`, or the name of a group.
    pub right: String,
    /// Which file, profile or option has that right, of the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
    /// Why they watch no longer: `rejected`, `timeout`, `noresource`, `probation`, `refused`, `unreachable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}
