//! Proofs that take longer than CI waits: each is a program of `tests/`, built in CI's profile.

use crate::{command, workspace};

/// Runs of each fault of each kind, unless the person says another number.
const FAULT_RUNS: u32 = 20;

/// Every fault of every kind of isolated plugin, as often as it takes to say something of the rare ones.
fn faults(args: &[String]) -> Result<(), String> {
    let runs = match args {
        [] => FAULT_RUNS,
        [flag, runs] if flag == "--runs" => runs
            .parse()
            .map_err(|_| format!("--runs: {runs:?} is no number; write --runs {FAULT_RUNS}"))?,
        _ => return Err("usage: cargo xtask soak faults [--runs N]".to_owned()),
    };
    let mut cargo = command::cargo(&workspace::load()?.root);
    cargo.args(["test", "--quiet", "--profile", "ci"]);
    cargo.args(["--package", "offhook-isolation", "--test", "matrix"]);
    cargo.args(["--", "--nocapture", "--test-threads", "1"]);
    cargo.env("OFFHOOK_FAULT_RUNS", runs.to_string());
    command::succeed(&mut cargo)
}

/// Builds the hosts that are soaked, and runs the soak with what the person typed.
pub(crate) fn soak(args: &[String]) -> Result<(), String> {
    if let Some((first, rest)) = args.split_first()
        && first == "faults"
    {
        return faults(rest);
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
