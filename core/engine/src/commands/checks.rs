//! What commands may ask for.

use crate::hub::Hub;
use control::{AccountHandle, Code, ErrorObject};

/// Refuses a call that a person does not want. Source: RFC 3261 §21.6.2.
const DECLINE: u16 = 603;

/// The status to refuse with.
pub(super) fn refusal(status: Option<u16>) -> Result<u16, ErrorObject> {
    let status = status.unwrap_or(DECLINE);
    match status {
        400..700 => Ok(status),
        _ => Err(ErrorObject::new(
            Code::USAGE,
            format!("a call is refused with a status of 400 to 699, not {status}"),
        )),
    }
}

/// Whether digits may last so long.
pub(super) fn check_length(duration_ms: Option<u32>) -> Result<(), ErrorObject> {
    match duration_ms {
        None | Some(40..=8_000) => Ok(()),
        Some(ms) => Err(ErrorObject::new(
            Code::USAGE,
            format!("a digit lasts 40 to 8000 ms, not {ms}"),
        )),
    }
}

/// Nobody else may write header fields that the phone itself writes.
pub(super) fn refuse_ours<'a>(
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), ErrorObject> {
    let Some(name) = names.find(|name| policy::header::is_ours(name)) else {
        return Ok(());
    };
    let why = format!("the header field {name} is written by the phone itself");
    Err(ErrorObject::new(Code::USAGE, why))
}

pub(super) fn no_account() -> ErrorObject {
    let why = "no account is set up to call from";
    ErrorObject::new(Code::UNKNOWN_ACCOUNT, why)
}

/// The account, if the engine has it.
pub(super) fn known(account: &AccountHandle, hub: &Hub) -> Result<String, ErrorObject> {
    let name = account.as_str();
    if hub.accounts().contains_key(name) {
        return Ok(name.to_owned());
    }
    Err(ErrorObject::new(
        Code::UNKNOWN_ACCOUNT,
        format!("no account is called '{name}'"),
    ))
}
