//! `offhook demo --check`: the whole phone, a PBX, a call, and proof of what was heard.

use std::process::{Command, Output};

fn check(extra: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder for the test");
    Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(["demo", "--check"])
        .args(extra)
        .env("HOME", home.path())
        .env_remove("XDG_STATE_HOME")
        .env_remove("OFFHOOK_SOCKET")
        .env("NO_COLOR", "1")
        .output()
        .expect("the program that was just built starts")
}

/// M-001, M-032: registers, calls the echo, and finds a chirp that nobody could know in what came back.
#[test]
fn audio_timing_the_demo_proves_a_call() {
    let output = check(&["--json"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}{:?}", output.stderr);
    let told: serde_json::Value = serde_json::from_str(text.trim()).expect("one JSON object");
    let check = &told["check"];
    assert_eq!(check["ok"], true, "{told}");
    assert!(check["match"].as_f64().unwrap_or(0.0) >= 0.95, "{told}");
    assert!(check["delay_ms"].as_f64().unwrap_or(0.0) > 0.0, "{told}");
    let counts = [
        &check["phone"]["packets_out"],
        &check["phone"]["packets_in"],
        &check["pbx"]["packets_in"],
        &check["pbx"]["packets_out"],
    ];
    for count in counts {
        assert!(count.as_u64().unwrap_or(0) >= 40, "{told}");
    }
}

#[test]
fn audio_timing_the_demo_tells_people_what_it_proved() {
    let output = check(&[]);
    let text = String::from_utf8_lossy(&output.stdout);
    for line in ["demo PBX", "registered in", "your chirp came back", "loss"] {
        assert!(text.contains(line), "{line:?} is missing:\n{text}");
    }
}

/// Two checks at once do not meet: each takes ports and folders of its own.
#[test]
fn audio_timing_two_demos_run_side_by_side() {
    let other = std::thread::spawn(|| check(&["--json"]));
    let ours = check(&["--json"]);
    let theirs = other.join().expect("the other demo ran");
    assert_eq!(ours.status.code(), Some(0), "{ours:?}");
    assert_eq!(theirs.status.code(), Some(0), "{theirs:?}");
}
