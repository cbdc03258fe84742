//! What accounts choose: what they watch, and how they keep their way open.

use super::Values;
use super::build::origin;
use crate::account::{BlfEvent, KeepAlive};
use crate::complaint::Complaints;

/// How the way to the server is kept open.
pub(super) fn keep_alive(text: &str) -> KeepAlive {
    match text {
        "none" => KeepAlive::None,
        "options" => KeepAlive::Options,
        "stun" => KeepAlive::Stun,
        _ => KeepAlive::Crlf,
    }
}

/// What is asked of extensions.
pub(super) fn event(text: &str) -> BlfEvent {
    match text {
        "presence" => BlfEvent::Presence,
        "reg" => BlfEvent::Reg,
        _ => BlfEvent::Dialog,
    }
}

/// Extensions or slots to watch: each an address or a number, or one behind a name.
pub(super) fn list(
    id: &str,
    name: &str,
    values: &Values,
    complaints: &mut Complaints,
) -> Option<Vec<String>> {
    let key = values.account_key(id, name);
    let all = values.list(&key)?.to_vec();
    let target = |text: &str| -> String {
        let inner = text.split_once('<').map_or(text, |(_, rest)| rest);
        inner.trim().trim_end_matches('>').trim().to_owned()
    };
    for text in &all {
        let aim = target(text);
        if aim.is_empty() || aim.contains(char::is_whitespace) {
            let what = format!("value '{text}' is not valid");
            let allowed = "allowed: extension or SIP URI, alone or as Name <103>";
            complaints.error(&origin(&key, values), &key, &what, allowed);
        }
    }
    Some(all)
}
