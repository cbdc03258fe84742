//! `plugin bisect`: finds the plugin that is to blame, and leaves everything as it was.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../../../core/plugin-host/tests/common/mod.rs"]
mod common;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A person's home: plugins, settings, and what is remembered of plugins.
struct Home(tempfile::TempDir);

impl Home {
    /// With these plugins in C, which are well.
    fn with(ids: &[&str], settings: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(home.path("plugins")).unwrap();
        std::fs::create_dir_all(home.path("state/headless")).unwrap();
        for id in ids {
            common::compile_c(&home.path("plugins"), id, &[format!("ID=\"{id}\"")]);
        }
        std::fs::write(home.path("site.toml"), settings).unwrap();
        let remembered = r#"{"off":{"codec-off":"command"},"unclean":{"codec-b":1},"looks":{}}"#;
        std::fs::write(home.path("state/headless/plugins.json"), remembered).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn bisect(&self, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_offhook"))
            .args(["plugin", "bisect", "--json", "--settings"])
            .arg(self.path("site.toml"))
            .arg("--plugins")
            .arg(self.path("plugins"))
            .args(more)
            .env("OFFHOOK_STATE_DIR", self.path("state"))
            .env("HOME", self.0.path())
            .env("TMPDIR", self.0.path())
            .env_remove("XDG_STATE_HOME")
            .env_remove("OFFHOOK_SOCKET")
            .output()
            .unwrap()
    }

    /// Every file with its bytes, but for the sounds of the demo that serves as an engine here.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let sounds = self.path(".local");
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    _ if path == sounds => {}
                    true => folders.push(path),
                    false => drop(files.insert(path.clone(), std::fs::read(path).unwrap())),
                }
            }
        }
        files
    }
}

fn told(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim())
        .unwrap_or_else(|why| panic!("{why}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// A codec that ends the process it runs in, among others that are well: calls to the demo's echo find it.
#[test]
fn audio_timing_the_demos_call_finds_the_codec_that_crashes() {
    let settings = "[media]\ncodecs = [\"X-FAULTY\"]\n[codec.x-faulty]\nfail = 3\n\
                    [plugins]\ndefault_trust = \"in-process\"\n";
    let home = Home::with(&["codec-a", "codec-b"], settings);
    // By name it comes last.
    let faulty = home.path("plugins/faulty.so");
    std::fs::copy(common::faulty("codec"), faulty).unwrap();
    let before = home.files();
    let output = home.bisect(&[]);
    let said = told(&output);
    assert_eq!(output.status.code(), Some(9), "{said:#}");
    assert_eq!(said["culprits"], json!(["mock-faulty-codec"]), "{said:#}");
    assert_eq!(
        said["plugins"],
        json!(["codec-a", "codec-b", "mock-faulty-codec"])
    );
    let runs = said["runs"].as_array().unwrap();
    let crashed = |run: &&Value| {
        let why = run["why"].as_str().unwrap_or_default();
        why.starts_with("ended by signal 11")
    };
    let failed = runs.iter().filter(|run| run["ok"] == false);
    assert_eq!(
        failed.clone().filter(crashed).count(),
        failed.count(),
        "{said:#}"
    );
    // All, none, the first half, it alone; without it is known: it went well with none and with the first half.
    assert_eq!(runs.len(), 4, "{said:#}");
    assert_eq!(home.files(), before, "everything is as it was");
}

/// An engine that is `offhook demo`, and leaves what it was told beside its socket.
fn engine(home: &Home) -> PathBuf {
    let script = format!(
        "#!/bin/sh\nargs=\"$*\"\nwhile [ \"$1\" != --socket ]; do shift; done\n\
         echo \"$args\" > \"$(dirname \"$2\")/told\"\nls \"$OFFHOOK_STATE_DIR\" > \"$(dirname \"$2\")/state-of\"\n\
         echo bad > \"$OFFHOOK_STATE_DIR/headless/plugins.json\"\nexec {} demo --socket \"$2\"\n",
        env!("CARGO_BIN_EXE_offhook")
    );
    let path = home.path("engine.sh");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    path
}

fn blame(home: &Home, script: &str) -> (Option<i32>, Value) {
    let engine = engine(home);
    let engine = engine.to_str().unwrap();
    let status = format!(
        "{} status >/dev/null && {script}",
        env!("CARGO_BIN_EXE_offhook")
    );
    let before = home.files();
    let output = home.bisect(&["--engine", engine, "--", "sh", "-c", &status]);
    assert_eq!(home.files(), before, "everything is as it was");
    (output.status.code(), told(&output))
}

const IDS: [&str; 7] = [
    "codec-a",
    "codec-b",
    "codec-c",
    "codec-d",
    "codec-e",
    "codec-f",
    "codec-off",
];

/// A command is tried with an engine of its own each time; it is the person's, with some plugins left out.
#[test]
fn a_command_that_fails_finds_one_or_a_pair_or_nobody() {
    let home = Home::with(&IDS, "");
    let told_of = "told=\"$(dirname \"$OFFHOOK_SOCKET\")/told\"; off() { grep -q -- \"--without-plugin $1\" \"$told\"; }";
    let (exit, said) = blame(&home, &format!("{told_of}; off codec-d"));
    assert_eq!(
        (exit, &said["culprits"]),
        (Some(9), &json!(["codec-d"])),
        "{said:#}"
    );
    assert_eq!(
        said["plugins"],
        json!(&IDS[..6]),
        "one that is switched off is not tried"
    );
    assert!(said["runs"].as_array().unwrap().len() <= 7, "{said:#}");
    let (exit, said) = blame(&home, &format!("{told_of}; off codec-b || off codec-e"));
    assert_eq!(
        (exit, &said["culprits"]),
        (Some(9), &json!(["codec-b", "codec-e"])),
        "{said:#}"
    );
    assert_eq!(
        said["verdict"],
        "none alone: codec-b and codec-e make it fail together"
    );
    let (exit, said) = blame(&home, "false");
    assert_eq!((exit, &said["culprits"]), (Some(1), &json!([])), "{said:#}");
    assert_eq!(said["runs"][1]["why"], "exit 1; ");
    let (exit, said) = blame(&home, "true");
    assert_eq!(
        (exit, said["runs"].as_array().unwrap().len()),
        (Some(0), 1),
        "{said:#}"
    );
}

#[test]
fn what_cannot_be_tried_is_refused_with_a_fix() {
    let home = Home::with(&[], "");
    let output = home.bisect(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output)["error"]["fix"]
            .as_str()
            .unwrap()
            .contains("--plugins")
    );
    let home = Home::with(&["codec-a"], "");
    let output = home.bisect(&["--engine", "/no/such/engine", "--", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output)["error"]["fix"]
            .as_str()
            .unwrap()
            .contains("--engine")
    );
}
