//! No engine, an engine that is none, and lines that cannot be meant.

use crate::fake::{Hello, Step, run, run_alone, run_with};
use expect_test::{expect, expect_file};
use std::os::unix::net::{UnixListener, UnixStream};

#[test]
fn no_engine_is_oh_6001_and_exit_8() {
    let ran = run_alone(&["calls", "--socket", "/no/such/engine.sock"]);
    expect![[r#"
        --- stderr
        ! OH-6001 no engine to talk to
          why   /no/such/engine.sock: nothing listens there
          fix   start one: offhook demo, or systemctl start offhookd; or name its socket with --socket
          more  offhook explain OH-6001
        --- exit 8
    "#]].assert_eq(&ran.told());
    let ran = run_alone(&["calls", "--json", "--socket", "/no/such/engine.sock"]);
    expect![[r#"
        {"error":{"code":"OH-6001","title":"no engine to talk to","detail":"/no/such/engine.sock: nothing listens there","fix":"start one: offhook demo, or systemctl start offhookd; or name its socket with --socket"}}
        --- exit 8
    "#]].assert_eq(&ran.told());
    for args in [
        &["call", "600"][..],
        &["answer"],
        &["decline"],
        &["hangup"],
        &["dtmf", "1"],
        &["mute", "on"],
        &["calls"],
        &["accounts"],
        &["account", "add", "a@b"],
        &["account", "remove", "a"],
        &["register", "a"],
        &["unregister", "a"],
        &["blf"],
        &["blf", "dial", "103"],
        &["voicemail"],
        &["message", "list"],
        &["events"],
        &["ladder", "c7k2"],
        &["status"],
        &["shutdown"],
        &["status", "--profile", "demo"],
    ] {
        let ran = run_alone(args);
        assert_eq!(ran.exit, Some(8), "{args:?}: {}", ran.told());
        assert!(
            ran.err.contains("fix   start one: offhook demo"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn what_does_not_speak_as_an_engine_is_told() {
    for (hello, code, exit) in [
        (Hello::Raw("HTTP/1.1 400 Bad Request\n"), "OH-6002", 1),
        (Hello::Raw("{\"op\":\"sing\"}\n"), "OH-6002", 1),
        (Hello::Version(99), "OH-6006", 1),
        (Hello::Version(0), "OH-6006", 1),
        (Hello::Silence, "OH-6001", 8),
        (Hello::Close, "OH-6001", 8),
        (
            Hello::Raw(
                "{\"op\":\"reply\",\"error\":{\"code\":\"OH-6008\",\"title\":\"t\",\"detail\":\"d\",\"fix\":\"f\"}}\n",
            ),
            "OH-6008",
            10,
        ),
    ] {
        let ran = run_with(
            &["calls", "--timeout", "200ms"],
            hello,
            Vec::new(),
            &[],
            None,
        );
        assert_eq!(ran.exit, Some(exit), "{code}: {}", ran.told());
        assert!(ran.err.starts_with(&format!("! {code} ")), "{}", ran.err);
    }
}

#[test]
fn odd_replies_are_told() {
    let odd = vec![Step::On("list_calls", control::Reply::Taken)];
    let ran = run(&["calls"], odd);
    expect![[r#"
        --- stderr
        ! OH-6002 the engine did not understand what it was sent
          why   the engine's reply is of an unexpected kind: "taken"
          fix   see sdk/control for the words; update the older of the two programs
          more  offhook explain OH-6002
        --- exit 1
    "#]]
    .assert_eq(&ran.told());
    let long = vec![b'x'; control::wire::MAX_TOLD + 10];
    let ran = run(
        &["calls"],
        vec![Step::Ignore("list_calls"), Step::Raw(long)],
    );
    assert_eq!(ran.exit, Some(8), "{}", ran.told());
    let broken = b"{\"op\":\"reply\",\"id\":\"r1\",\"ok\":{\"kind\":\"calls\",\"calls\":7}}\n";
    let ran = run(
        &["calls"],
        vec![Step::Ignore("list_calls"), Step::Raw(broken.to_vec())],
    );
    assert_eq!(ran.exit, Some(1), "{}", ran.told());
    assert!(ran.err.starts_with("! OH-6002 "), "{}", ran.err);
}

/// What people mistype.
const CANNOT_BE_MEANT: &[&[&str]] = &[
    &[],
    &["cal"],
    &["call"],
    &["call", "600", "--for", "soon"],
    &["call", "600", "--for", "-1s"],
    &["account"],
    &["plugin"],
    &["call", "600", "--account", "a b"],
    &["dtmf", "12x"],
    &["dtmf", ""],
    &["mute", "perhaps"],
    &["answer", "seven"],
    &["ladder", "c7k0"],
    &["decline", "--status", "200"],
    &["hangup", "c7k2", "--all"],
    &["calls", "--json", "--json-stream"],
    &["calls", "--profile", "../x"],
    &["account", "add", "alice"],
    &["account", "add", "alice@pbx", "--password", "hunter2"],
    &["explain", "OH-9999"],
    &["explain", "no"],
];

#[test]
fn what_cannot_be_meant_is_refused_with_a_fix() {
    let mut told = String::new();
    for args in CANNOT_BE_MEANT {
        let ran = run_alone(args);
        assert_eq!(ran.exit, Some(2), "{args:?}: {}", ran.told());
        if !args.contains(&"--json") {
            assert!(ran.err.starts_with("! OH-1001 "), "{args:?}: {}", ran.err);
            assert!(!ran.err.contains("hunter2"), "{}", ran.err);
            told.push_str(&format!("$ offhook {}\n", args.join(" ")));
            told.extend(
                ran.err
                    .lines()
                    .skip(1)
                    .take(2)
                    .map(|line| format!("{line}\n")),
            );
        }
    }
    expect_file!["usage.txt"].assert_eq(&told);
}

#[test]
fn the_engine_that_runs_is_found_without_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let sockets = folder.path().join("offhook");
    std::fs::create_dir(&sockets).unwrap();
    let status = || {
        let mut program = crate::fake::offhook(folder.path().to_path_buf());
        let output = program
            .args(["status", "--timeout", "50ms"])
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    // It is found, but says nothing.
    let _demo = UnixListener::bind(sockets.join("demo.sock")).unwrap();
    let (exit, err) = status();
    assert!(
        exit == Some(8) && err.contains("demo.sock: it took the connection"),
        "{err}"
    );
    let _headless = UnixListener::bind(sockets.join("headless.sock")).unwrap();
    let (exit, err) = status();
    assert!(
        exit == Some(2) && err.contains("several engines run: demo, headless"),
        "{err}"
    );
    assert!(
        err.contains("fix   choose one with --profile demo"),
        "{err}"
    );
    let desktop = UnixListener::bind(sockets.join("desktop.sock")).unwrap();
    let (exit, err) = status();
    assert!(exit == Some(8) && err.contains("desktop.sock"), "{err}");
    // A socket that nobody listens at any more does not count.
    drop(desktop);
    while UnixStream::connect(sockets.join("desktop.sock")).is_ok() {
        // Another test starts a program just now, which holds our files until it runs.
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let (exit, err) = status();
    assert!(exit == Some(2) && err.contains("demo, headless"), "{err}");
}
