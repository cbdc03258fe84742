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
    added(empty(), file)
}

fn added(mut catalogue: Catalogue, file: &Path) -> Catalogue {
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

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// Until `is_done`, at most five seconds.
fn until(mut is_done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !is_done() {
        assert!(Instant::now() < end, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_isolated_plugin_cannot_send_signals_or_change_limits_of_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let engine = format!("ENGINE={}", std::process::id());
    let file = common::compile_c(folder.path(), "plain", std::slice::from_ref(&engine));
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
    let mut incidents = Vec::new();
    until(|| {
        incidents.extend(many.incidents());
        !incidents.is_empty()
    });
    let incident = incidents.remove(0);
    assert_eq!(incident.mishap, Mishap::TooMany);
    assert_eq!(some.incidents(), []);
}

/// What was looked at and has the hash that was asked for is what runs, also the second time.
#[test]
fn after_a_crash_the_same_code_runs_whatever_stands_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "good", &[]);
    let other = common::compile_c(folder.path(), "evil", &["BUILD=1".into()]);
    let catalogue = empty().without_quarantine();
    let catalogue = added(catalogue, &file);
    let about = catalogue.plugins().next().unwrap().clone();
    assert_eq!(about.sha256, Some(host::gate::sha256_of(&file).unwrap()));
    for exchange in [
        &(|| std::fs::rename(&other, &file).unwrap()) as &dyn Fn(),
        &|| std::fs::write(&file, "").unwrap(),
        &|| std::fs::remove_file(&file).unwrap(),
    ] {
        let before = catalogue.process_of("codec-copy").unwrap();
        exchange();
        kill(before);
        let mut now = None;
        until(|| {
            now = catalogue
                .process_of("codec-copy")
                .filter(|now| *now != before);
            now.is_some()
        });
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", now.unwrap())).unwrap();
        let wanted = format!("codec-copy-{}", &about.sha256.as_ref().unwrap()[..16]);
        assert!(maps.contains(&wanted), "{maps}");
        assert_eq!(catalogue.incidents().len(), 1);
    }
}

/// Also in the engine's own process.
#[test]
fn a_library_that_is_cut_short_while_it_runs_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_file(&file).unwrap();
    let codec = catalogue.codec("COPY", Hertz(8000)).unwrap();
    let mut open = codec.open("", "").unwrap();
    std::fs::write(&file, "").unwrap();
    let mut payload = [0; 320];
    assert_eq!(open.encode(&[1; 160], &mut payload), Ok(320));
    assert!(codec.open("", "").is_ok());
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
