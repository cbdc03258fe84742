//! Linux: mode 0700.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// Write permission of group and others (POSIX).
const WRITE_BY_OTHERS: u32 = 0o022;

/// Makes the folder if it is not there. One into which others may write is refused: they could put code there.
pub(in crate::generations) fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut make = DirBuilder::new();
    make.recursive(true).mode(0o700).create(folder)?;
    let mode = std::fs::metadata(folder)?.permissions().mode();
    if mode & WRITE_BY_OTHERS != 0 {
        let why = format!("other users may write into it (mode {:o})", mode & 0o7777);
        return Err(std::io::Error::other(why));
    }
    Ok(())
}
