//! Where history, contacts and favourites are kept.

use settings::Settings;
use std::env;
use std::path::PathBuf;

/// What the store is told; `None`: nothing is kept, as the settings say or because they name no folder.
pub(crate) fn settings(settings: &Settings) -> Option<store::Settings> {
    let keep = settings.history.keep;
    let folder = settings.history.folder.clone().filter(|_| keep > 0)?;
    Some(store::Settings { folder, keep })
}

/// Where the settings name no folder for history and contacts, this user's own: for hosts that are somebody's phone.
pub fn keep_history(settings: &mut Settings) {
    let history = &mut settings.history;
    if history.folder.is_none() {
        history.folder = state_folder(&settings.profile);
    }
    if history.folder.is_none() && history.keep > 0 {
        tracing::warn!("this user has no folder for history and contacts: none are kept");
    }
}

/// Where this profile keeps its state. Source: XDG Base Directory Specification, `$XDG_STATE_HOME`.
pub fn state_folder(profile: &str) -> Option<PathBuf> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty());
    let of_user = || {
        let home = || named("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        let base = named("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
        base.map(|base| base.join("offhook"))
    };
    let base = named("OFFHOOK_STATE_DIR").map(PathBuf::from);
    Some(base.or_else(of_user)?.join(profile))
}
