//! README's "five minutes", step two, against the real programs: `offhook demo` in one terminal, calls from
//! another.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A demo that runs, with a socket of its own.
struct Demo {
    process: Child,
    home: TempDir,
}

impl Demo {
    fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder for the test");
        let process = offhook(home.path(), &["demo"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program that was just built starts");
        let demo = Self { process, home };
        let until = Instant::now() + Duration::from_secs(20);
        while demo.say(&["status"]).status.code() != Some(0) {
            assert!(Instant::now() < until, "the demo does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        demo
    }

    fn say(&self, words: &[&str]) -> Output {
        let done = offhook(self.home.path(), words).output();
        done.expect("the program that was just built starts")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // A demo that is gone already needs no killing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn offhook(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command
        .args(words)
        .arg("--socket")
        .arg(home.join("offhook.sock"))
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("XDG_STATE_HOME")
        .env_remove("OFFHOOK_SOCKET")
        .env("NO_COLOR", "1");
    command
}

#[test]
fn a_newcomer_calls_hears_and_reads_the_ladder() {
    let demo = Demo::start();
    let call = demo.say(&["call", "600", "--for", "2s", "--json"]);
    let text = String::from_utf8_lossy(&call.stdout).into_owned();
    assert_eq!(call.status.code(), Some(0), "{text}{:?}", call.stderr);
    let handle = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|line| line["call"]["call"].as_str().map(str::to_owned))
        .unwrap_or_else(|| panic!("no call is named in:\n{text}"));
    let ladder = demo.say(&["ladder", &handle]);
    let drawn = String::from_utf8_lossy(&ladder.stdout).into_owned();
    assert_eq!(ladder.status.code(), Some(0), "{:?}", ladder.stderr);
    for word in ["INVITE", "200", "ACK", "BYE"] {
        assert!(drawn.contains(word), "no {word} in:\n{drawn}");
    }
    assert_eq!(demo.say(&["call", "104"]).status.code(), Some(6), "busy");
    let silent = demo.say(&["call", "604", "--for", "3s"]);
    assert_eq!(silent.status.code(), Some(7), "no sound comes back");
    let said = String::from_utf8([silent.stdout, silent.stderr].concat()).expect("it is text");
    for line in ["OH-3107 ", "  why   ", "  fix   "] {
        assert!(said.contains(line), "no {line:?} in:\n{said}");
    }
    let history = demo.say(&["history"]);
    let kept = String::from_utf8_lossy(&history.stdout).into_owned();
    for number in ["600", "104", "604"] {
        assert!(kept.contains(number), "no {number} in:\n{kept}");
    }
    let lamps = demo.say(&["blf"]);
    let shown = String::from_utf8_lossy(&lamps.stdout).into_owned();
    for lamp in ["Carol", "701", "703"] {
        assert!(shown.contains(lamp), "no {lamp} in:\n{shown}");
    }
    assert!(!shown.contains("unknown"), "{shown}");
    assert_eq!(demo.say(&["shutdown"]).status.code(), Some(0));
}
