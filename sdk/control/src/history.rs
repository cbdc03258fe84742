//! The history of calls: what may be asked, what is told, one record whole.

use crate::snapshot::Party;
use crate::{AccountHandle, CallHandle, EndCause, Timestamp};
use serde::{Deserialize, Serialize};

/// What a record is of (M-120).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// They called, and nobody here took it.
    Missed,
    /// They called, and somebody here took it.
    Answered,
    /// We called.
    Outgoing,
    /// They called, and another phone took it (RFC 3326: cause 200).
    AnsweredElsewhere,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

impl RecordKind {
    /// As JSON has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Answered => "answered",
            Self::Outgoing => "outgoing",
            Self::AnsweredElsewhere => "answered_elsewhere",
            Self::Unknown => "unknown",
        }
    }
}

/// How far the call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// It is not over.
    Open,
    /// It was answered, and is over.
    Completed,
    /// It ended before an answer.
    Cancelled,
    /// The engine ended during the call, without a word.
    Interrupted,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// What else is to be known of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Somebody at this phone refused it.
    Rejected,
    /// Somebody else was called first, and the call was sent on (RFC 5806).
    Forwarded,
    /// This phone sent it on: forwarding, or a rule.
    SentOn,
    /// Nobody was to be disturbed.
    DoNotDisturb,
    /// It was recorded, in whole or in part.
    Recorded,
    /// It was handed on to somebody else.
    Transferred,
    /// It was parked.
    Parked,
    /// It had been handed on or parked from here, and came back.
    Returned,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// Who somebody is by our own lists, which is more than who they say they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownName {
    /// The name.
    pub name: String,
    /// Which list has it: `favourites` or `contacts`.
    pub source: String,
}

/// One call as the history keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// Its id, unique for all time: what `history.delete` and `history.redial` take.
    pub id: String,
    /// The call it is of.
    pub call: CallHandle,
    /// What it is of.
    pub kind: RecordKind,
    /// How far it came.
    pub state: RecordState,
    /// The account of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// Our address.
    pub local: String,
    /// The other end: its address, and the name it gave itself.
    pub remote: Party,
    /// Who that is by our own lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownName>,
    /// When it began.
    pub started: Timestamp,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// From the answer to the end, where both were. Unit: ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Why it ended, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndCause>,
    /// The final SIP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_status: Option<u16>,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The Call-ID header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
}

/// Which records are wanted; what is left out does not matter. Newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryQuery {
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<RecordKind>,
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// With this in name, number or address; case and accents do not matter. Up to 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Begun then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Begun before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// So many at most. `None`: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which records go: those named, or all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryDelete {
    /// Their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// All of them; calls that are not over keep theirs.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub all: bool,
}

/// Names a record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryRef {
    /// Its id. `None`: the newest of a call that we made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The history changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryChanged {
    /// The record that is new or different, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<HistoryRecord>,
    /// Records that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
    /// All of them are gone.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub cleared: bool,
}
