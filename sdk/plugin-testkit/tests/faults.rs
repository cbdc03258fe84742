//! Planted faults: each is found by the check it belongs to. The sound library passes, and so do the examples in C.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use offhook_plugin_testkit::{LIST, Report, check, child};
use std::path::{Path, PathBuf};
use std::process::Command;

/// With this in its environment the test program is a child of itself: file, code, seed.
const ORDER: &str = "OFFHOOK_TEST_CHECK";

fn report(file: &Path, only: &[String]) -> Report {
    check(file, 1, only, |code| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_child_of_the_test", "--nocapture"]);
        command.env(ORDER, format!("{}\n{code}\n1", file.display()));
        command
    })
}

/// No test by itself: what the children run.
#[test]
fn a_child_of_the_test() {
    let Ok(order) = std::env::var(ORDER) else {
        return;
    };
    let parts: Vec<&str> = order.split('\n').collect();
    child(Path::new(parts[0]), parts[1], parts[2].parse().unwrap());
}

/// The checks that failed, with their words.
fn failed(report: &Report) -> Vec<(&str, &str)> {
    report
        .failures()
        .map(|(check, why)| (check.code, why))
        .collect()
}

fn compile(folder: &Path, source: &str, fault: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = here.join(source);
    let file = folder.join(format!("{fault}.so"));
    let output = Command::new("cc")
        .args([
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-shared",
            "-fPIC",
            "-O1",
        ])
        .arg(format!("-D{}", fault.to_uppercase()))
        .arg("-I")
        .arg(here.join("../include"))
        .arg("-o")
        .args([&file, &source])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{fault}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    file
}

/// Each fault, the check that must find it, and a piece of what it says.
const FAULTS: &[(&str, &str, &str)] = &[
    ("NO_SYMBOL", "S-01", "nobody_has_this"),
    ("NO_LICENCE", "M-02", "no licence"),
    ("BAD_CONFIG", "M-01", "default \"many\" is not allowed"),
    ("NO_HELP", "M-04", "rate: no help"),
    ("ANY_PERMISSION", "M-05", "permission \"root\" is not known"),
    ("OTHER_VERSION", "S-03", "the entry \"2.0.0\""),
    ("ANY_TABLE", "A-02", "answers a table to"),
    ("MOVING", "A-03", "has moved"),
    ("NULL_FUNCTION", "A-04", "no function close"),
    ("OLD_STRUCT", "A-05", "wrote beyond the 48 B"),
    ("ONCE", "L-01", "start 2 of 100"),
    ("NULL_REASON", "L-03", "segmentation fault"),
    ("HANDLER", "L-04", "signal 2"),
    ("FD_LEAK", "L-05", "descriptors are left"),
    ("THREAD_LEAK", "L-05", "threads are left"),
    ("LEAK", "L-06", "KiB that did not come back"),
    ("OPTIONS_CRASH", "L-07", "abort"),
    (
        "ALLOCATE",
        "T-01",
        "encode() allocated 64 B on the audio thread",
    ),
    ("LOCK", "T-02", "encode() took a lock"),
    ("SYSCALL", "T-03", "encode() made the system call nanosleep"),
    ("PRINT", "T-03", "encode() made the system call write"),
    ("SLOW", "T-05", "encode() takes"),
    ("BAD_TIME", "C-01", "values out of range"),
    ("REVERSED", "C-03", "match of"),
    ("SHORT", "C-04", "samples went in"),
    ("SMALL_MAX", "C-05", "max_payload is 300"),
    ("OVERRUN", "C-06", "wrote beyond"),
    ("PCM_OVERRUN", "C-07", "wrote beyond"),
    ("HANG", "C-08", "did not end within 10 s"),
    ("CRASH", "C-09", "segmentation fault"),
    ("CONCEAL_LIE", "C-11", "decode without a payload"),
    ("NO_RESET", "C-13", "after reset()"),
    ("SHARED", "C-14", "a second instance"),
    ("OFFSET", "C-15", "silence comes back"),
    ("TAKES_ALL", "C-16", "unknown key"),
    ("ANY_INDEX", "C-17", "opens format 1"),
];

