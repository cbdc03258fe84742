//! The search path: folders, first one wins.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Most files looked at in one folder. What is beyond is left out, with a line in the log.
const MOST_FILES: usize = 1024;

/// Folders that are searched for plugin libraries, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchPath(Vec<PathBuf>);

impl SearchPath {
    /// These folders.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(folders.into_iter().collect())
    }

    /// From one text, separated as the system separates paths (`:` on Linux); empty parts are left out.
    pub fn from_text(text: &OsStr) -> Self {
        Self::new(std::env::split_paths(text).filter(|path| !path.as_os_str().is_empty()))
    }

    /// The folders.
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }

    /// Every library file, folder by folder, by name within a folder; and what cannot be looked into, folders and
    /// what is named like a library, with the reason.
    pub fn libraries(&self) -> (Vec<PathBuf>, Vec<(PathBuf, String)>) {
        let (mut files, mut unreadable) = (Vec::new(), Vec::new());
        for folder in &self.0 {
            match libraries_in(folder, &mut unreadable) {
                Ok(found) => files.extend(found),
                Err(why) => unreadable.push((folder.clone(), format!("plugin folder: {why}"))),
            }
        }
        (files, unreadable)
    }
}

fn libraries_in(
    folder: &Path,
    unreadable: &mut Vec<(PathBuf, String)>,
) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new(std::env::consts::DLL_EXTENSION)) {
            files.push(path);
        }
    }
    files.sort();
    if files.len() > MOST_FILES {
        tracing::warn!(folder = %folder.display(), most = MOST_FILES, "too many plugin files");
        files.truncate(MOST_FILES);
    }
    files.retain(|path| match std::fs::metadata(path) {
        Ok(about) if about.is_file() => true,
        Ok(about) => {
            let what = if about.is_dir() {
                "a folder"
            } else {
                "no file"
            };
            unreadable.push((path.clone(), format!("it is {what}, named like a library")));
            false
        }
        Err(why) => {
            unreadable.push((path.clone(), why.to_string()));
            false
        }
    });
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_in_order_and_files_by_name() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, name) in [
            (&one, "b.so"),
            (&one, "a.so"),
            (&one, "c.txt"),
            (&two, "0.so"),
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let path = std::env::join_paths([one.path(), Path::new("/nowhere"), two.path()]).unwrap();
        let (found, unreadable) = SearchPath::from_text(&path).libraries();
        let names: Vec<_> = found.iter().map(|p| p.file_name().unwrap()).collect();
        assert_eq!(names, ["a.so", "b.so", "0.so"]);
        assert_eq!(unreadable[0].0, Path::new("/nowhere"));
        assert!(
            unreadable[0].1.starts_with("plugin folder: No such file"),
            "{unreadable:?}"
        );
    }

    #[test]
    fn what_is_named_like_a_library_and_is_none_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("a.so")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("b.so")).unwrap();
        std::os::unix::fs::symlink(at("c.so"), at("c.so")).unwrap();
        let _pipe = std::os::unix::net::UnixListener::bind(at("d.so")).unwrap();
        std::fs::write(at("e.so"), "").unwrap();
        std::os::unix::fs::symlink("e.so", at("f.so")).unwrap();
        let (found, said) = SearchPath::new([folder.path().to_owned()]).libraries();
        assert_eq!(found, [at("e.so"), at("f.so")]);
        let names: Vec<_> = said.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(names, ["a.so", "b.so", "c.so", "d.so"].map(at));
        let why: Vec<_> = said.iter().map(|(_, why)| why.as_str()).collect();
        assert!(
            why[0].contains("a folder") && why[1].contains("No such file"),
            "{why:?}"
        );
        assert!(why[2].contains("symbolic links") && why[3].contains("no file"));
    }
}
