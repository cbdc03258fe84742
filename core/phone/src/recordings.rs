//! Where recordings go.

use control::Timestamp;
use settings::Recording;
use std::env;
use std::path::PathBuf;

/// What the recorder part is told.
pub(crate) fn settings(recording: &Recording, epoch: Timestamp) -> part_recorder::Settings {
    part_recorder::Settings {
        plugin: recording.plugin.clone(),
        folder: recordings_folder(recording)
            .and_then(|folder| folder.into_os_string().into_string().ok()),
        channels: recording.channels,
        options: recording.options.clone(),
        epoch,
    }
}

/// Where recordings go; whole, as a plugin's process has another current folder. `None`: no folder is known.
pub fn recordings_folder(recording: &Recording) -> Option<PathBuf> {
    let folder = recording.folder.clone().or_else(usual)?;
    std::path::absolute(folder).ok()
}

/// `offhook/recordings` in the user's data folder (XDG Base Directory); `None`: the user has none.
fn usual() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    Some(data?.join("offhook/recordings"))
}
