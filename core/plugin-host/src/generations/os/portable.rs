//! Other systems: folders have what rights their parent gives.

use std::path::Path;

pub(in crate::generations) fn private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
