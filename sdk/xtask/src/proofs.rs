//! Proofs that take longer than CI waits: each is a program of `tests/`, built in CI's profile.

use crate::{command, workspace};

/// Builds the hosts that are soaked, and runs the soak with what the person typed.
pub(crate) fn soak(args: &[String]) -> Result<(), String> {
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
