//! `plugin new`: every kind, in Rust and in C, built and checked without a network; a call through the codecs.

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

/// Its own test, the library, the check.
fn rust(kind: &str) {
    let (_folder, project) = new("my-plugin", kind, "rust");
    succeeds(
        &project,
        env!("CARGO"),
        &["test", "--quiet", "--release", "--lib"],
    );
    succeeds(&project, env!("CARGO"), &["build", "--quiet", "--release"]);
    passes(&project, "target/release/libmy_plugin.so");
}

fn c(kind: &str) {
    let (_folder, project) = new("my-plugin", kind, "c");
    succeeds(&project, "make", &["CFLAGS=-O1 -Werror"]);
    passes(&project, "libmy_plugin.so");
}

macro_rules! kinds {
    ($($rust:ident $c:ident $kind:literal;)*) => {
        $(#[test]
        fn $rust() {
            rust($kind);
        }

        #[test]
        fn $c() {
            c($kind);
        })*
    };
}

kinds! {
    a_dtmf_method_in_rust a_dtmf_method_in_c "dtmf";
    an_audio_device_in_rust an_audio_device_in_c "audio";
    a_recorder_in_rust a_recorder_in_c "recorder";
    a_filter_in_rust a_filter_in_c "filter";
    a_nat_strategy_in_rust a_nat_strategy_in_c "nat";
    keying_in_rust keying_in_c "security";
    a_face_in_rust a_face_in_c "ui";
    a_directory_in_rust a_directory_in_c "directory";
    tones_in_rust tones_in_c "tone";
}

/// `plugin run`: built, checked, and a chirp that nobody could know comes back through it and nothing else.
fn carries_a_call(lang: &str) {
    let (_folder, project) = new("my-codec", "codec", lang);
    let ran = offhook(&project, &["plugin", "run", "--once"]);
    let told = text(&ran);
    assert_eq!(ran.status.code(), Some(0), "{told}");
    for line in [
        "built ",
        " ok",
        "calling 600 with X-L8",
        "X-L8",
        "your chirp came back",
    ] {
        assert!(told.contains(line), "{line:?} is missing: {told}");
    }
}

#[test]
fn audio_timing_a_codec_in_rust_carries_a_call() {
    carries_a_call("rust");
}

#[test]
fn audio_timing_a_codec_in_c_carries_a_call() {
    carries_a_call("c");
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
