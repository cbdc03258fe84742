//! Who may write to a file or folder. Source: inode(7).

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Write permission of group and others.
const WRITE_BY_OTHERS: u32 = 0o022;
/// The system's own user.
const ROOT: u32 = 0;

/// Whether nobody may write to it but this user and root, by its owner and mode.
pub(in crate::trust) fn is_ours_alone(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|seen| {
        let owner = seen.uid();
        let is_ours = owner == ROOT || owner == rustix::process::geteuid().as_raw();
        is_ours && seen.mode() & WRITE_BY_OTHERS == 0
    })
}
