//! `plugin check` as an author types it: files built here, children of the program itself.

use crate::fake::run_alone;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles an example of `sdk/examples/c` as its author would.
fn example(folder: &Path, name: &str) -> PathBuf {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
    let file = folder.join(format!("{name}.so"));
    let status = Command::new("cc")
        .args(["-std=c99", "-O2", "-fPIC", "-shared", "-I"])
        .arg(sdk.join("include"))
        .arg("-o")
        .arg(&file)
        .arg(sdk.join(format!("examples/c/{name}.c")))
        .status()
        .unwrap();
    assert!(status.success(), "{name}");
    file
}

/// A bundled plugin's file: from OFFHOOK_PLUGIN_DIR where that is set, else built by a cargo call of its own.
fn bundled(package: &str) -> PathBuf {
    let name = format!("lib{}.so", package.replace('-', "_"));
    if let Some(folder) = std::env::var_os("OFFHOOK_PLUGIN_DIR") {
        return Path::new(&folder).join(name);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let status = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rustc", "--quiet", "--offline", "--release", "--lib"])
        .args(["--package", package, "--crate-type", "cdylib"])
        .args(["--features", "library", "--target-dir"])
        .arg(&target)
        .status()
        .unwrap();
    assert!(status.success(), "{package}");
    target.join("release").join(name)
}

#[test]
fn the_examples_in_c_pass() {
    let folder = tempfile::tempdir().unwrap();
    for (name, id) in [
        ("codec", "codec-l8-c"),
        ("dtmf", "dtmf-door-c"),
        ("filter", "filter-level-c"),
        ("recorder", "recorder-raw-c"),
    ] {
        let file = example(folder.path(), name);
        let ran = run_alone(&["plugin", "check", file.to_str().unwrap()]);
        assert_eq!(ran.exit, Some(0), "{}", ran.told());
        assert!(ran.out.contains(id), "{}", ran.told());
        let (ok, asked) = ran.out.split(' ').next().unwrap().split_once('/').unwrap();
        assert!(
            ok == asked && asked.parse::<u32>().unwrap() >= 20,
            "{}",
            ran.told()
        );
    }
}

#[test]
fn a_bundled_plugin_passes_and_the_report_is_json_and_junit() {
    let folder = tempfile::tempdir().unwrap();
    let (file, xml) = (
        bundled("offhook-codec-g711"),
        folder.path().join("check.xml"),
    );
    let (file, path) = (file.to_str().unwrap(), xml.to_str().unwrap());
    let ran = run_alone(&["plugin", "check", file, "--json", "--junit", path]);
    assert_eq!(ran.exit, Some(0), "{}", ran.told());
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(object["passed"], true, "{object}");
    assert_eq!(object["report"]["plugin"], "codec-g711", "{object}");
    let asked = object["counts"]["asked"].as_u64().unwrap();
    let skipped = object["counts"]["skipped"].as_u64().unwrap();
    assert!(asked >= 40, "{object}");
    let junit = std::fs::read_to_string(xml).unwrap();
    assert_eq!(
        junit.matches("<testcase").count() as u64,
        asked + skipped,
        "{junit}"
    );
    assert!(junit.contains("failures=\"0\""), "{junit}");
}

#[test]
fn a_fault_is_told_with_its_fix_and_exit_9() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.so");
    std::fs::write(&file, "no library").unwrap();
    let ran = run_alone(&["plugin", "check", file.to_str().unwrap()]);
    assert_eq!(ran.exit, Some(9), "{}", ran.told());
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines[0].starts_with("fail M-01 ") && lines[0].contains("not a plugin library"),
        "{}",
        ran.told()
    );
    assert!(
        lines[1].starts_with("  want ") && lines[2].starts_with("  fix "),
        "{}",
        ran.told()
    );
}

#[test]
fn one_check_alone_is_asked_with_what_decides_about_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = example(folder.path(), "codec");
    let ran = run_alone(&[
        "plugin",
        "check",
        file.to_str().unwrap(),
        "--only",
        "C-03",
        "--json",
    ]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let codes: Vec<&str> = object["report"]["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| outcome["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["M-01", "S-01", "C-03"], "{object}");
    let ran = run_alone(&["plugin", "check", file.to_str().unwrap(), "--only", "C-99"]);
    assert_eq!(ran.exit, Some(2), "{}", ran.told());
    assert!(ran.err.contains("there is no check C-99"), "{}", ran.told());
    let ran = run_alone(&["plugin", "check", "/nowhere.so"]);
    assert_eq!(ran.exit, Some(2), "{}", ran.told());
}
