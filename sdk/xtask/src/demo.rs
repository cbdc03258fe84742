//! `cargo xtask demo`: installs what building needs, builds `offhook` and the plugins, runs the demo.

use crate::workspace::Workspace;
use crate::{command, install, plugins, workspace};
use std::process::Command;

/// Runs the demo with the arguments given; `--check` makes it prove two-way sound and end.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    install::run(install::Need::Demo)?;
    let space = workspace::load()?;
    let mut build = command::cargo(&space.root);
    build.args(["build", "--profile", "ci", "--package", "offhook"]);
    command::succeed(&mut build)?;
    plugins::libraries(&space)?;
    start(&space, args)
}

/// Starts the demo; its exit code becomes ours.
fn start(space: &Workspace, args: &[String]) -> Result<(), String> {
    let file = space
        .target
        .join("ci")
        .join(format!("offhook{}", std::env::consts::EXE_SUFFIX));
    let mut demo = Command::new(&file);
    demo.arg("demo").args(args).current_dir(&space.root);
    let status = demo
        .status()
        .map_err(|error| format!("{}: {error}", file.display()))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => std::process::exit(code),
        None => Err(format!("the demo ended with {status}")),
    }
}
