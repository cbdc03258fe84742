//! What only the operating system knows.

#[cfg(target_os = "linux")]
mod linux;

use std::path::Path;

/// Whether others than its owner may read a file.
pub(crate) trait Files {
    /// `None`: not known, or there is no such file.
    fn others_may_read(&self, path: &Path) -> Option<bool>;
}

/// The files of this computer.
#[cfg(target_os = "linux")]
pub(crate) fn files() -> impl Files {
    linux::LinuxFiles
}

/// The files of a computer whose permissions are not read yet.
#[cfg(not(target_os = "linux"))]
pub(crate) fn files() -> impl Files {
    struct Unknown;
    impl Files for Unknown {
        fn others_may_read(&self, _: &Path) -> Option<bool> {
            None
        }
    }
    Unknown
}
