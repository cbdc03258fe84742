//! File permissions on Linux.

use super::Files;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

pub(crate) struct LinuxFiles;

/// Read permission of group and others (POSIX).
const READ_BY_OTHERS: u32 = 0o044;

impl Files for LinuxFiles {
    fn others_may_read(&self, path: &Path) -> Option<bool> {
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        Some(mode & READ_BY_OTHERS != 0)
    }
}
