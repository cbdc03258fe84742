//! A host with nothing built in says what it lacks, and runs once files bring it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn minimal(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook-minimal"));
    command
        .env_clear()
        .env("XDG_RUNTIME_DIR", folder)
        .args(["--set", "sip.listen=udp:127.0.0.1:0"]);
    command
}

/// From OFFHOOK_PLUGIN_DIR where that is set, else built by a cargo call of its own.
fn library(package: &str) -> PathBuf {
    let name = format!("lib{}.so", package.replace('-', "_"));
    if let Some(folder) = std::env::var_os("OFFHOOK_PLUGIN_DIR") {
        return Path::new(&folder).join(name);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let status = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rustc", "--quiet", "--offline", "--release", "--lib"])
        .args(["--package", package, "--crate-type", "cdylib"])
        .args(["--features", "library", "--target-dir"])
        .arg(&target)
        .status()
        .unwrap();
    assert!(status.success(), "{package}");
    target.join("release").join(name)
}

#[test]
fn without_files_it_has_no_codec_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = minimal(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("PCMU"), "{said}");
}

#[test]
fn with_files_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = folder.path().join("files");
    std::fs::create_dir(&plugins).unwrap();
    for package in ["offhook-codec-g711", "offhook-audio-null"] {
        let file = library(package);
        std::fs::copy(&file, plugins.join(file.file_name().unwrap())).unwrap();
    }
    let mut command = minimal(folder.path());
    // The files are ours: they need no process of their own.
    command.args(["--set", "plugins.default_trust=in-process", "--plugins"]);
    let mut child = command
        .arg(&plugins)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("listening udp 127.0.0.1:"), "{line}");
}

/// Also a file that the settings keep out, which the loader and the catalogue both tell.
#[test]
fn a_file_that_is_not_used_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = folder.path().join("files");
    std::fs::create_dir(&plugins).unwrap();
    let file = library("offhook-audio-null");
    std::fs::copy(&file, plugins.join(file.file_name().unwrap())).unwrap();
    let mut command = minimal(folder.path());
    command.args(["--set", "plugins.allow=codec-g711", "--plugins"]);
    let output = command.arg(&plugins).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let about = said.lines().filter(|line| line.contains("plugins.allow"));
    assert_eq!(about.count(), 1, "{said}");
}

/// What the settings ask of library files is asked by every host.
#[test]
fn files_pass_the_same_gate_as_in_any_host() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = folder.path().join("files");
    std::fs::create_dir(&plugins).unwrap();
    let file = library("offhook-codec-g711");
    std::fs::copy(&file, plugins.join(file.file_name().unwrap())).unwrap();
    let zeros = format!("plugins.sha256.codec-g711={}", "0".repeat(64));
    for (setting, why) in [
        ("plugins.sha256_required=true", "plugins.sha256"),
        (zeros.as_str(), "sha256"),
        ("plugins.options.codec-g711.nosuch=1", "nosuch"),
    ] {
        let mut command = minimal(folder.path());
        command.env("OFFHOOK_STATE_DIR", folder.path().join("state"));
        command.args([
            "--set",
            setting,
            "--set",
            "plugins.default_trust=in-process",
        ]);
        let output = command.arg("--plugins").arg(&plugins).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{said}");
        assert!(said.contains(why), "{setting}: {said}");
    }
    let mut command = minimal(folder.path());
    command.env("OFFHOOK_STATE_DIR", folder.path().join("state"));
    let state = folder.path().join("state/offhook-minimal");
    std::fs::create_dir_all(&state).unwrap();
    let off = r#"{"off":{"codec-g711":"command"}}"#;
    std::fs::write(state.join("plugins.json"), off).unwrap();
    let output = command.arg("--plugins").arg(&plugins).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("switched off"), "{said}");
}
