//! What a plugin of a process of its own may write: its manifest's permissions, as this host fills them in.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The permission for the folder of this host's recordings, wherever that is.
pub(crate) const RECORDINGS: &str = "folder:recordings";

/// The permissions with whole paths, for the process; and in words, what of them cannot be given. The folder of
/// recordings is made, for its owner alone: a sandbox can only open what is there.
pub(crate) fn filled_in(
    permissions: &[String],
    recordings: Option<&Path>,
) -> (Vec<String>, Vec<String>) {
    let (mut given, mut lacking) = (Vec::new(), Vec::new());
    for permission in permissions {
        if permission == RECORDINGS {
            match recordings.map(made) {
                Some(Ok(folder)) => given.push(format!("folder:{}", folder.display())),
                Some(Err(why)) => lacking.push(format!("{permission}: {why}")),
                None => lacking.push(format!("{permission}: this host has no such folder")),
            }
            continue;
        }
        match below(permission).map(|path| (path, path.canonicalize())) {
            Some((_, Err(_))) => lacking.push(format!("{permission}: it is not there")),
            Some((_, Ok(path))) if holds_others(&path, &own_folders()) => {
                let why = "it holds what is not the plugin's: a folder of its own is needed";
                lacking.push(format!("{permission}: {why}"));
            }
            Some((_, Ok(_))) | None => given.push(permission.clone()),
        }
    }
    (given, lacking)
}

/// Folders that no plugin may have the whole of: this user's, and the engine's settings and memory. Whoever may write
/// there says what runs with which trust.
fn own_folders() -> Vec<PathBuf> {
    let named = [
        "HOME",
        "OFFHOOK_STATE_DIR",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
    ];
    let named = named
        .into_iter()
        .filter_map(std::env::var_os)
        .map(PathBuf::from);
    let settings = std::env::var_os("OFFHOOK_SETTINGS").map(PathBuf::from);
    let settings = settings.and_then(|file| file.parent().map(Path::to_owned));
    let all = named.chain(settings).filter(|path| path.is_absolute());
    all.map(|path| path.canonicalize().unwrap_or(path))
        .collect()
}

/// Whether a whole path holds one of `own`, or is a folder of the system's: `/`, or directly below it.
fn holds_others(path: &Path, own: &[PathBuf]) -> bool {
    let is_system = path.is_dir() && path.components().count() <= 2;
    is_system || own.iter().any(|own| own.starts_with(path))
}

fn made(folder: &Path) -> std::io::Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(&folder)?;
    Ok(folder)
}

fn below(permission: &str) -> Option<&Path> {
    let (what, path) = permission.split_once(':')?;
    let path = Path::new(path);
    (matches!(what, "folder" | "device") && path.is_absolute()).then_some(path)
}

/// What keeps a process with these permissions from writing at `path`, if anything does. In words.
pub(crate) fn barred(permissions: &[String], path: &Path) -> Option<String> {
    let folders: Vec<_> = permissions.iter().filter_map(|p| below(p)).collect();
    if folders.iter().any(|folder| path.starts_with(folder)) {
        return None;
    }
    let shown: Vec<_> = folders.iter().map(|f| f.display().to_string()).collect();
    Some(match shown.is_empty() {
        true => "its process may write nowhere: its manifest has no permission that this host could give".into(),
        false => format!("its process may write below {} only", shown.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_filled_in_and_what_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = folder.path().join("deep/recordings");
        let wanted = ["folder:recordings", "net", "folder:/not/there"].map(str::to_owned);
        let (given, lacking) = filled_in(&wanted, Some(&recordings));
        let filled = format!("folder:{}", recordings.display());
        assert_eq!(given, [&filled, "net"]);
        assert!(recordings.is_dir());
        assert_eq!(lacking, ["folder:/not/there: it is not there"]);
        let (given, lacking) = filled_in(&wanted[..1], None);
        assert_eq!(given, [""; 0]);
        assert_eq!(lacking, ["folder:recordings: this host has no such folder"]);
    }

    #[test]
    fn no_folder_that_holds_what_is_not_the_plugins_is_given() {
        let home = PathBuf::from("/home/ann");
        for path in ["/", "/etc", "/home", "/home/ann"] {
            assert!(
                holds_others(Path::new(path), std::slice::from_ref(&home)),
                "{path}"
            );
        }
        for path in ["/home/ann/calls", "/dev/gpiochip0"] {
            assert!(
                !holds_others(Path::new(path), std::slice::from_ref(&home)),
                "{path}"
            );
        }
        let wanted = ["folder:/".to_owned(), "folder:/etc".to_owned()];
        let (given, lacking) = filled_in(&wanted, None);
        assert_eq!((given.len(), lacking.len()), (0, 2), "{lacking:?}");
        assert!(
            lacking[0].contains("what is not the plugin's"),
            "{lacking:?}"
        );
    }

    #[test]
    fn a_path_elsewhere_is_barred() {
        let permissions = ["net".to_owned(), "folder:/srv/calls".to_owned()];
        assert_eq!(
            barred(&permissions, Path::new("/srv/calls/2026/call")),
            None
        );
        let why = barred(&permissions, Path::new("/srv/callsign")).unwrap();
        assert!(why.contains("/srv/calls only"), "{why}");
        assert!(barred(&[], Path::new("/srv")).unwrap().contains("nowhere"));
    }
}
