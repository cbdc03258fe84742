//! Library files for tests: those `cargo xtask` has built, or built here.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library of a plugin package: from OFFHOOK_PLUGIN_DIR where that is set, else built by a cargo call
/// of its own into a build folder of its own.
pub(crate) fn library(package: &str) -> PathBuf {
    let name = format!(
        "{}{}{}",
        std::env::consts::DLL_PREFIX,
        package.replace('-', "_"),
        std::env::consts::DLL_SUFFIX
    );
    if let Some(folder) = std::env::var_os("OFFHOOK_PLUGIN_DIR") {
        let file = Path::new(&folder).join(&name);
        assert!(file.exists(), "{} is not there", file.display());
        return file;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let status = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "rustc",
            "--quiet",
            "--offline",
            "--lib",
            "--package",
            package,
        ])
        .args([
            "--crate-type",
            "cdylib",
            "--features",
            "library",
            "--target-dir",
        ])
        .arg(&target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{package} does not build as a library");
    target.join("debug").join(name)
}

/// Compiles `plugin.c` beside this file with these definitions into `folder/name.so`.
pub(crate) fn compile_c(folder: &Path, name: &str, defines: &[String]) -> PathBuf {
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/plugin-host/tests/common/plugin.c");
    build_c(&source, folder, name, defines)
}

/// Compiles a source of `sdk/examples/c` from the header alone, as its author would.
pub(crate) fn example_c(folder: &Path, name: &str) -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/examples/c");
    build_c(&examples.join(format!("{name}.c")), folder, name, &[])
}

fn build_c(source: &Path, folder: &Path, name: &str, defines: &[String]) -> PathBuf {
    let file = folder.join(format!("{name}.so"));
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/include");
    let output = Command::new("cc")
        .args([
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-shared",
            "-fPIC",
            "-O1",
        ])
        .arg("-I")
        .arg(include)
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-o")
        .arg(&file)
        .arg(source)
        .output()
        .expect("cc is there: Rust itself links with it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    file
}

/// The faulty plugin of one kind, as a library file. Built once a kind, by whoever comes first.
pub(crate) fn faulty(kind: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("faulty")
        .join(kind);
    let status = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rustc", "--quiet", "--offline", "--lib", "--package"])
        .args([
            "offhook-mock-faulty",
            "--crate-type",
            "cdylib",
            "--features",
        ])
        .arg(format!("library,{kind}"))
        .arg("--target-dir")
        .arg(&folder)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the faulty {kind} does not build");
    folder.join("debug").join(format!(
        "{}offhook_mock_faulty{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ))
}

/// The program that serves isolated plugins, for tests of other packages than its own.
pub(crate) fn program() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("program");
    let name = "offhook-plugin-host";
    let status = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "build",
            "--quiet",
            "--offline",
            "--package",
            name,
            "--bin",
            name,
        ])
        .arg("--target-dir")
        .arg(&folder)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{name} does not build");
    folder
        .join("debug")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Processes in which code of a library has run that was built with this trace.
pub(crate) fn traces(file: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Whether this process is one of them.
pub(crate) fn has_run_here(file: &Path) -> bool {
    traces(file).contains(&std::process::id())
}
