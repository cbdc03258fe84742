//! Linux: terminals, limits, owners of files, sound cards.

use super::{OpenFiles, SoundCards};
use rustix::process::{Resource, geteuid, getrlimit};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The keyboard without echo, one key at a time, Ctrl+C as a key. Dropped: as it was.
pub(crate) struct Keys {
    before: Termios,
}

impl Keys {
    /// `None`: standard input is no terminal.
    pub(crate) fn silence() -> Option<Self> {
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).ok()?;
        let mut silent = before.clone();
        let off = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        silent.local_modes.remove(off);
        tcsetattr(&stdin, OptionalActions::Flush, &silent).ok()?;
        Some(Self { before })
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // The terminal is gone: there is nothing to give back.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Whether the file belongs to the user of this process. `None`: there is no such file.
pub(crate) fn is_ours(path: &Path) -> Option<bool> {
    let owner = std::fs::symlink_metadata(path).ok()?.uid();
    Some(owner == geteuid().as_raw())
}

/// Has the desktop open a URI with whatever it has for that. Errors: it has nothing, or that failed.
pub(crate) fn open(uri: &str) -> std::io::Result<()> {
    let status = std::process::Command::new("xdg-open").arg(uri).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(std::io::Error::other(format!(
            "xdg-open ended with {status}"
        ))),
    }
}

/// Limits on open files.
pub(crate) fn open_files() -> Option<OpenFiles> {
    let limit = getrlimit(Resource::Nofile);
    Some(OpenFiles {
        soft: limit.current,
        hard: limit.maximum,
    })
}

/// What the kernel's sound system lists. Without a sound system: nothing.
pub(crate) fn sound_cards() -> Option<SoundCards> {
    let read = |name: &str| std::fs::read_to_string(Path::new("/proc/asound").join(name));
    let cards = read("cards").unwrap_or_default();
    Some(read_cards(&cards, &read("pcm").unwrap_or_default()))
}

fn read_cards(cards: &str, pcm: &str) -> SoundCards {
    let name = |line: &str| {
        let (_, name) = line.split_once("]: ")?;
        Some(name.split(" - ").last()?.trim().to_owned())
    };
    let has = |word: &str| pcm.lines().any(|line| line.contains(word));
    SoundCards {
        names: cards.lines().filter_map(name).collect(),
        records: has(": capture "),
        plays: has(": playback "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_listed_by_their_names() {
        let cards = " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xf7 irq 32\n \
                     1 [Headset        ]: USB-Audio - USB Headset\n                      Maker USB Headset at usb-1\n";
        let pcm = "00-00: ALC : ALC : playback 1 : capture 1\n01-00: USB Audio : USB Audio : playback 1\n";
        let found = read_cards(cards, pcm);
        assert_eq!(found.names, ["HDA Intel PCH", "USB Headset"]);
        assert!(found.records && found.plays);
        assert_eq!(
            read_cards("--- no soundcards ---\n", ""),
            SoundCards::default()
        );
    }
}
