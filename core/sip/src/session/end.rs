//! How a session ended, in the words that reach history and user interfaces.

use base::Duration;
use core::fmt;
use serde::{Deserialize, Serialize};
use sip_message::{Reason, Status};

/// What hanging up sends in each state of a session.
///
/// | state | says | source |
/// | --- | --- | --- |
/// | INVITE out, nothing heard | nothing until a 1xx, then CANCEL | RFC 3261 §9.1 |
/// | INVITE out, 1xx heard | CANCEL; ACK and BYE to a 2xx that crosses it | RFC 3261 §9.1, RFC 5407 §3.1.2 |
/// | INVITE in, not answered | 603 Decline | RFC 3261 §21.6.2 |
/// | our 2xx not acknowledged | nothing until the ACK, or 64·T1; then BYE | RFC 3261 §15 |
/// | the peer's 2xx not acknowledged by us | ACK, then BYE | RFC 3261 §13.2.2.4 |
/// | else | BYE | RFC 3261 §15.1.1 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goodbye {
    /// CANCEL, as soon as a provisional response allows it.
    CancelAfterProvisional,
    /// CANCEL at once.
    Cancel,
    /// A final response to the INVITE.
    Decline,
    /// BYE, as soon as the ACK came.
    ByeAfterAck,
    /// ACK, then BYE.
    AckAndBye,
    /// BYE at once.
    Bye,
    /// Nothing: it is over.
    Nothing,
}

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// We did: the person hung up, declined, or a limit of ours was reached.
    Local,
    /// The peer, or a proxy that speaks for it.
    Remote,
}

/// Why it ended, as history shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It was answered, and one side hung up.
    Normal,
    /// The callee is in another call.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// The callee said no.
    Declined,
    /// The caller gave up before an answer.
    Cancelled,
    /// Another phone of the callee took the call.
    AnsweredElsewhere,
    /// We sent it elsewhere.
    Redirected,
    /// Anything else; [`Detail`] and the status say what.
    Failed,
}

