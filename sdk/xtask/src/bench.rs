//! `cargo xtask bench`: criterion's figures, then those of the running daemon, in one table.

use crate::{command, workspace};
use std::process::Command;

/// Measures all, or only what is named: `criterion`, `start`, `media`, `gap`, `calls`, `memory`.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    let space = workspace::load()?;
    if names.is_empty() || names.iter().any(|name| name == "criterion") {
        let mut cargo = command::cargo(&space.root);
        cargo.args(["bench", "--package", "offhook-benches", "--benches"]);
        command::succeed(&mut cargo)?;
    }
    let mut build = command::cargo(&space.root);
    build.args(["build", "--profile", "bench", "--package", "offhookd"]);
    build.args(["--package", "offhook-benches", "--bin", "offhookd"]);
    command::succeed(build.args(["--bin", "offhook-load"]))?;
    // Cargo puts the profile `bench` beside `release`.
    let built = space.target.join("release");
    let mut load = Command::new(built.join("offhook-load"));
    load.arg(built.join("offhookd")).args(names);
    command::succeed(load.current_dir(&space.root))
}
