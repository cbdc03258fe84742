//! Where history, contacts and favourites are kept.

use crate::state_folder;
use control::Timestamp;
use engine::Builder;
use part_history::History;
use ports::Address;
use settings::Settings;

/// How a host keeps history: [`keeping`].
pub type Keeping = fn(Builder, store::Settings, Timestamp) -> Builder;

/// The part that keeps a record of every call, and the store where it does. Only a host that names this function holds
/// their code.
pub fn keeping(builder: Builder, kept: store::Settings, epoch: Timestamp) -> Builder {
    let builder = builder.store(kept);
    builder.part(Address::History, move || History::new(epoch))
}

/// What the store is told, and by whom; `None`: nothing is kept, as the settings say, because they name no folder, or
/// because this host cannot.
pub(crate) fn settings(
    settings: &Settings,
    keeping: Option<Keeping>,
) -> Option<(Keeping, store::Settings)> {
    let keep = settings.history.keep;
    let folder = settings.history.folder.clone().filter(|_| keep > 0)?;
    if keeping.is_none() {
        tracing::warn!(?folder, "this program keeps no history");
    }
    Some((keeping?, store::Settings { folder, keep }))
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
