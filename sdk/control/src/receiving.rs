//! What an account does with calls that come in, as a person switches it while the engine runs.
//!
//! Settings files stay as they are. What the person says stands before them, also after a restart where the engine
//! keeps a history; what is the same as in the settings is not kept, so that saying so gives the word back to them.

use crate::AccountHandle;
use serde::{Deserialize, Serialize};

/// Refuse all calls, or take them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotDisturb {
    /// Whose calls. `None`: those of the default account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// Whether nobody is to be disturbed.
    pub on: bool,
}

/// Which calls are sent elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardWhen {
    /// All of them, at once.
    Always,
    /// Those that come while a call is up.
    Busy,
    /// Those that nobody answers.
    NoAnswer,
}

/// Send calls elsewhere, or no longer. `account.changed` says that it holds: at once, or where the server has a code for
/// it (setting `forwarding_codes`) once that call is answered. `call.warning` with 4024 under the same command says that
/// the server refused; calls then go where they went before. A code is dialled beside no other call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// Whose calls. `None`: those of the default account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// Which.
    pub when: ForwardWhen,
    /// A number or a SIP URI. `None`: no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How long nobody answers. Unit: s. Range: 1 to 600. `None`: as it was. Only with [`ForwardWhen::NoAnswer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_s: Option<u32>,
}

/// Where an account sends its calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarding {
    /// All of them, at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always: Option<String>,
    /// Those that come while a call is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<String>,
    /// Those that nobody answers for `after_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_answer: Option<String>,
    /// Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_s: Option<u32>,
}

impl Forwarding {
    /// Whether no call is sent elsewhere.
    pub const fn is_off(&self) -> bool {
        self.always.is_none() && self.busy.is_none() && self.no_answer.is_none()
    }
}
