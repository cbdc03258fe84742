//! `offhookd` and library files that do harm: it starts, says why, and goes on without them.
#![allow(clippy::unwrap_used)]

#[path = "../../../core/plugin-host/tests/common/mod.rs"]
mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
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
    let held = std::fs::read_dir(site.path("state/headless")).unwrap();
    let held = held.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let held: Vec<String> = held.filter(|name| !name.starts_with("offhook.")).collect();
    assert_eq!(
        held,
        ["plugins.lock"],
        "nothing is held against it beside the history"
    );
    let text = std::fs::read_to_string(site.path("site.toml")).unwrap();
    assert!(text.ends_with(options), "the setting is as it was");
}

/// In safe mode the files are seen and can be switched off, and what the settings name of them has a stand-in.
#[test]
fn in_safe_mode_files_are_listed_and_switched_off_for_the_next_start() {
    let site = Site::new();
    site.compile("fatal", ABORTS_IN_THE_ENGINE);
    site.set("[recording]\nplugin = \"recorder-theirs\"\n");
    let asks = |line: &str| {
        let mut phone = Phone(
            site.command(&["--safe-mode", "--codec", "COPY"])
                .spawn()
                .unwrap(),
        );
        phone.listens();
        let mut socket = UnixStream::connect(site.path("socket")).unwrap();
        socket
            .write_all(b"{\"op\":\"hello\",\"version\":1}\n")
            .unwrap();
        socket.write_all(line.as_bytes()).unwrap();
        let lines = BufReader::new(socket).lines().map(Result::unwrap);
        let reply = lines.into_iter().find(|line| line.contains("\"r1\""));
        let term = Command::new("kill").arg(phone.0.id().to_string()).status();
        assert!(term.unwrap().success());
        let mut log = String::new();
        let mut err = phone.0.stderr.take().unwrap();
        err.read_to_string(&mut log).unwrap();
        (reply.unwrap(), log)
    };
    let of = |command: &str| {
        format!(
            "{{\"op\":\"call\",\"id\":\"r1\",\"command\":\"{command}\",\"body\":{{\"plugin\":\"codec-fatal\"}}}}\n"
        )
    };
    let (reply, log) = asks(&of("plugin.why"));
    assert!(reply.contains("it loads no files"), "{reply}");
    assert!(
        log.contains("no codec that the settings name is there"),
        "{log}"
    );
    assert!(
        log.contains("the recorder that the settings name is not there"),
        "{log}"
    );
    let (reply, _) = asks(&of("plugin.disable"));
    assert!(reply.contains("next_start"), "{reply}");
    site.set("");
    assert!(site.log(&[]).contains("is switched off by command"));
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

/// Who made the plugin may have renamed the option: the phone is there without it.
#[test]
fn a_file_with_an_option_that_its_manifest_does_not_allow_is_left_out_and_its_line_told() {
    let site = Site::new();
    let config = r#"CONFIG="{\"rate\":{\"type\":\"integer\",\"max\":9}}""#;
    site.compile("good", config);
    site.set("[plugins.options.codec-good]\nrate = 10\nraet = 1\n");
    let log = site.log(&[]);
    let file = site.path("site.toml");
    let at = |line: usize, rest: &str| {
        format!("{}:{line}:8: warning: {rest}", Path::new(&file).display())
    };
    let key = "plugins.options.codec-good";
    let rate = at(
        9,
        &format!("{key}.rate: 10 is not allowed; allowed: a whole number up to 9"),
    );
    let raet = at(
        10,
        &format!("{key}.raet: there is no such option; allowed: rate"),
    );
    assert!(log.contains(&rate) && log.contains(&raet), "{log}");
    assert!(log.contains("plugin refused"), "{log}");
    site.set("[plugins.options.codec-good]\nrate = 9\n");
    assert!(!site.log(&[]).contains("codec-good"));
}
