//! Why something is not known, for people (M-096).

use crate::accounts::Known;
use control::{Code, ErrorObject, quoted};
use sip::lamp::Unknown;
use sip::subscription::{Cause, Ended};

/// Why what `target` does is not known, in words.
pub(crate) fn unknown(target: &str, unknown: &Unknown, known: Option<&Known>) -> ErrorObject {
    let target = quoted(target);
    let (code, why) = match unknown {
        Unknown::NotYet => return waiting(&target, known),
        Unknown::Pending => (
            Code::LAMP_WAITING,
            format!("somebody has to consent before {target} may be watched"),
        ),
        Unknown::Missing => (
            Code::LAMP_GAP,
            format!("a notification of {target} is missing; its whole state was asked for"),
        ),
        Unknown::Unreadable(bad) => (
            Code::LAMP_GAP,
            format!("what the server says of {target} cannot be read: {bad}"),
        ),
        Unknown::WrongType(kind) => (
            Code::LAMP_GAP,
            format!("what the server says of {target} is a {}", quoted(kind)),
        ),
        Unknown::Lost(cause) => return lost(&target, cause),
    };
    ErrorObject::new(code, why)
}

/// Nothing was said, and may not even have been asked.
fn waiting(target: &str, known: Option<&Known>) -> ErrorObject {
    if let Some(why) = known.and_then(|known| known.no_path.as_ref()) {
        return ErrorObject::new(Code::LAMP_LOST, why.to_string());
    }
    let why = match known.is_some_and(|known| known.lost) {
        true => format!("the account is not registered, so that {target} is not watched"),
        false => format!("nothing was said of {target} yet"),
    };
    ErrorObject::new(Code::LAMP_WAITING, why)
}

/// Why what was known of `target` is no longer known. The two that somebody has to act on name the
/// place: the PBX refuses, or what it sends does not arrive.
fn lost(target: &str, cause: &Cause) -> ErrorObject {
    let (code, why) = match cause {
        Cause::Refused { status, reason } => {
            let said = format!("{status} {reason}");
            let absent = matches!(status, 404 | 410 | 480 | 604);
            let unable = matches!(status, 408 | 500..=599) && *status != 501;
            let (code, why) = match (absent, unable) {
                (true, _) => (
                    Code::LAMP_ABSENT,
                    format!("the server says {said} of {target}"),
                ),
                (false, true) => (
                    Code::LAMP_LOST,
                    format!("the server says {said} of {target}"),
                ),
                (false, false) => (
                    Code::LAMP_REFUSED,
                    format!("presence is disabled at the PBX for {target}: it says {said}"),
                ),
            };
            return ErrorObject::new(code, why).sip_status(*status);
        }
        Cause::Ended(Ended::Rejected) => (
            Code::LAMP_REFUSED,
            format!("presence is disabled at the PBX for {target}: it says that it was rejected"),
        ),
        Cause::Ended(Ended::NoResource) => (
            Code::LAMP_ABSENT,
            format!("the server says that there is no {target}"),
        ),
        Cause::NoNotify => (
            Code::LAMP_SILENT,
            format!("notifications of {target} are lost on the network: none followed the 200"),
        ),
        Cause::NoAnswer => (Code::LAMP_LOST, format!("nobody answers for {target}")),
        Cause::Unreachable => (Code::LAMP_LOST, format!("nothing can be sent for {target}")),
        Cause::WrongPassword => (
            Code::WRONG_PASSWORD,
            format!("the server does not take the password for {target}"),
        ),
        Cause::Proof(refusal) => (Code::NO_PROOF, format!("the server of {target}: {refusal}")),
        Cause::Expired => (
            Code::LAMP_LOST,
            format!("the subscription to {target} ran out before it was renewed"),
        ),
        Cause::Gone => (
            Code::LAMP_LOST,
            format!("the server no longer knows the subscription to {target}"),
        ),
        Cause::Ended(_) => (
            Code::LAMP_LOST,
            format!("the server ended the subscription to {target}"),
        ),
        Cause::ServerLost => (
            Code::LAMP_LOST,
            format!("the server of the account that watches {target} is lost"),
        ),
    };
    ErrorObject::new(code, why)
}
