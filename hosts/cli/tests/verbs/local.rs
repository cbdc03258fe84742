//! What needs no engine: `explain`, `doctor`, help.

use crate::fake::{offhook, run, run_alone};
use expect_test::expect;
use std::process::Stdio;

#[test]
fn explain_tells_cause_fix_and_exit() {
    expect![[r#"
        OH-3107  you are sending sound but nothing comes back
          why   they told us an address for sound that is not reachable from here, or something between blocks it
          fix   on a real PBX turn on "NAT / symmetric RTP" for this phone
          exit  7
        --- exit 0
    "#]].assert_eq(&run_alone(&["explain", "3107"]).told());
    expect![[r#"
        {"cause":"no engine runs for this profile, or its control socket is elsewhere","code":"OH-6001","exit":8,"fix":"start one: offhook demo, or systemctl start offhookd; or name its socket with --socket","title":"no engine to talk to"}
        --- exit 0
    "#]].assert_eq(&run_alone(&["explain", "OH-6001", "--json"]).told());
    let all = run_alone(&["explain"]);
    assert_eq!(all.out.lines().count(), control::index::INDEX.len());
}

/// A full disk under standard output is told on standard error, also in JSON; a reader who left is not.
#[test]
fn what_cannot_be_written_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let ends = |args: &[&str], out: Stdio| {
        let mut command = offhook(folder.path().to_owned());
        let child = command
            .args(args)
            .stdout(out)
            .stderr(Stdio::piped())
            .spawn();
        let ended = child.unwrap().wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        (ended.status.code(), said)
    };
    for args in [
        &["explain", "3107"][..],
        &["explain", "3107", "--json"],
        &["--help"],
        &["call", "--help"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let (exit, said) = ends(args, full.unwrap().into());
        assert_eq!(exit, Some(1), "{args:?}: {said}");
        assert!(said.starts_with("! OH-1011 "), "{args:?}: {said}");
        assert!(said.contains("\n  fix   "), "{args:?}: {said}");
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let (exit, said) = ends(args, write.into());
        assert_eq!((exit, said.as_str()), (Some(0), ""), "{args:?}");
    }
    let full = std::fs::File::options().write(true).open("/dev/full");
    let (exit, said) = ends(&["status", "--json"], full.unwrap().into());
    assert_eq!(exit, Some(8), "what went wrong first stands: {said}");
    assert!(
        said.starts_with("! OH-6001 ") && said.contains("! OH-1011 "),
        "{said}"
    );
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [
        &["help"][..],
        &["--help"],
        &["call", "--help"],
        &["--version"],
    ] {
        let ran = run_alone(args);
        assert!(
            ran.exit == Some(0) && ran.err.is_empty() && !ran.out.is_empty(),
            "{args:?}"
        );
    }
    assert!(run_alone(&["help"]).out.contains("130 interrupted"));
}

#[test]
fn doctor_tells_each_thing_with_its_fix() {
    let ran = run_alone(&["doctor", "--profile", "headless"]);
    for check in [
        "sound", "loopback", "network", "settings", "ports", "limits", "priority", "control",
    ] {
        assert!(
            ran.out.contains(&format!("  {check:<9}  ")),
            "{check}: {}",
            ran.out
        );
    }
    // The profile was named, and no engine runs it.
    assert!(ran.out.contains("  fail  control"), "{}", ran.out);
    assert!(
        ran.out.contains("fix        start one: offhook demo"),
        "{}",
        ran.out
    );
    let json = run_alone(&["doctor", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(object["checks"].as_array().unwrap().len() >= 8, "{object}");
}

#[test]
fn doctor_names_file_line_and_key_of_broken_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.toml");
    std::fs::write(&file, "[media]\nptime_ms = 7\ncolour = \"red\"\n").unwrap();
    let path = file.to_str().unwrap();
    let ran = run_alone(&["doctor", "--settings", path]);
    assert_eq!(ran.exit, Some(2), "{}", ran.out);
    let lines: Vec<&str> = ran
        .out
        .lines()
        .skip_while(|line| !line.contains("settings"))
        .collect();
    let told = lines[..4].join("\n").replace(path, "site.toml");
    // The first line keeps the margin of the others when golden texts are aligned.
    let told = format!("offhook doctor\n{told}\n");
    expect![[r#"
        offhook doctor
          fail  settings   site.toml:2:12: media.ptime_ms: 7 is not allowed  OH-1002
                fix        allowed: 10 to 200 in steps of 10
          fail  settings   site.toml:3:1: media.colour: there is no such key  OH-1002
                fix        there are: codec_order, codecs, jitter_max_ms, keypad_tones, microphone, port_max, port_min, priority, ptime_ms, ringer, speaker, threads
    "#]]
    .assert_eq(&told);
}

#[test]
fn doctor_sees_low_limits_and_taken_ports() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let listen = format!("udp:{}", taken.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let program = offhook(folder.path().to_path_buf());
    let line = format!(
        "ulimit -n 64; exec {} doctor",
        program.get_program().to_str().unwrap()
    );
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &line])
        .env("OFFHOOK_SIP_LISTEN", &listen)
        .env("LANG", "C.UTF-8");
    let output = shell
        .env("XDG_RUNTIME_DIR", folder.path())
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(
        out.contains(&format!("{listen} is taken by another program  OH-1004")),
        "{out}"
    );
    assert!(
        out.contains("64 open files; 32 calls need up to 256"),
        "{out}"
    );
}

#[test]
fn doctor_finds_the_engine() {
    let ran = run(&["doctor"], Vec::new());
    assert!(
        ran.out.contains("  ok    control    offhook 0.1.0 at "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("profile demo"), "{}", ran.out);
}
