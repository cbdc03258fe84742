//! Why a call ended, and why an account is not registered.

use crate::Code;
use serde::{Deserialize, Serialize};

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReason {
    /// Who ended it.
    pub by: EndedBy,
    /// In one word.
    pub cause: EndCause,
    /// The final SIP status, where there was one. Range: 300 to 699.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_status: Option<u16>,
    /// The peer's Reason header, as it came (RFC 3326).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_header: Option<String>,
    /// Its cause by the numbers of the telephone network (Q.850), where it says one. Range: 1 to 127.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850_cause: Option<u16>,
    /// Its text for people, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<String>,
    /// How long the far end asks not to be called again (Retry-After, RFC 3261 §20.33). Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// The error index's word for it, unless it ended as it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Someone at this phone.
    Local,
    /// The far end.
    Remote,
    /// The engine itself: a timer, a lost network, a stop.
    Engine,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// Why a call ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// It was answered, and somebody hung up.
    Normal,
    /// 486 or 600.
    Busy,
    /// It rang out, or nobody was there to ring (408, 480).
    NoAnswer,
    /// 603, or declined here.
    Declined,
    /// The caller gave up before an answer.
    Cancelled,
    /// It was sent elsewhere from here (302).
    Redirected,
    /// Another phone took it (RFC 3326: cause 200).
    AnsweredElsewhere,
    /// Anything else.
    Failed,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

impl EndReason {
    /// How a call of ours ended when the far end answered it with `sip_status` (RFC 3261 §21).
    pub fn from_status(sip_status: u16) -> Self {
        let (cause, code) = match sip_status {
            486 | 600 => (EndCause::Busy, Code::BUSY),
            408 | 480 => (EndCause::NoAnswer, Code::NO_ANSWER),
            603 => (EndCause::Declined, Code::DECLINED),
            487 => (EndCause::Cancelled, Code::CANCELLED),
            401 | 403 | 407 => (EndCause::Failed, Code::WRONG_PASSWORD),
            404 | 410 | 484 | 604 => (EndCause::Failed, Code::UNKNOWN_NUMBER),
            415 | 488 | 606 => (EndCause::Failed, Code::NO_CODEC_IN_COMMON),
            500..=599 => (EndCause::Failed, Code::SERVER_FAILED),
            _ => (EndCause::Failed, Code::REJECTED),
        };
        Self {
            by: EndedBy::Remote,
            cause,
            sip_status: Some(sip_status),
            reason_header: None,
            q850_cause: None,
            reason_text: None,
            retry_after_s: None,
            code: Some(code),
        }
    }

    /// An answered call that somebody hung up.
    pub const fn normal(by: EndedBy) -> Self {
        Self {
            by,
            cause: EndCause::Normal,
            sip_status: None,
            reason_header: None,
            q850_cause: None,
            reason_text: None,
            retry_after_s: None,
            code: None,
        }
    }
}

/// Why an account is not registered, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountCause {
    /// The server's name has no address.
    Dns,
    /// The certificate or handshake was refused.
    Tls,
    /// The password or user was refused.
    Auth,
    /// Nothing came back.
    Timeout,
    /// The server said no, or the connection was refused.
    Refused,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}
