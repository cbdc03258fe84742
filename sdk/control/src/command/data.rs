//! Bodies of the commands.

use crate::contacts::{Contact, Imported, Profile};
use crate::event::Filter;
use crate::history::HistoryRecord;
use crate::lamp::{LampSnapshot, MailboxSnapshot};
use crate::message::{Conversation, TextMessage};
use crate::plugin::PluginReloaded;
use crate::presence::PresenceSnapshot;
use crate::rules::RulesTested;
use crate::snapshot::{
    AccountSnapshot, CallSnapshot, EngineSnapshot, PluginCost, PluginSnapshot, PluginTries,
};
use crate::watcher::{RightSnapshot, WatcherSnapshot};
use crate::{AccountHandle, CallHandle, Ladder, PluginId, Secret};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// Names a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CallRef {
    /// Which. `None`: the newest that is in a state for the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
}

/// Refuse a ringing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Decline {
    /// Which. `None`: the newest that rings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// SIP status to refuse with. Range: 400 to 699. `None`: 603.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Send a ringing call elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// Which. `None`: the newest that rings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// Where to: a number or an address.
    pub to: String,
}

/// Send digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendDtmf {
    /// Which call. `None`: the newest that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// The digits, in order.
    pub digits: Digits,
    /// Length of each. Unit: ms. Range: 40 to 8,000. `None`: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u32>,
}

/// One to 64 digits of 0-9 * # A-D. `Debug` hides them: they may be a PIN.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digits(String);

/// Something other than digits, or none, or too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("digits are 1 to 64 of 0-9 * # A-D")]
pub struct NotDigits;

impl Digits {
    /// The digits, letters in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digits {
    type Err = NotDigits;

    fn from_str(text: &str) -> Result<Self, NotDigits> {
        let text = text.to_ascii_uppercase();
        let is_digit = |c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D');
        if (1..=64).contains(&text.len()) && text.chars().all(is_digit) {
            return Ok(Self(text));
        }
        Err(NotDigits)
    }
}

impl TryFrom<String> for Digits {
    type Error = NotDigits;
    fn try_from(text: String) -> Result<Self, NotDigits> {
        text.parse()
    }
}

impl From<Digits> for String {
    fn from(digits: Digits) -> Self {
        digits.0
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} digits", self.0.len())
    }
}

/// Let calls ring unheard and messages come without a sound, or no longer (M-136).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Nothing is heard.
    pub on: bool,
}

/// Silence our microphone, or open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Which call. `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// Whether to silence.
    pub on: bool,
}

/// Names an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRef {
    /// Which.
    pub account: AccountHandle,
}

/// How to reach a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Datagrams; large requests go over TCP.
    #[default]
    Udp,
    /// A connection that is kept.
    Tcp,
    /// TLS, with `sips:` addresses.
    Tls,
    /// TLS, with `sip:` addresses.
    #[serde(rename = "tls+sip")]
    TlsSip,
}

/// Whom an account believes over TLS, and how it proves who it is. The engine reads the files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountTls {
    /// Files (PEM) of authorities that are believed instead of the system's. None: the system's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ca: Vec<String>,
    /// Keys that a server may have, each `sha256/` and base64. None: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<String>,
    /// File (PEM) of its certificate, for servers that ask; with `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// File (PEM) of the key of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Set up an account for this run; the settings files stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAccount {
    /// Its id.
    pub account: AccountHandle,
    /// The name before the @ of its address.
    pub user: String,
    /// The name after the @ of its address.
    pub domain: String,
    /// The name to log in with. `None`: the same as `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_user: Option<String>,
    /// The password. `None`: the server asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The name it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Server to register with, where it is not the domain: `host` or `host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrar: Option<String>,
    /// Server to register with while the other one is silent: `host` or `host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby: Option<String>,
    /// How long the one in use may be silent. Unit: s. `None`: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby_after_s: Option<u32>,
    /// Server that everything goes through: `host` or `host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_proxy: Option<String>,
    /// How to reach the server.
    #[serde(default)]
    pub transport: Transport,
    /// Whom it believes over TLS. `None`: the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<AccountTls>>,
    /// Lifetime to ask for. Unit: s. `None`: 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_s: Option<u32>,
    /// Whether to register at once.
    #[serde(default = "yes")]
    pub register: bool,
    /// Whether calls over UDP, and those who watch, may come from anywhere, not only from the account's servers.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub udp_from_unknown: bool,
    /// Whether outgoing calls that name no account use it.
    #[serde(default)]
    pub make_default: bool,
}

