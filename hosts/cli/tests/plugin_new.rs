//! `plugin new` and `plugin run`: every kind in C without a warning, a call through a codec in C, and what is refused.
//! The projects in Rust, and a call through a codec in Rust, are those of the guide: `guide.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

fn offhook(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(args)
        .current_dir(folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env("NO_COLOR", "1")
        .env("LANG", "C.UTF-8")
        .env_remove("OFFHOOK_SOCKET")
        // What is there of other crates is not ours to use: a registry would be asked, and there is none.
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), b"--- stderr\n", &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

/// A new project in a folder of its own, which goes with the test.
fn new(name: &str, kind: &str, lang: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let args = ["plugin", "new", name, "--kind", kind, "--lang", lang];
    let made = offhook(folder.path(), &args);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made));
    let project = folder.path().join(name);
    (folder, project)
}

fn succeeds(project: &Path, program: &str, args: &[&str]) {
    let done = Command::new(program)
        .args(args)
        .current_dir(project)
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    assert!(done.status.success(), "{program} {args:?}: {}", text(&done));
}

fn passes(project: &Path, library: &str) {
    let checked = offhook(project, &["plugin", "check", library]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
}

fn c(kind: &str) {
    let (_folder, project) = new("my-plugin", kind, "c");
    succeeds(&project, "make", &["CFLAGS=-O1 -Werror"]);
    passes(&project, "libmy_plugin.so");
}

#[test]
fn every_kind_in_c_is_built_without_a_warning_and_passes() {
    for kind in [
        "dtmf",
        "audio",
        "recorder",
        "filter",
        "nat",
        "security",
        "ui",
        "directory",
        "tone",
    ] {
        c(kind);
    }
}

/// `plugin run`: built, checked, and a chirp that nobody could know comes back through it and nothing else.
#[test]
fn audio_timing_a_codec_in_c_carries_a_call() {
    let (_folder, project) = new("my-codec", "codec", "c");
    let ran = offhook(&project, &["plugin", "run", "--once"]);
    let told = text(&ran);
    assert_eq!(ran.status.code(), Some(0), "{told}");
    for line in [
        "built ",
        " ok",
        "calling 600 with X-L8",
        "your chirp came back",
    ] {
        assert!(told.contains(line), "{line:?} is missing: {told}");
    }
}

/// What runs it for its author asks of a file what the settings ask of every file.
#[test]
fn plugin_run_keeps_to_the_settings_of_files() {
    let (_folder, project) = new("mine", "filter", "c");
    for (required, code, said) in [
        ("false", 0, "no call: only a codec"),
        ("true", 9, "plugins.sha256"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
        command.env("OFFHOOK_PLUGINS_SHA256_REQUIRED", required);
        command.current_dir(&project);
        let ran = command.args(["plugin", "run", "--once"]).output().unwrap();
        let told = text(&ran);
        assert_eq!(ran.status.code(), Some(code), "{told}");
        assert!(told.contains(said), "{said:?}: {told}");
    }
}

#[test]
fn nothing_is_overwritten_and_odd_names_are_refused() {
    let (folder, _) = new("mine", "codec", "c");
    let again = ["plugin", "new", "mine", "--kind", "codec"];
    let refused = offhook(folder.path(), &again);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(
        text(&refused).contains("is there already"),
        "{}",
        text(&refused)
    );
    for name in ["../mine", "Mine", "match"] {
        let refused = offhook(folder.path(), &["plugin", "new", name, "--kind", "codec"]);
        assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
        assert!(text(&refused).contains("the name "), "{}", text(&refused));
    }
    let kind = offhook(
        folder.path(),
        &["plugin", "new", "other", "--kind", "codek"],
    );
    assert_eq!(kind.status.code(), Some(2), "{}", text(&kind));
}

#[test]
fn what_cannot_be_built_is_said() {
    let (_folder, project) = new("mine", "filter", "c");
    std::fs::write(project.join("mine.c"), "no C").unwrap();
    let ran = offhook(&project, &["plugin", "run", "--once"]);
    assert_eq!(ran.status.code(), Some(9), "{}", text(&ran));
    assert!(text(&ran).contains("make ended with"), "{}", text(&ran));
    let empty = tempfile::tempdir().unwrap();
    let ran = offhook(empty.path(), &["plugin", "run", "--once"]);
    assert_eq!(ran.status.code(), Some(2), "{}", text(&ran));
}
