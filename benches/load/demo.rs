//! How long the demo takes to prove itself, from nothing to two-way sound.

use crate::table::{Figure, Goal, Table, quantile};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Runs that are timed.
const RUNS: usize = 5;

pub(crate) fn figures(daemon: &Path, table: &mut Table) -> Result<(), String> {
    let program = daemon.with_file_name("offhook");
    let mut took = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let done = Command::new(&program)
            .args(["demo", "--check"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .map_err(|why| format!("{}: {why}", program.display()))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(format!("`offhook demo --check` failed: {said}"));
        }
        took.push(began.elapsed().as_secs_f64());
    }
    let slowest = quantile(&mut took.clone(), 1.0);
    table.add(
        Figure::new("offhook demo --check, p50", quantile(&mut took, 0.5), "s")
            .goal(Goal::AtMost(3.0))
            .note(format!("slowest of {RUNS}: {slowest:.2} s")),
    );
    Ok(())
}
