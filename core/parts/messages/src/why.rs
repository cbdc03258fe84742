//! Why a message did not get there, for people.

use control::{Code, ErrorObject, quoted};
use sip::auth::Refusal;
use sip::message::outgoing::Cause;

/// Why the message to `peer` failed, in words.
pub(crate) fn failed(peer: &str, cause: &Cause) -> ErrorObject {
    let peer = quoted(peer);
    let (code, why) = match cause {
        Cause::TooLarge(beyond) => (
            Code::MESSAGE_TOO_LONG,
            format!("the message to {peer} is {beyond} bytes too long for UDP; it was not sent"),
        ),
        Cause::NoAnswer => (
            Code::MESSAGE_LOST,
            format!("nobody answered for {peer}; it may have got there all the same"),
        ),
        Cause::Unreachable => (Code::MESSAGE_LOST, format!("nothing can be sent to {peer}")),
        Cause::Unproved(Refusal::WrongPassword) => (
            Code::WRONG_PASSWORD,
            format!("the server does not take the password for a message to {peer}"),
        ),
        Cause::Unproved(refusal) => (Code::NO_PROOF, format!("the server of {peer}: {refusal}")),
        Cause::Refused { status, reason } => {
            let said = format!("{peer} is not written to: {status} {reason}");
            let code = match status {
                404 | 410 | 480 | 484 | 604 => Code::MESSAGE_NO_PEER,
                408 | 500..=599 => Code::MESSAGE_LOST,
                _ => Code::MESSAGE_REFUSED,
            };
            return ErrorObject::new(code, said).sip_status(*status);
        }
    };
    ErrorObject::new(code, why)
}