/// The same of faces.
const FACES: &[(&str, &str, &str)] = &[
    ("FACE_TAKES_NO_WELCOME", "W-01", "at {\"op\":\"welcome\""),
    ("FACE_TRUSTS_OPTIONS", "W-02", "abort"),
    ("FACE_TRUSTS_LINES", "W-03", "abort"),
    ("FACE_KNOWS_ALL", "W-04", "zork"),
    ("FACE_MUMBLES", "W-05", "it says"),
];

/// One test for all would take as long as all of them one after the other.
fn plant(turn: usize) {
    plant_in("tests/faulty.c", FAULTS.iter().skip(turn).step_by(4));
}

fn plant_in<'a>(
    source: &str,
    faults: impl Iterator<Item = &'a (&'static str, &'static str, &'static str)>,
) {
    let folder = tempfile::tempdir().unwrap();
    for (fault, code, words) in faults {
        let file = compile(folder.path(), source, fault);
        let report = report(&file, &[(*code).to_owned()]);
        let failed = failed(&report);
        let found = failed.iter().find(|(failed, _)| failed == code);
        assert!(
            found.is_some_and(|(_, why)| why.contains(words)),
            "{fault}: {failed:?}"
        );
        assert!(!report.passed());
    }
}

#[test]
fn planted_faults_are_found_1() {
    plant(0);
}

#[test]
fn planted_faults_are_found_2() {
    plant(1);
}

#[test]
fn planted_faults_are_found_3() {
    plant(2);
}

#[test]
fn planted_faults_are_found_4() {
    plant(3);
}

#[test]
fn planted_faults_of_faces_are_found() {
    plant_in("tests/faulty_face.c", FACES.iter());
}

/// Without a fault all that is asked holds; so it does of the examples that authors begin from.
#[test]
fn sound_libraries_pass() {
    let folder = tempfile::tempdir().unwrap();
    for source in ["codec", "dtmf", "filter", "recorder", "ui"] {
        let file = compile(folder.path(), &format!("../examples/c/{source}.c"), source);
        let report = report(&file, &[]);
        assert_eq!(failed(&report), [], "{source}");
        assert!(report.counts().1 >= 20, "{source}: {:?}", report.counts());
    }
    let face = report(&compile(folder.path(), "tests/faulty_face.c", "SOUND"), &[]);
    assert_eq!(failed(&face), []);
    let report = report(&compile(folder.path(), "tests/faulty.c", "SOUND"), &[]);
    assert_eq!(failed(&report), []);
    let (ok, asked, _) = report.counts();
    assert!(ok == asked && asked >= 40, "{ok} of {asked}");
    let xml = report.junit();
    assert!(
        xml.contains("failures=\"0\"") && xml.matches("<testcase").count() == report.outcomes.len()
    );
}

/// A process that a plugin leaves behind holds the pipe that its words come by.
#[test]
fn what_a_plugin_leaves_behind_does_not_hold_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let file = compile(folder.path(), "tests/faulty.c", "LEFT_BEHIND");
    let begun = std::time::Instant::now();
    let report = report(&file, &["A-04".to_owned()]);
    assert_eq!(failed(&report), []);
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
}

#[test]
fn what_is_no_library_is_said_once_and_nothing_else_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.so");
    std::fs::write(&file, "no library").unwrap();
    let report = report(&file, &[]);
    let failed = failed(&report);
    assert!(
        matches!(failed[..], [("M-01", why)] if why.contains("not a plugin library")),
        "{failed:?}"
    );
    assert_eq!(report.counts().1, 1);
}

#[test]
fn codes_are_unique_and_every_check_says_what_to_do() {
    for (n, check) in LIST.iter().enumerate() {
        assert!(
            LIST.iter()
                .skip(n + 1)
                .all(|other| other.code != check.code),
            "{}",
            check.code
        );
        assert!(!check.fix.is_empty() && !check.title.is_empty());
    }
    assert!(LIST.len() >= 40, "{}", LIST.len());
}
