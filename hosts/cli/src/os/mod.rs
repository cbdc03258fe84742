//! What only the operating system knows.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Keys, is_ours, open, open_files, sound_cards};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{Keys, is_ours, open, open_files, sound_cards};

/// Sound devices as the system lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SoundCards {
    /// Names of the cards.
    pub(crate) names: Vec<String>,
    /// Some device can record.
    pub(crate) records: bool,
    /// Some device can play.
    pub(crate) plays: bool,
}

/// How many files and sockets one process may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenFiles {
    /// What holds now. `None`: no limit.
    pub(crate) soft: Option<u64>,
    /// Up to where this user may raise it. `None`: no limit.
    pub(crate) hard: Option<u64>,
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::{OpenFiles, SoundCards};
    use std::path::Path;

    /// The keyboard, echoing.
    pub(crate) struct Keys;

    impl Keys {
        pub(crate) fn silence() -> Option<Self> {
            None
        }
    }

    pub(crate) fn open(_: &str) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn is_ours(_: &Path) -> Option<bool> {
        None
    }

    pub(crate) fn open_files() -> Option<OpenFiles> {
        None
    }

    pub(crate) fn sound_cards() -> Option<SoundCards> {
        None
    }
}
