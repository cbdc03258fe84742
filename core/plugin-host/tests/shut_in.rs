//! What a plugin of a process of its own cannot do to the engine, and what the engine keeps from it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod common;

use base::Hertz;
use host::{Catalogue, Error, Mishap};
use offhook_plugin_host as host;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Set in a copy of this program that is the first process.
const AS_FIRST: &str = "OFFHOOK_TEST_AS_FIRST";

fn empty() -> Catalogue {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_offhook-plugin-host"));
    Catalogue::new("test", "1").isolated_by(program)
}

fn with(file: &Path) -> Catalogue {
    let mut catalogue = empty();
    catalogue.add_isolated(file).unwrap();
    catalogue
}

/// What a codec says instead of opening.
fn said(catalogue: &Catalogue) -> String {
    let handle = catalogue.codec("COPY", Hertz(8000)).unwrap();
    match handle.open("", "") {
        Err(Error::Open { refusal, .. }) => refusal.reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_isolated_plugin_cannot_send_signals_or_change_limits_of_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let engine = format!("ENGINE={}", std::process::id());
    let file = common::compile_c(folder.path(), "plain", &[engine.clone()]);
    assert_eq!(said(&with(&file)).trim(), "nothing");

    // With a folder, a device and a network it can do more, and none of that.
    let (large, permissions) = (
        folder.path().join("large"),
        [
            format!("folder:{}", folder.path().display()),
            "device:/dev/null".to_owned(),
            "net".to_owned(),
        ],
    );
    let permissions = serde_json::to_string(&permissions).unwrap();
    let told = [
        engine,
        format!("LARGE={:?}", large.display().to_string()),
        format!("PERMISSIONS={permissions:?}"),
    ];
    let file = common::compile_c(folder.path(), "more", &told);
    assert_eq!(said(&with(&file)).trim(), "nothing");
    assert_eq!(std::fs::metadata(&large).unwrap().len(), 1);
}

#[test]
fn an_isolated_plugin_has_a_standard_error_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let catalogue = with(&file);
    let pid = catalogue.process_of("codec-copy").unwrap();
    let of = |pid: u32| std::fs::read_link(format!("/proc/{pid}/fd/2")).unwrap();
    let (theirs, ours) = (of(pid), of(std::process::id()));
    assert_ne!(theirs, ours);
    assert!(theirs.to_str().unwrap().starts_with("pipe:"), "{theirs:?}");
    assert_eq!(std::io::stderr().as_raw_fd(), 2);
}

#[test]
fn a_process_with_more_threads_than_any_plugin_needs_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let many = |name: &str, threads: u32| {
        let file = common::compile_c(folder.path(), name, &[format!("THREADS={threads}")]);
        with(&file)
    };
    let (some, many) = (many("some", 1_000), many("many", 1_100));
    let end = Instant::now() + Duration::from_secs(5);
    let incident = loop {
        if let Some(incident) = many.incidents().pop() {
            break incident;
        }
        assert!(Instant::now() < end, "it goes on");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(incident.mishap, Mishap::TooMany);
    assert_eq!(some.incidents(), []);
}

/// As in a container, where the engine is all there is.
#[test]
fn isolated_plugins_start_where_the_engine_is_the_first_process() {
    if std::env::var_os(AS_FIRST).is_some() {
        assert_eq!(std::process::id(), 1);
        let folder = tempfile::tempdir().unwrap();
        let file = common::compile_c(folder.path(), "copy", &[]);
        assert!(
            with(&file)
                .codec("COPY", Hertz(8000))
                .unwrap()
                .open("", "")
                .is_ok()
        );
        return;
    }
    let unshare = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["-rpf", "--mount-proc", "--kill-child", "--"]);
        command
            .arg(program)
            .args(arguments)
            .env(AS_FIRST, "1")
            .output()
    };
    if !unshare(Path::new("true"), &[]).is_ok_and(|done| done.status.success()) {
        eprintln!("SKIPPED: this system lets nobody make a namespace of processes");
        return;
    }
    let name = "isolated_plugins_start_where_the_engine_is_the_first_process";
    let this = std::env::current_exe().unwrap();
    let done = unshare(&this, &["--exact", name, "--nocapture"]).unwrap();
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_process_of_a_plugin_whose_engine_is_gone_ends() {
    let program = env!("CARGO_BIN_EXE_offhook-plugin-host");
    let done = Command::new(program)
        .args([host::away::FOR, "1"])
        .output()
        .unwrap();
    assert!(!done.status.success());
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("the engine is gone"), "{said}");
}
