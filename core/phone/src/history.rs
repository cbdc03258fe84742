//! Where history, contacts and favourites are kept.

use crate::state_folder;
use settings::Settings;

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
