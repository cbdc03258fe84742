//! What `offhook plugin new` writes, built without a network, carries a call: in Rust and in C, of every kind that calls
//! use.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use plugin_template::{Language, library, project};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A new project, and its library.
fn built(folder: &Path, kind: &str, language: Language) -> PathBuf {
    let name = format!("my-{kind}");
    for file in project(&name, kind, language).unwrap() {
        let path = folder.join(file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.text).unwrap();
    }
    let (program, arguments) = match language {
        Language::Rust => ("cargo", &["build", "--quiet", "--release", "--offline"][..]),
        Language::C => ("make", &["--silent"][..]),
    };
    let mut build = Command::new(program);
    build.args(arguments).env_remove("CARGO_TARGET_DIR");
    let built = build.current_dir(folder).status().unwrap();
    assert!(built.success(), "{kind} in {language:?}");
    folder.join(library(&name, language))
}

/// A call to the echo with it, in which `steps` hold; the microphone hears a tone of `dbov`.
fn carries_a_call(kind: &str, language: Language, dbov: i32, options: &str, steps: &str) {
    let scenario = format!(
        "name = \"new\"\n[options.audio-tone]\ntone = {{ hertz = [440], level_dbov = {dbov} }}\nrepeat = true\n{options}\n\
         [[case]]\nname = \"a call\"\nsteps = [{{ dial = \"600\" }}, {{ wait = {{ event = \"call.answered\" }} }}, \
         {{ record = true }}, {steps}, {{ hang_up = true }}, {{ wait = {{ event = \"recording.stopped\" }} }}, \
         {{ event = {{ name = \"call.warning\", at_most = 0 }} }}, \
         {{ event = {{ name = \"recording.failed\", at_most = 0 }} }}]\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let library = built(folder.path(), kind, language);
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, &scenario).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_offhook-qa"))
        .arg("run")
        .arg(&file)
        .args(["--swap", &format!("{kind}={}", library.display())])
        .output()
        .unwrap();
    let told = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
    assert_eq!(ran.status.code(), Some(0), "{kind}, {language:?}: {told}");
}

/// The one in Rust is a gate that a tone as soft as this does not open; the one in C makes it softer.
#[test]
fn a_new_filter_carries_a_call() {
    let silent = "{ level = { below_dbov = -90 } }";
    carries_a_call("filter", Language::Rust, -55, "", silent);
    let soft = "{ level = { above_dbov = -45, below_dbov = -35 } }";
    let options = "[options.my-filter]\npercent = 10";
    carries_a_call("filter", Language::C, -19, options, soft);
}

/// Nobody else speaks it: the far end has it too.
#[test]
fn a_new_codec_carries_a_call() {
    for language in [Language::Rust, Language::C] {
        let heard = "{ tone = { hertz = 440, share = 0.5 } }";
        carries_a_call("codec", language, -19, "", heard);
    }
}

#[test]
fn a_new_device_carries_a_call() {
    for language in [Language::Rust, Language::C] {
        // A device is asked for 16,000 samples a second, at which it hums an octave higher than at 8,000.
        let hum = "{ tone = { hertz = 200, share = 0.5 } }";
        carries_a_call("audio", language, -19, "", hum);
    }
}

#[test]
fn a_new_dtmf_method_carries_a_call() {
    for language in [Language::Rust, Language::C] {
        let pressed = "{ digits = \"5\" }, \
            { wait = { event = \"call.dtmf\", where = { digit = \"5\", direction = \"local\" } } }";
        carries_a_call("dtmf", language, -19, "", pressed);
    }
}

#[test]
fn a_new_recorder_carries_a_call() {
    for language in [Language::Rust, Language::C] {
        let kept = tempfile::tempdir().unwrap();
        let folder = format!("[settings]\n\"recording.folder\" = {:?}", kept.path());
        carries_a_call("recorder", language, -19, &folder, "{ pause = 600 }");
        let files: Vec<_> = std::fs::read_dir(kept.path()).unwrap().flatten().collect();
        assert_eq!(files.len(), 1, "{language:?}: {files:?}");
        let bytes = std::fs::read(files[0].path()).unwrap();
        let samples = bytes
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]));
        let loud = samples
            .filter(|sample| sample.unsigned_abs() > 1_000)
            .count();
        // Half a second of two channels, of a tone that comes back.
        assert!(
            loud > 2_000,
            "{language:?}: {loud} of {} bytes",
            bytes.len()
        );
    }
}
