//! `plugin list`, `why`, `top`, `enable`, `disable`, and `inspect`, which asks no engine.

use crate::fake::{Step, run, run_alone};
use control::snapshot::{PluginCost, PluginSnapshot, PluginState, PluginTries, SeatCost};
use control::{Code, ErrorObject, Reply};
use expect_test::expect;
use std::path::Path;
use std::process::Command;

fn used() -> PluginSnapshot {
    PluginSnapshot {
        id: "codec-x".into(),
        kind: "codec".into(),
        version: "2.1".into(),
        abi: Some("1.0".into()),
        state: PluginState::Loaded,
        trust: "isolated".into(),
        path: Some("/opt/offhook/libx.so".into()),
        sha256: Some("ab".repeat(32)),
        unguarded: vec!["files by permission only: this kernel has no Landlock".into()],
        builds: Some(control::plugin::PluginBuilds {
            generation: 3,
            old: 2,
            old_in_use: 1,
            old_mapped_bytes: 40_960,
        }),
        error: None,
    }
}

fn refused() -> PluginSnapshot {
    let why = ErrorObject::new(Code::PLUGIN_REFUSED, "codec-x: a file already has this id");
    PluginSnapshot {
        state: PluginState::Refused,
        version: String::new(),
        abi: None,
        trust: String::new(),
        path: Some("/home/a/libx.so".into()),
        sha256: None,
        unguarded: Vec::new(),
        builds: None,
        error: Some(why.fix("keep one of the two")),
        ..used()
    }
}

fn costs() -> PluginCost {
    PluginCost {
        id: "codec-x".into(),
        kind: "codec".into(),
        open: 2,
        calls: 5_000,
        failures: 1,
        misses: 3,
        shut: 1,
        faults: 2,
        p50_ns: 1_279,
        p99_ns: 40_959,
        longest_ns: 3_100_000,
        metrics: [("frames_total".to_owned(), 7)].into(),
        seats: vec![
            SeatCost {
                call: Some("c7k2".parse().unwrap()),
                slot: None,
                calls: 40,
                failures: 0,
                misses: 1,
                p50_ns: 1_023,
                p99_ns: 20_479,
                longest_ns: 20_000,
            },
            SeatCost {
                slot: Some("microphone 1".into()),
                ..SeatCost::default()
            },
        ],
    }
}

#[test]
fn plugins_are_a_table_with_those_that_were_refused() {
    let plugins = vec![used(), refused()];
    let costs = vec![costs()];
    let script = vec![
        Step::On("plugin.list", Reply::Plugins { plugins }),
        Step::On("plugin.top", Reply::PluginCosts { costs }),
    ];
    expect![[r#"
        id       kind   version  abi  state    trust              p99 µs  crashes  generation
        codec-x  codec  2.1      1.0  in use   isolated (1 open)  40.9    3        3 (2 old: 40 KiB)
        codec-x  codec                refused
        --- exit 0
    "#]]
    .assert_eq(&run(&["plugin", "list"], script).told());
}

#[test]
fn why_names_every_place_and_candidate() {
    let tries = PluginTries {
        id: "codec-x".into(),
        searched: vec!["/opt/offhook".into(), "/home/a".into()],
        candidates: vec![used(), refused()],
    };
    let script = vec![Step::On("plugin.why", Reply::PluginTries { tries })];
    let ran = run(&["plugin", "why", "codec-x"], script);
    assert!(
        ran.asked[0].contains(r#""plugin":"codec-x""#),
        "{:?}",
        ran.asked
    );
    expect![[r#"
        codec-x
          searched  /opt/offhook
          searched  /home/a
          in use    /opt/offhook/libx.so
          sha256    abababababababababababababababababababababababababababababababab
          open      files by permission only: this kernel has no Landlock
          refused   /home/a/libx.so
          why       codec-x: a file already has this id
          fix       keep one of the two
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
}

#[test]
fn top_shows_what_each_costs() {
    let costs = vec![costs()];
    let script = vec![Step::On("plugin.top", Reply::PluginCosts { costs })];
    expect![[r#"
        id              open  calls  p50 µs  p99 µs  max µs  late  failed  shut  faults
        codec-x         2     5000   1.2     40.9    3100.0  3     1       1     2
          c7k2                40     1.0     20.4    20.0    1     0
          microphone 1        0      0.0     0.0     0.0     0     0
        codec-x frames_total 7
        --- exit 0
    "#]]
    .assert_eq(&run(&["plugin", "top"], script).told());
}

#[test]
fn a_switch_says_when_it_counts() {
    for verb in ["enable", "disable"] {
        let word = if verb == "enable" {
            "plugin.enable"
        } else {
            "plugin.disable"
        };
        let script = vec![Step::On(word, Reply::NextStart)];
        let ran = run(&["plugin", verb, "codec-x"], script);
        assert_eq!(ran.out, "from the engine's next start on\n", "{verb}");
        assert_eq!(ran.exit, Some(0));
    }
}

/// Nothing of the file runs: it would end the process.
#[test]
fn inspect_reads_a_file_and_runs_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = folder.path().join("x.so");
    let built = Command::new("cc")
        .args(["-std=c99", "-shared", "-fPIC", "-DON_LOAD=abort()", "-I"])
        .arg(root.join("sdk/include"))
        .arg(r#"-DCONFIG="{\"gain\":{\"type\":\"integer\",\"default\":3,\"max\":9,\"help\":\"dB\"}}""#)
        .arg("-o")
        .arg(&file)
        .arg(root.join("core/plugin-host/tests/common/plugin.c"))
        .status();
    assert!(built.unwrap().success());
    let ran = run_alone(&["plugin", "inspect", file.to_str().unwrap()]);
    assert_eq!(ran.exit, Some(0), "{}", ran.told());
    for part in [
        "id        codec-copy\n",
        "abi       1.0\n",
        "glibc     2.",
        "option    gain: allowed: a whole number up to 9; default: 3; dB\n",
        " abort ",
    ] {
        assert!(ran.out.contains(part), "{part:?} in {}", ran.out);
    }
    let json = run_alone(&["plugin", "inspect", file.to_str().unwrap(), "--json"]);
    assert!(json.out.contains(r#""id":"codec-copy""#), "{}", json.out);
    std::fs::write(&file, "hello").unwrap();
    let ran = run_alone(&["plugin", "inspect", file.to_str().unwrap()]);
    assert_eq!(ran.exit, Some(9), "{}", ran.told());
    assert!(ran.err.contains("no ELF file"), "{}", ran.err);
}
