//! Builds the program and the faulty plugins by cargo calls of their own.

use plugin_host::Catalogue;
use std::path::{Path, PathBuf};
use std::process::Command;

fn built(folder: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(target, PathBuf::from);
    target.join("isolation").join(folder)
}

fn cargo(folder: &Path, arguments: &[&str]) {
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .args(["--quiet", "--offline", "--profile", "ci", "--target-dir"])
        .arg(folder)
        .status();
    assert!(
        status.is_ok_and(|s| s.success()),
        "cargo {arguments:?} fails"
    );
}

/// The program that serves isolated plugins.
pub fn program() -> PathBuf {
    let folder = built("program");
    cargo(
        &folder,
        &[
            "build",
            "-p",
            "offhook-plugin-host",
            "--bin",
            "offhook-plugin-host",
        ],
    );
    folder.join("ci/offhook-plugin-host")
}

/// The faulty plugin of one kind, as a library file.
pub fn faulty(kind: &str) -> PathBuf {
    let folder = built(kind);
    let features = format!("library,{kind}");
    let package = "offhook-mock-faulty";
    cargo(
        &folder,
        &[
            "rustc",
            "--lib",
            "-p",
            package,
            "--crate-type",
            "cdylib",
            "--features",
            &features,
        ],
    );
    folder.join("ci/liboffhook_mock_faulty.so")
}

/// A catalogue with G.711, L16 and the desk linked in and `library` isolated, which is started again as often as it fails.
pub fn catalogue(program: &Path, library: &Path) -> Catalogue {
    let mut catalogue = Catalogue::new("isolation", "0")
        .isolated_by(program.to_owned())
        .without_quarantine();
    let built_in = [&codec_g711::ENTRY, &codec_l16::ENTRY, &crate::desk::ENTRY];
    let added = built_in.map(|entry| catalogue.add_built_in(entry));
    added
        .into_iter()
        .collect::<Result<(), _>>()
        .and_then(|()| catalogue.add_isolated(library))
        .unwrap_or_else(|error| panic!("{error}"));
    catalogue
}
