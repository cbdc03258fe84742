//! `cargo xtask test`: all stages that CI runs, one profile, one count at the end.

use crate::workspace::Workspace;
use crate::{
    command, coverage, hearing, install, layers, licences, new_host, plugins, tidy, workspace,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Passes and failures of everything that ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

/// The run so far.
#[derive(Debug, Default)]
struct Run {
    count: Count,
    /// Name, time taken, and whether it went well.
    stages: Vec<(&'static str, Duration, bool)>,
    /// What tests said they left out, and how often.
    skipped: BTreeMap<String, u64>,
    /// Tests of sound that failed beside others and were heard once more.
    heard_again: Vec<String>,
}

/// Runs all stages, prints minutes and, as the last line, `N passed, N failed`.
pub(crate) fn run() -> Result<(), String> {
    let began = Instant::now();
    let mut run = Run::default();
    all(&mut run);
    println!("\nminutes by stage");
    for (name, took, well) in &run.stages {
        let word = if *well { "ok" } else { "FAILED" };
        println!("  {:5.1}  {name:<22} {word}", took.as_secs_f64() / 60.0);
    }
    println!("  {:5.1}  in all", began.elapsed().as_secs_f64() / 60.0);
    if !run.skipped.is_empty() {
        println!("\nSKIPPED, because something is not there: these tests prove nothing");
    }
    for (what, times) in &run.skipped {
        println!("  {times} times  {what}");
    }
    for name in &run.heard_again {
        println!("  failed beside others, heard again alone: {name}");
    }
    println!("{} passed, {} failed", run.count.passed, run.count.failed);
    match run.count.failed {
        0 => Ok(()),
        _ => Err(String::new()),
    }
}

fn all(run: &mut Run) {
    if !run.step("install", || install::run(install::Need::All)) {
        return;
    }
    let mut space = Workspace::default();
    let asked = run.step("metadata", || {
        space = workspace::load()?;
        Ok(())
    });
    if !asked {
        return;
    }
    checks(run, &space);
    if build(run, &space) {
        run.nextest(
            "tests",
            "ci",
            &["-E", "not package(offhook-interop)"],
            &space,
        );
        run.doc_tests(&space);
        run.nextest("interop", "interop", &[], &space);
        let left_out = without_vectors(&run.skipped);
        run.step("vectors", || vectors(&left_out, &space.root));
    }
}

/// What was left out because a test vector is not there.
fn without_vectors(skipped: &BTreeMap<String, u64>) -> Vec<String> {
    let all = skipped.keys();
    all.filter(|what| what.starts_with("no vector"))
        .cloned()
        .collect()
}

/// In CI, and where the folder is there that vectors come in, none may be missing: a run without them would look
/// as good as one with them. Elsewhere they are left out, said loudly.
fn vectors(left_out: &[String], root: &Path) -> Result<(), String> {
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    let shared = root.join("../shared");
    let named = std::env::var_os("OFFHOOK_VECTORS").is_some();
    missing(left_out, is_ci && (named || shared.is_dir()))
}

fn missing(left_out: &[String], have_to_be_there: bool) -> Result<(), String> {
    match left_out {
        [first, ..] if have_to_be_there => Err(format!(
            "{} kinds of vectors are missing, the first: {first}",
            left_out.len()
        )),
        _ => Ok(()),
    }
}

/// What is found by reading: cheap checks first.
fn checks(run: &mut Run, space: &Workspace) {
    run.step("format", || cargo(space, "fmt --all --check"));
    run.step("layers", || crate::report("layers", layers::check(space)));
    run.step("tidy", || crate::report("tidy", tidy::check(space)));
    let mut skipped = None;
    run.step("coverage", || {
        if let coverage::Seen::Skipped(what) = coverage::run(space, true)? {
            skipped = Some(what);
        }
        Ok(())
    });
    run.skipped.extend(skipped.map(|what| (what, 1)));
    run.step("licences", || {
        crate::report("licences", licences::check(space)?)
    });
    run.step("clippy", || {
        cargo(
            space,
            "clippy --workspace --all-targets --profile ci -- -D warnings",
        )
    });
}

/// Hosts and tests in one call, so that every dependency is built once; then the library files.
fn build(run: &mut Run, space: &Workspace) -> bool {
    run.step("build", || {
        cargo(space, "build --workspace --lib --bins --tests --profile ci")
    }) && run.step("plugins", || {
        let files = plugins::libraries(space)?;
        plugins::check_symbols(space, &files)
    }) && run.step("new host", || new_host::prove(&space.root))
}

fn cargo(space: &Workspace, words: &str) -> Result<(), String> {
    command::succeed(command::cargo(&space.root).args(words.split(' ')))
}

impl Run {
    /// Runs one stage that passes or fails as a whole.
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<(), String>) -> bool {
        println!("\n== {name}");
        let began = Instant::now();
        let outcome = work();
        if let Err(text) = &outcome {
            println!("{name}: {text}");
        }
        let well = outcome.is_ok();
        let count = if well {
            Count {
                passed: 1,
                failed: 0,
            }
        } else {
            Count {
                passed: 0,
                failed: 1,
            }
        };
        self.add(name, began, count);
        well
    }

    fn add(&mut self, name: &'static str, began: Instant, count: Count) {
        self.count.passed += count.passed;
        self.count.failed += count.failed;
        self.stages.push((name, began.elapsed(), count.failed == 0));
    }

    /// Runs a nextest profile and counts what its report says; sound that failed is heard once more, alone.
    fn nextest(&mut self, name: &'static str, profile: &str, words: &[&str], space: &Workspace) {
        println!("\n== {name}");
        let began = Instant::now();
        let (mut count, report) = heard(name, profile, words, space);
        let again = hearing::due(&report);
        if !again.is_empty() {
            println!("\nHEARD AGAIN, alone: {}", again.join(", "));
            let filter = hearing::filter(&again);
            let (second, _) = heard(name, profile, &["--test-threads=1", "-E", &filter], space);
            // Whatever of them did not run again has failed.
            let well = second.passed.min(again.len() as u64);
            count.passed += well;
            count.failed -= well;
            self.heard_again.extend(again);
        }
        for what in skips(&report) {
            *self.skipped.entry(what.to_owned()).or_default() += 1;
        }
        self.add(name, began, count);
    }

    /// Runs the examples in doc comments and counts them.
    fn doc_tests(&mut self, space: &Workspace) {
        println!("\n== examples in docs");
        let began = Instant::now();
        let mut cargo = command::cargo(&space.root);
        cargo.args([
            "test",
            "--workspace",
            "--doc",
            "--profile",
            "ci",
            "--no-fail-fast",
        ]);
        println!("$ {}", command::line(&cargo));
        let (text, well) = match cargo.output() {
            Ok(done) => {
                let both = [done.stdout, done.stderr].concat();
                (
                    String::from_utf8_lossy(&both).into_owned(),
                    done.status.success(),
                )
            }
            Err(error) => (error.to_string(), false),
        };
        let mut count = doc_results(&text);
        if !well {
            println!("{text}");
            count.failed = count.failed.max(1);
        }
        self.add("examples in docs", began, count);
    }
}

/// One run of a nextest profile: its count and its report. A run that fails without a failed test counts as one.
fn heard(name: &str, profile: &str, words: &[&str], space: &Workspace) -> (Count, String) {
    let report = report_file(space, profile);
    let _ = std::fs::remove_file(&report);
    let mut cargo = command::cargo(&space.root);
    let fixed = "nextest run --workspace --cargo-profile ci --no-tests pass --profile";
    cargo.args(fixed.split(' ')).arg(profile).args(words);
    surroundings(&mut cargo, space);
    let outcome = command::succeed(&mut cargo);
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    let mut count = junit(&text).unwrap_or_default();
    if let Err(why) = outcome
        && count.failed == 0
    {
        println!("{name}: {why}");
        count.failed = 1;
    }
    (count, text)
}

/// What tests are told: where the hosts, the plugin files and the Python scorer lie.
fn surroundings(cargo: &mut Command, space: &Workspace) {
    cargo.env("OFFHOOK_BIN_DIR", space.target.join("ci"));
    cargo.env("OFFHOOK_PLUGIN_DIR", plugins::folder(space));
    cargo.env("OFFHOOK_TARGET_DIR", &space.target);
}

/// Where nextest writes the report of a profile (`[store]` in `.config/nextest.toml`, below the root).
fn report_file(space: &Workspace, profile: &str) -> PathBuf {
    space
        .root
        .join(Path::new("target/nextest"))
        .join(profile)
        .join("junit.xml")
}

/// Reads the counts from the first element of a JUnit report.
fn junit(text: &str) -> Option<Count> {
    let head = text.split("<testsuites ").nth(1)?.split('>').next()?;
    let number = |name: &str| -> Option<u64> {
        let after = head.split(&format!("{name}=\"")).nth(1)?;
        after.split('"').next()?.parse().ok()
    };
    let failed = number("failures")? + number("errors")?;
    Some(Count {
        passed: number("tests")?.checked_sub(failed)?,
        failed,
    })
}

/// What tests that passed say in a report of having left out.
fn skips(report: &str) -> impl Iterator<Item = &str> {
    let said = |line| str::split_once(line, "SKIPPED: ");
    report.lines().filter_map(said).map(|(_, what)| what)
}

/// Adds up lines such as `test result: ok. 2 passed; 0 failed; …`.
fn doc_results(text: &str) -> Count {
    let mut count = Count::default();
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix("test result: "))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        let before = |word: &str| -> u64 {
            let at = words.iter().position(|w| w.trim_end_matches(';') == word);
            at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok())
                .unwrap_or_default()
        };
        count.passed += before("passed");
        count.failed += before("failed");
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_counted() {
        let text = "<?xml version=\"1.0\"?>\n<testsuites name=\"x\" tests=\"12\" failures=\"2\" errors=\"1\" uuid=\"u\">\n<testsuite tests=\"3\">";
        assert_eq!(
            junit(text),
            Some(Count {
                passed: 9,
                failed: 3
            })
        );
        assert_eq!(junit(""), None);
    }

    #[test]
    fn what_tests_left_out_is_found_in_the_report() {
        let text = "<system-err>SKIPPED: no vector a.dat; set X\nok</system-err>\n<system-err>\nSKIPPED: b\n";
        let found: Vec<&str> = skips(text).collect();
        assert_eq!(found, ["no vector a.dat; set X", "b"]);
    }

    #[test]
    fn vectors_that_have_to_be_there_fail_the_run() {
        let skipped = [
            "no vectors at x; set OFFHOOK_VECTORS",
            "no ALSA null device: y",
        ];
        let skipped = skipped.map(|what| (what.to_owned(), 3)).into();
        let left_out = without_vectors(&skipped);
        assert_eq!(left_out, ["no vectors at x; set OFFHOOK_VECTORS"]);
        assert!(missing(&left_out, false).is_ok());
        let why = missing(&left_out, true).expect_err("there is one");
        assert!(why.contains("no vectors at x"), "{why}");
        assert!(missing(&[], true).is_ok());
    }

    #[test]
    fn examples_are_added_up() {
        let text = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\ntest result: FAILED. 1 passed; 3 failed; 0 ignored; finished\n";
        assert_eq!(
            doc_results(text),
            Count {
                passed: 3,
                failed: 3
            }
        );
    }

    #[test]
    fn a_failed_step_counts_and_the_run_goes_on() {
        let mut run = Run::default();
        assert!(run.step("a", || Ok(())));
        assert!(!run.step("b", || Err("no".into())));
        assert_eq!(
            run.count,
            Count {
                passed: 1,
                failed: 1
            }
        );
        assert_eq!(run.stages.len(), 2);
    }
}
