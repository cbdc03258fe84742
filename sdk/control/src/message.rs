//! Text messages: what may be asked, what is told, one message whole.

use crate::snapshot::Party;
use crate::{AccountHandle, CallHandle, ErrorObject, Timestamp};
use serde::{Deserialize, Serialize};

/// Send a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendMessage {
    /// An extension, `user@domain` or a SIP address; may stay out where `call` is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What it says. Over UDP the whole request takes up to 1,300 bytes (RFC 3428 §8), else 16 KiB of text.
    pub text: String,
    /// From which account. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// To the far end of this call, in its dialog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Ours is on its way.
    Sending,
    /// Ours is at the other end (200).
    Delivered,
    /// Somebody on the way keeps ours, to hand it over later (202).
    Accepted,
    /// Ours did not get there; `why` says why.
    Failed,
    /// Theirs came.
    Received,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

impl MessageState {
    /// As JSON has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Received => "received",
            Self::Unknown => "unknown",
        }
    }
}

/// One text message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMessage {
    /// Its id, unique for all time.
    pub id: String,
    /// The account that wrote it or was written to.
    pub account: AccountHandle,
    /// The other end: its address, and the name it gave itself.
    pub peer: Party,
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub state: MessageState,
    /// When it was sent or came.
    pub at: Timestamp,
    /// Theirs was read here; ours always is.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub read: bool,
    /// The call in whose dialog it travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// Why it did not get there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<ErrorObject>,
}

/// Which messages are wanted; what is left out does not matter. Newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageQuery {
    /// With whom: an extension or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// Theirs that were not read.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub unread: bool,
    /// So many at most. `None`: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which messages are meant: of one conversation, or all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MessagesOf {
    /// With whom: an extension or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Those with everybody.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub all: bool,
}

/// What was said with somebody, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// With whom: `user@host`, as `with` of a query takes it.
    pub with: String,
    /// Messages in it.
    pub messages: u32,
    /// Theirs that were not read.
    pub unread: u32,
    /// The newest.
    pub last: TextMessage,
}

/// Messages were read, or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesMarked {
    /// Of which conversation. `None`: of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// How many.
    pub count: u32,
}
