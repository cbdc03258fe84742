//! The server that keeps what a person has on each of their phones.

use super::build::origin;
use super::{Values, address};
use crate::account::Xcap;
use crate::complaint::Complaints;

/// That of one account. The outer `None`: a value is missing. The inner: there is none.
#[allow(clippy::option_option, reason = "as the first line says")]
pub(super) fn of_account(
    id: &str,
    values: &Values,
    complaints: &mut Complaints,
) -> Option<Option<Xcap>> {
    let key = values.account_key(id, "xcap");
    let refresh = values.seconds(&values.account_key(id, "xcap_refresh_s"))?;
    let forwarding = values.switch(&values.account_key(id, "xcap_forwarding"))?;
    let rights = values.switch(&values.account_key(id, "xcap_rights"))?;
    let groups = values.switch(&values.account_key(id, "xcap_groups"))?;
    let root = values.text(&key)?.trim();
    if root.is_empty() {
        return Some(None);
    }
    let server = root
        .strip_prefix("http://")
        .or_else(|| root.strip_prefix("https://"));
    let server = server.and_then(|rest| rest.split('/').next());
    let is_server = server.is_some_and(|server| !server.is_empty());
    // A password may have a slash in it.
    if !is_server || root.contains(['@', '?', '#', ' ']) {
        let what = format!("{} is not allowed", address::shown(root));
        let allowed = "allowed: http://SERVER/PATH or https://SERVER/PATH, the root of an XCAP server, \
                       without user, password and ?";
        complaints.error(&origin(&key, values), &key, what, allowed.to_owned());
    }
    Some(Some(Xcap {
        root: root.trim_end_matches('/').to_owned(),
        refresh,
        forwarding,
        rights,
        groups,
    }))
}