impl Cause {
    /// The name in events and history.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::AnsweredElsewhere => "answered_elsewhere",
            Self::Redirected => "redirected",
            Self::Failed => "failed",
        }
    }

    /// What a final response above 299 to our INVITE means. Source: RFC 3261 §21.3 to §21.6.
    pub const fn of_refusal(status: Status) -> Self {
        match status.code() {
            486 | 600 => Self::Busy,
            408 | 480 => Self::NoAnswer,
            603 | 607 | 608 => Self::Declined,
            487 => Self::Cancelled,
            _ => Self::Failed,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What stood behind the cause, where the status alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// Nothing to add.
    Plain,
    /// The peer accepted without a session description, so there is nothing to talk over (RFC 3261 §13.2.1).
    NoDescription,
    /// No response came (RFC 3261 §8.1.3.1 treats it as 408).
    TimedOut,
    /// The transport failed (RFC 3261 §8.1.3.1 treats it as 503).
    Transport,
    /// Our 2xx was never acknowledged (RFC 3261 §13.3.1.4).
    NoAck,
    /// Our reliable provisional response was never acknowledged (RFC 3262 §3).
    NoPrack,
    /// The session timer ran out (RFC 4028 §10).
    Expired,
    /// The peer forgot the dialog: it answered 481 or nothing (RFC 5057 §5.1).
    DialogLost,
    /// We have no credentials for the challenge, or they were refused.
    Credentials,
    /// Redirected too often, in a circle, or to nowhere we can call.
    Redirected,
    /// A bound of ours was reached.
    Full,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReason {
    /// Who ended it.
    pub by: By,
    /// Why, as history shows it.
    pub cause: Cause,
    /// What stood behind it.
    pub detail: Detail,
    /// The status that ended it, where one did.
    pub status: Option<Status>,
    /// The peer's Reason header field, as it came (RFC 3326).
    pub reason: Option<String>,
    /// How long the peer wants to be left alone. Unit: time. Source: RFC 3261 §20.33.
    pub retry_after: Option<Duration>,
}

impl EndReason {
    /// Ended by us with `cause`.
    pub const fn local(cause: Cause) -> Self {
        Self::new(By::Local, cause, Detail::Plain)
    }

    /// Ended by the peer with `cause`.
    pub const fn remote(cause: Cause) -> Self {
        Self::new(By::Remote, cause, Detail::Plain)
    }

    /// Failed for the reason `detail`, with nobody's intent.
    pub const fn failed(detail: Detail) -> Self {
        Self::new(By::Local, Cause::Failed, detail)
    }

    /// All of it but what the peer wrote.
    pub const fn new(by: By, cause: Cause, detail: Detail) -> Self {
        Self {
            by,
            cause,
            detail,
            status: None,
            reason: None,
            retry_after: None,
        }
    }

    /// With the status that ended it.
    #[must_use]
    pub const fn with_status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// With the peer's Reason header field.
    #[must_use]
    pub fn with_reason(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// The Reason header field of a BYE that this end makes us send (RFC 3326), where nobody wished it.
    pub(crate) const fn said(&self) -> Option<&'static str> {
        match self.detail {
            Detail::Expired => Some("SIP;cause=408;text=\"session timer expired\""),
            Detail::NoAck => Some("SIP;cause=408;text=\"no ACK came\""),
            Detail::NoPrack => Some("SIP;cause=504;text=\"no PRACK came\""),
            Detail::TimedOut => Some("SIP;cause=408;text=\"no response came\""),
            Detail::Transport => Some("SIP;cause=503;text=\"transport failed\""),
            Detail::DialogLost => Some("SIP;cause=481;text=\"dialog lost\""),
            Detail::NoDescription => Some("SIP;cause=488;text=\"no session description\""),
            Detail::Plain | Detail::Credentials | Detail::Redirected | Detail::Full => None,
        }
    }

    /// A CANCEL came, with `reason` in its Reason header field.
    ///
    /// Source: RFC 3326 §2 (`SIP;cause=200` is "call completed elsewhere"), Q.850 cause 26
    /// ("non-selected user clearing"); 3GPP TS 24.229 §5.2.7.3 and peers use both.
    pub fn cancelled_by_peer(reason: Option<String>) -> Self {
        let said = Reason::list(reason.as_deref().unwrap_or_default());
        let is = |protocol: &str, cause: fn(u16) -> bool| {
            let mut said = said
                .iter()
                .filter(|r| r.protocol().eq_ignore_ascii_case(protocol));
            said.any(|reason| reason.cause().is_some_and(cause))
        };
        let cause = if is("SIP", |cause| cause == 200) || is("Q.850", |cause| cause == 26) {
            Cause::AnsweredElsewhere
        } else if is("SIP", |cause| (600..=699).contains(&cause)) {
            Cause::Declined
        } else {
            Cause::Cancelled
        };
        Self::remote(cause).with_reason(reason)
    }

    /// A BYE came to a call that was answered, with `reason` in its Reason header field.
    ///
    /// Normal, unless another phone took the call: our 200 crossed the CANCEL then, and the caller's
    /// proxy took the other one. As many phones write `SIP;cause=200` where a person hung up, the text
    /// has to say it too, or Q.850 (cause 26).
    pub fn left_by_peer(reason: Option<String>) -> Self {
        let said = Reason::list(reason.as_deref().unwrap_or_default());
        let elsewhere = said.iter().any(|reason| {
            let text = reason.text().unwrap_or_default().to_ascii_lowercase();
            match reason.cause() {
                Some(200) => {
                    reason.protocol().eq_ignore_ascii_case("SIP") && text.contains("elsewhere")
                }
                Some(26) => reason.protocol().eq_ignore_ascii_case("Q.850"),
                Some(_) | None => false,
            }
        });
        let cause = match elsewhere {
            true => Cause::AnsweredElsewhere,
            false => Cause::Normal,
        };
        Self::remote(cause).with_reason(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_tells_why() {
        let table = [
            (None, Cause::Cancelled),
            (
                Some("SIP;cause=200;text=\"Call completed elsewhere\""),
                Cause::AnsweredElsewhere,
            ),
            (Some("Q.850; cause=26"), Cause::AnsweredElsewhere),
            (Some("SIP ;cause=600"), Cause::Declined),
            (
                Some("Q.850;cause=16;text=\"a, b\", SIP;cause=200"),
                Cause::AnsweredElsewhere,
            ),
            (Some("SIP;cause=x"), Cause::Cancelled),
            (Some("preemption;cause=1"), Cause::Cancelled),
        ];
        for (text, cause) in table {
            let reason = EndReason::cancelled_by_peer(text.map(str::to_owned));
            assert_eq!(reason.cause, cause, "{text:?}");
            assert_eq!(reason.reason.as_deref(), text);
        }
    }

    #[test]
    fn a_bye_is_the_normal_end_unless_another_phone_took_the_call() {
        let table = [
            (None, Cause::Normal),
            (Some("SIP;cause=200;text=\"User Triggered\""), Cause::Normal),
            (
                Some("Q.850;cause=16;text=\"Normal call clearing\""),
                Cause::Normal,
            ),
            (
                Some("SIP;cause=200;text=\"Call completed elsewhere\""),
                Cause::AnsweredElsewhere,
            ),
            (Some("Q.850;cause=26"), Cause::AnsweredElsewhere),
        ];
        for (text, cause) in table {
            let reason = EndReason::left_by_peer(text.map(str::to_owned));
            assert_eq!(reason.cause, cause, "{text:?}");
            assert_eq!(reason.reason.as_deref(), text);
        }
    }

    #[test]
    fn refusals_have_the_names_of_history() {
        let table = [
            (486, "busy"),
            (600, "busy"),
            (480, "no_answer"),
            (603, "declined"),
            (487, "cancelled"),
            (404, "failed"),
        ];
        for (code, name) in table {
            let status = Status::new(code).unwrap();
            assert_eq!(Cause::of_refusal(status).to_string(), name);
        }
    }
}