const fn yes() -> bool {
    true
}

/// The ladder of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderOf {
    /// Which.
    pub call: CallHandle,
}

/// Send events on this connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subscribe {
    /// Which events. Empty: all.
    #[serde(default, skip_serializing_if = "is_all")]
    pub filter: Filter,
    /// The last sequence number seen; what came after it is sent again, or `stream.lagged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<u64>,
}

const fn is_all(filter: &Filter) -> bool {
    filter.0.is_empty()
}

/// Stop the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shutdown {
    /// Why; it is passed on in `engine.stopping`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Names a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRef {
    /// Its id, such as `codec-g711`.
    pub plugin: PluginId,
}

/// A command that needs no more than its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoFields {}

/// What comes back at once. JSON: `{"kind":…, …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reply {
    /// Taken; the outcome comes as an event.
    Taken,
    /// The call that the command is about.
    Call {
        /// The whole call.
        call: Box<CallSnapshot>,
    },
    /// The account that the command is about.
    Account {
        /// The whole account.
        account: Box<AccountSnapshot>,
    },
    /// All calls.
    Calls {
        /// By age.
        calls: Vec<CallSnapshot>,
    },
    /// All accounts.
    Accounts {
        /// By id.
        accounts: Vec<AccountSnapshot>,
    },
    /// The engine.
    Status {
        /// The whole engine.
        engine: Box<EngineSnapshot>,
    },
    /// A call's ladder.
    Ladder {
        /// The ladder.
        ladder: Ladder,
    },
    /// All lamps.
    Lamps {
        /// By account, then as they were set up.
        lamps: Vec<LampSnapshot>,
        /// What waits in mailboxes, by account.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mailboxes: Vec<MailboxSnapshot>,
    },
    /// What would become of a number.
    Rules {
        /// What, and why.
        tested: Box<RulesTested>,
    },
    /// All plugins, also those that are not in use.
    Plugins {
        /// In use first, then what was refused.
        plugins: Vec<PluginSnapshot>,
    },
    /// Why a plugin is in use, or is not.
    PluginTries {
        /// Where it was looked for, and what came of it.
        tries: PluginTries,
    },
    /// What plugins cost.
    PluginCosts {
        /// One each, in the order of `plugins`.
        costs: Vec<PluginCost>,
    },
    /// What was asked for takes effect at the engine's next start.
    NextStart,
    /// What was asked for a plugin counts already, also at the next start.
    Switched {
        /// Calls that it stands in.
        calls: u64,
    },
    /// A newer build of a plugin is there for new calls.
    PluginReloaded {
        /// Which, and on trial where.
        reloaded: PluginReloaded,
    },
    /// Records of the history.
    History {
        /// Newest first.
        records: Vec<HistoryRecord>,
    },
    /// The text message that the command is about.
    Message {
        /// The whole message.
        message: Box<TextMessage>,
    },
    /// Text messages.
    Messages {
        /// Newest first.
        messages: Vec<TextMessage>,
        /// Whom they are with, the newest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conversations: Vec<Conversation>,
    },
    /// Own presence.
    Presences {
        /// By account.
        presences: Vec<PresenceSnapshot>,
    },
    /// Who watches, and who may.
    Watchers {
        /// Those who do, by account and number.
        watchers: Vec<WatcherSnapshot>,
        /// All rights, the person's before the template's.
        rights: Vec<RightSnapshot>,
    },
    /// So many were marked.
    Marked {
        /// How many.
        count: u32,
    },
    /// So many are gone.
    Deleted {
        /// How many.
        count: u32,
    },
    /// Contacts.
    Contacts {
        /// In the order that was asked for; those of directories that were asked behind.
        contacts: Vec<Contact>,
        /// Directories that did not answer in time, or could not: the answer is not whole.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        silent: Vec<String>,
    },
    /// The contact that the command is about.
    Contact {
        /// The whole contact.
        contact: Box<Contact>,
    },
    /// What came of an import.
    Imported {
        /// How many, and which not.
        imported: Imported,
    },
    /// Contacts as a file.
    Vcards {
        /// Its text (RFC 6350).
        vcards: String,
    },
    /// All profiles.
    Profiles {
        /// In the order in which they were made.
        profiles: Vec<Profile>,
    },
    /// Where a mail goes.
    Mail {
        /// The address.
        address: String,
        /// The link that begins a mail (RFC 6068).
        link: String,
    },
    /// Events follow.
    Subscribed {
        /// The last sequence number before them.
        seq: u64,
    },
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}
