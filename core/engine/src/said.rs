//! What the log says of events, for whoever runs the engine and listens to none.

use control::{AccountHandle, CallHandle, Code, ErrorObject, EventBody};

/// One line an event at debug; what a person wants to know at info, what somebody has to see to at warn.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a new event is logged at debug until somebody says more of it"
)]
pub(crate) fn log(
    seq: u64,
    account: Option<&AccountHandle>,
    call: Option<CallHandle>,
    body: &EventBody,
) {
    tracing::debug!(seq, name = body.name(), "event");
    match body {
        EventBody::AccountRegistered(change) => {
            let server = change.server.as_deref();
            tracing::info!(
                account = change.snapshot.account.as_str(),
                server,
                expires_s = change.expires_s,
                "account.registered"
            );
        }
        EventBody::AccountFailed(change) => {
            let error = change.error.as_ref().or(change.snapshot.error.as_ref());
            let said = |of: fn(&ErrorObject) -> &str| error.map(of);
            tracing::warn!(
                account = change.snapshot.account.as_str(),
                code = error.map(|error| error.code.to_string()),
                title = said(|error| &error.title),
                why = error.map(why),
                fix = said(|error| &error.fix),
                status = error.and_then(|error| error.sip_status),
                next_try_s = change.next_try_s,
                "account.failed"
            );
        }
        EventBody::CallWarning(warning) => {
            tracing::warn!(
                account = account.map(AccountHandle::as_str),
                call = call.map(|call| call.to_string()),
                code = %warning.code,
                why = starred(&warning.text),
                fix = warning.fix,
                "call.warning"
            );
        }
        _ => {}
    }
}

/// The cause for a log, which names no person: one about a password says with which name somebody logs in.
fn why(error: &ErrorObject) -> String {
    match error.code {
        Code::WRONG_PASSWORD => String::new(),
        _ => starred(&error.detail),
    }
}

/// The text with stars for what stands before an `@`, but for the scheme.
fn starred(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    let starred = words.map(|word| match word.rsplit_once('@') {
        None => word.to_owned(),
        Some((before, behind)) => {
            let behind_scheme = |scheme: &str| before.find(scheme).map(|at| at + scheme.len());
            let user = ["sips:", "sip:"].into_iter().find_map(behind_scheme);
            let user = user.unwrap_or(0);
            format!("{}***@{behind}", &before[..user])
        }
    });
    starred.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_names_no_person() {
        for (text, shown) in [
            (
                "pbx.example says 404 Not Found",
                "pbx.example says 404 Not Found",
            ),
            (
                "it sends us to \"sip:101@pbx.example\" now",
                "it sends us to \"sip:***@pbx.example\" now",
            ),
            ("<sips:a:secret@b>", "<sips:***@b>"),
            ("101@b", "***@b"),
        ] {
            assert_eq!(starred(text), shown);
        }
        let refused = ErrorObject::new(Code::WRONG_PASSWORD, "the password of alice");
        assert_eq!(why(&refused), "");
        let silent = ErrorObject::new(Code::SERVER_SILENT, "sip:a@b does not answer");
        assert_eq!(why(&silent), "sip:***@b does not answer");
    }
}
