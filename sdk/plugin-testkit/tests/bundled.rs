//! Bundled plugins, as library files, pass.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use offhook_plugin_testkit::{check, child};
use std::path::{Path, PathBuf};
use std::process::Command;

/// With this in its environment the test program is a child of itself: file, code, seed.
const ORDER: &str = "OFFHOOK_TEST_CHECK";

/// No test by itself: what the children run.
#[test]
fn a_child_of_the_test() {
    let Ok(order) = std::env::var(ORDER) else {
        return;
    };
    let parts: Vec<&str> = order.split('\n').collect();
    child(Path::new(parts[0]), parts[1], parts[2].parse().unwrap());
}

/// From OFFHOOK_PLUGIN_DIR where that is set, else built by a cargo call of its own.
fn library(package: &str) -> PathBuf {
    let name = format!("lib{}.so", package.replace('-', "_"));
    if let Some(folder) = std::env::var_os("OFFHOOK_PLUGIN_DIR") {
        return Path::new(&folder).join(name);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args([
        "rustc",
        "--quiet",
        "--offline",
        "--release",
        "--lib",
        "--package",
        package,
    ]);
    cargo.args([
        "--crate-type",
        "cdylib",
        "--features",
        "library",
        "--target-dir",
    ]);
    assert!(cargo.arg(&target).status().unwrap().success(), "{package}");
    target.join("release").join(name)
}

fn passes(package: &str) {
    let file = library(package);
    let report = check(&file, 1, &[], |code| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_child_of_the_test", "--nocapture"]);
        command.env(ORDER, format!("{}\n{code}\n1", file.display()));
        command
    });
    let failed: Vec<_> = report
        .failures()
        .map(|(check, why)| (check.code, why))
        .collect();
    assert_eq!(failed, [], "{package}");
    assert!(report.counts().1 >= 20, "{package}: {:?}", report.counts());
}

macro_rules! bundled {
    ($($name:ident $package:literal;)*) => {
        $(#[test]
        fn $name() {
            passes($package);
        })*
    };
}

bundled! {
    audio_file_passes "offhook-audio-file";
    audio_null_passes "offhook-audio-null";
    audio_tone_passes "offhook-audio-tone";
    codec_g711_passes "offhook-codec-g711";
    codec_g722_passes "offhook-codec-g722";
    codec_gsm_passes "offhook-codec-gsm";
    codec_ilbc_passes "offhook-codec-ilbc";
    codec_l16_passes "offhook-codec-l16";
    codec_opus_passes "offhook-codec-opus";
    dtmf_inband_passes "offhook-dtmf-inband";
    dtmf_info_passes "offhook-dtmf-info";
    dtmf_rfc4733_passes "offhook-dtmf-rfc4733";
    filter_gain_passes "offhook-filter-gain";
    recorder_wav_passes "offhook-recorder-wav";
    recorder_ogg_opus_passes "offhook-recorder-ogg-opus";
}
