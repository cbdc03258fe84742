//! Why a server does not have what is to be published, for people.

use control::{Code, ErrorObject};
use sip::auth::Refusal;
use sip::publication::Cause;

/// In words.
pub(crate) fn failed(cause: &Cause) -> ErrorObject {
    let (code, why) = match cause {
        Cause::NoAnswer => (
            Code::PRESENCE_LOST,
            String::from("the server does not answer PUBLISH"),
        ),
        Cause::Unreachable => (
            Code::PRESENCE_LOST,
            String::from("nothing can be sent to the server"),
        ),
        Cause::Unproved(Refusal::WrongPassword) => (
            Code::WRONG_PASSWORD,
            String::from("the server does not take the password for PUBLISH"),
        ),
        Cause::Unproved(refusal) => (Code::NO_PROOF, format!("the server: {refusal}")),
        Cause::Refused { status, reason } => {
            let why = format!("the server says {status} {reason} to PUBLISH");
            let code = match cause.is_final() {
                true => Code::PRESENCE_REFUSED,
                false => Code::PRESENCE_LOST,
            };
            return ErrorObject::new(code, why).sip_status(*status);
        }
    };
    ErrorObject::new(code, why)
}
