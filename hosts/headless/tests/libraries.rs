//! `offhookd` and library files that do harm: it starts, says why, and goes on without them.
#![allow(clippy::unwrap_used)]

#[path = "../../../core/plugin-host/tests/common/mod.rs"]
mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with plugins, a settings file and a state folder.
struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        let site = Self(folder);
        site.set("");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Loads libraries into its own process; `more` is below `[plugins]`.
    fn set(&self, more: &str) {
        let text = format!(
            "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n[media]\nmicrophone = \"audio-null\"\nspeaker = \"audio-null\"\n\
             [plugins]\ndefault_trust = \"in-process\"\n{more}"
        );
        std::fs::write(self.path("site.toml"), text).unwrap();
    }

    fn compile(&self, name: &str, define: &str) {
        let id = format!("ID=\"codec-{name}\"");
        common::compile_c(&self.path("plugins"), name, &[id, define.to_owned()]);
    }

    fn command(&self, more: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_offhookd")), more)
    }

    fn command_of(&self, program: &Path, more: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(["--settings".as_ref(), self.path("site.toml").as_os_str()])
            .args(["--plugins".as_ref(), self.path("plugins").as_os_str()])
            .args(["--socket".as_ref(), self.path("socket").as_os_str()])
            .args(more)
            .env("OFFHOOK_STATE_DIR", self.path("state"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it, waits until it listens, ends it in order; what it logged.
    fn log(&self, more: &[&str]) -> String {
        self.log_of(Path::new(env!("CARGO_BIN_EXE_offhookd")), more)
    }

    fn log_of(&self, program: &Path, more: &[&str]) -> String {
        let mut phone = Phone(self.command_of(program, more).spawn().unwrap());
        phone.listens();
        let term = Command::new("kill").arg(phone.0.id().to_string()).status();
        assert!(term.unwrap().success());
        let mut log = String::new();
        let mut err = phone.0.stderr.take().unwrap();
        err.read_to_string(&mut log).unwrap();
        assert!(phone.0.wait().unwrap().success(), "{log}");
        log
    }

    /// Starts it; it ends by itself.
    fn ends(&self) -> Output {
        self.command(&[]).output().unwrap()
    }
}

struct Phone(Child);

impl Phone {
    fn listens(&mut self) {
        let out = self.0.stdout.take().unwrap();
        let line = BufReader::new(out).lines().next();
        assert!(line.unwrap().unwrap().starts_with("listening udp"));
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What only an engine meets: in the process that tries files it behaves.
const ABORTS_IN_THE_ENGINE: &str = "ON_INIT=if(!getenv(\"OFFHOOK_PROBE_OPTIONS\"))abort()";

#[test]
fn what_breaks_the_process_that_tries_it_costs_no_start() {
    let site = Site::new();
    site.compile("bad", "ON_LOAD=*(volatile int*)8=1");
    site.compile("good", "ON_INIT=");
    let begun = Instant::now();
    let log = site.log(&[]);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "the limit of a look"
    );
    let said = "codec-bad: was tried in a process of its own: it crashed (segmentation fault)";
    assert!(log.contains(said), "{log}");
    assert!(!log.contains("codec-good"), "{log}");
    let warned = log.lines().filter(|line| line.contains("codec-bad"));
    assert_eq!(warned.count(), 1, "{log}");
}

/// C10: two unclean starts that name a plugin; the third runs without it and says so. What is set for it
/// stays as it is.
#[test]
fn a_plugin_that_ends_two_starts_is_left_out_of_the_third() {
    let site = Site::new();
    site.compile("fatal", ABORTS_IN_THE_ENGINE);
    let before = std::fs::read(site.path("site.toml")).unwrap();
    for start in 0..2 {
        let ended = site.ends();
        assert_eq!(ended.status.code(), None, "start {start} is aborted");
    }
    let log = site.log(&[]);
    assert!(
        log.contains("codec-fatal: is switched off because two starts in a row ended"),
        "{log}"
    );
    assert!(log.contains("offhook plugin enable codec-fatal"), "{log}");
    assert_eq!(std::fs::read(site.path("site.toml")).unwrap(), before);
}

#[test]
fn safe_mode_and_only_bundled_load_no_file_and_touch_no_setting() {
    let site = Site::new();
    site.compile("fatal", ABORTS_IN_THE_ENGINE);
    let options = "[plugins.options.codec-fatal]\nwhat = 1\n";
    site.set(options);
    for (mode, said) in [
        ("--safe-mode", "no plugin file is loaded"),
        (
            "--only-bundled",
            "only plugin files that came with this program",
        ),
    ] {
        let log = site.log(&[mode]);
        assert!(log.contains(said), "{mode}: {log}");
    }
    assert!(!site.path("state").exists(), "nothing is held against it");
    let text = std::fs::read_to_string(site.path("site.toml")).unwrap();
    assert!(text.ends_with(options), "the setting is as it was");
}

/// Files in the folder "plugins" beside the program came with it; others on the path did not.
#[test]
fn only_bundled_loads_what_came_with_the_program() {
    let site = Site::new();
    site.compile("fatal", ABORTS_IN_THE_ENGINE);
    let bundled = site.path("bin/plugins");
    std::fs::create_dir_all(&bundled).unwrap();
    let id = "ID=\"codec-bad\"".to_owned();
    common::compile_c(
        &bundled,
        "bad",
        &[id, "ON_LOAD=*(volatile int*)8=1".to_owned()],
    );
    let program = site.path("bin/offhookd");
    std::fs::copy(env!("CARGO_BIN_EXE_offhookd"), &program).unwrap();
    let bundled = bundled.to_str().unwrap();
    let log = site.log_of(&program, &["--only-bundled", "--plugins", bundled]);
    let tried = "codec-bad: was tried in a process of its own: it crashed";
    assert!(log.contains(tried), "{log}");
    let log = site.log_of(&program, &["--only-bundled"]);
    assert!(!log.contains("codec-bad"), "nobody named its folder: {log}");
}

/// A run without a plugin starts also where the settings name it.
#[test]
fn what_the_settings_name_of_a_plugin_that_is_left_out_is_left_out_too() {
    let site = Site::new();
    let named = "[filters]\nmicrophone = [\"filter-theirs\", \"filter-gain\"]\n";
    site.set(named);
    let ended = site.ends();
    assert_eq!(ended.status.code(), Some(9), "{ended:?}");
    for mode in [
        &["--safe-mode"][..],
        &["--only-bundled"],
        &["--without-plugin", "filter-theirs"],
    ] {
        let _log = site.log(mode);
    }
    site.set(&format!("without = [\"filter-theirs\"]\n{named}"));
    let _log = site.log(&["--without-plugin", "codec-other"]);
    site.compile("fatal", ABORTS_IN_THE_ENGINE);
    let log = site.log(&["--without-plugin", "codec-fatal"]);
    assert!(log.contains("plugins.without leaves it out"), "{log}");
}

#[test]
fn an_option_that_the_manifest_does_not_allow_is_told_with_its_line() {
    let site = Site::new();
    let config = r#"CONFIG="{\"rate\":{\"type\":\"integer\",\"max\":9}}""#;
    site.compile("good", config);
    site.set("[plugins.options.codec-good]\nrate = 10\nraet = 1\n");
    let ended = site.ends();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{said}");
    let file = site.path("site.toml");
    let at = |line: usize, rest: &str| format!("{}:{line}:8: {rest}", Path::new(&file).display());
    let key = "plugins.options.codec-good";
    let rate = at(
        9,
        &format!("{key}.rate: 10 is not allowed; allowed: a whole number up to 9"),
    );
    let raet = at(
        10,
        &format!("{key}.raet: there is no such option; allowed: rate"),
    );
    assert!(said.contains(&rate) && said.contains(&raet), "{said}");
    site.set("[plugins.options.codec-good]\nrate = 9\n");
    assert!(!site.log(&[]).contains("codec-good"));
}
