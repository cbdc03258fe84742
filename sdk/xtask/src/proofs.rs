//! Proofs that take longer than CI waits: each is a program of `tests/`, built in CI's profile.

use crate::{command, workspace};

/// Runs of each fault of each kind, unless the person says another number.
const FAULT_RUNS: u32 = 20;

/// Moments at which the engine is killed, unless the person says another number.
const KILLS: u32 = 200;

/// The number behind `flag`, or `usual` where nothing was typed.
fn number(of: &str, flag: &str, usual: u32, args: &[String]) -> Result<String, String> {
    match args {
        [] => Ok(usual.to_string()),
        [typed, number] if typed == flag => {
            let read: Result<u32, _> = number.parse();
            read.map(|number| number.to_string())
                .map_err(|_| format!("{flag}: {number:?} is no number; write {flag} {usual}"))
        }
        _ => Err(format!("usage: cargo xtask soak {of} [{flag} N]")),
    }
}

/// One test alone, in CI's profile, as often as `variable` says.
fn test(package: &str, test: &[&str], variable: (&str, String)) -> Result<(), String> {
    let mut cargo = command::cargo(&workspace::load()?.root);
    cargo.args(["test", "--quiet", "--profile", "ci"]);
    cargo.args(["--package", package, "--test"]).args(test);
    cargo.args(["--", "--nocapture", "--test-threads", "1"]);
    cargo.env(variable.0, variable.1);
    command::succeed(&mut cargo)
}

/// Every fault of every kind of isolated plugin, as often as it takes to say something of the rare ones.
fn faults(args: &[String]) -> Result<(), String> {
    let runs = number("faults", "--runs", FAULT_RUNS, args)?;
    test(
        "offhook-isolation",
        &["matrix"],
        ("OFFHOOK_FAULT_RUNS", runs),
    )
}

/// An engine that keeps a history is killed at random moments of its calls.
fn kills(args: &[String]) -> Result<(), String> {
    let times = number("kills", "--times", KILLS, args)?;
    let which = ["phone", "an_engine_that_is_killed_at_any_moment"];
    test("offhookd", &which, ("OFFHOOK_KILLS", times))
}

/// Builds the hosts that are soaked, and runs the soak with what the person typed.
pub(crate) fn soak(args: &[String]) -> Result<(), String> {
    match args.split_first() {
        Some((first, rest)) if first == "faults" => return faults(rest),
        Some((first, rest)) if first == "kills" => return kills(rest),
        Some(_) | None => {}
    }
    let space = workspace::load()?;
    let mut cargo = command::cargo(&space.root);
    cargo.args(["build", "--quiet", "--profile", "ci"]);
    cargo.args(["--package", "offhookd", "--package", "offhook-pbx"]);
    command::succeed(&mut cargo)?;
    run("offhook-soak", args)
}

/// Builds and runs the binary of `package` with what the person typed.
pub(crate) fn run(package: &str, args: &[String]) -> Result<(), String> {
    let space = workspace::load()?;
    let mut cargo = command::cargo(&space.root);
    cargo.args(["run", "--quiet", "--profile", "ci", "--package", package]);
    cargo.arg("--").args(args);
    command::succeed(&mut cargo)
}
