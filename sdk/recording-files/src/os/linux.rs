//! Linux: what is said in a call is for its owner alone.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;

/// Only the user that runs the engine may read and write the file.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}
