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

    /// Every library file, folder by folder, by name within a folder. A folder that is not there has none.
    pub fn libraries(&self) -> Vec<PathBuf> {
        self.0
            .iter()
            .flat_map(|folder| libraries_in(folder))
            .collect()
    }
}

fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        tracing::debug!(folder = %folder.display(), "no such plugin folder");
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension() == Some(OsStr::new(std::env::consts::DLL_EXTENSION)) && path.is_file()
        })
        .collect();
    files.sort();
    if files.len() > MOST_FILES {
        tracing::warn!(folder = %folder.display(), most = MOST_FILES, "too many plugin files");
        files.truncate(MOST_FILES);
    }
    files
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
        let found = SearchPath::from_text(&path).libraries();
        let names: Vec<_> = found.iter().map(|p| p.file_name().unwrap()).collect();
        assert_eq!(names, ["a.so", "b.so", "0.so"]);
    }
}
