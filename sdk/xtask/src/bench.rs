//! `cargo xtask bench`: criterion's figures, then those of the running daemon, in one table.

use crate::{command, install, workspace};
use std::process::Command;

/// What criterion takes for each figure. Unit: s.
const CRITERION: [&str; 4] = ["--warm-up-time", "1", "--measurement-time", "2"];

/// Always all of them, programs and criterion's: another choice has other features and would build
/// everything twice.
const PACKAGES: [&str; 6] = [
    "--package",
    "offhook-benches",
    "--package",
    "offhookd",
    "--package",
    "offhook",
];

/// Measures all sections, or only those named; `--json FILE` writes the table for programs too.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (json, names) = split(args)?;
    // What is not there is missing in the table, and said there; the rest can be measured.
    if let Err(why) = install::run(install::Need::Bench) {
        println!("bench: goes on without what could not be installed: {why}");
    }
    let space = workspace::load()?;
    let mut build = command::cargo(&space.root);
    build.args(["build", "--profile", "bench"]);
    command::succeed(build.args(PACKAGES).args(["--bins", "--bench", "*"]))?;
    if names.is_empty() || names.contains(&"criterion") {
        let mut cargo = command::cargo(&space.root);
        cargo.arg("bench").args(PACKAGES);
        // Figures of an earlier run must not pass for this one's; the table says what is missing. A
        // folder that is not there needs no removing.
        let _ = std::fs::remove_dir_all(space.target.join("criterion"));
        let _ = std::fs::remove_file(space.target.join("tmp/codec_boundary.txt"));
        if let Err(why) = command::succeed(cargo.args(["--bench", "*", "--"]).args(CRITERION)) {
            println!("bench: goes on without criterion: {why}");
        }
    }
    // Cargo puts the profile `bench` beside `release`.
    let built = space.target.join("release");
    let mut load = Command::new(built.join("offhook-load"));
    load.arg(built.join("offhookd"));
    if let Some(file) = json {
        let here = std::env::current_dir().map_err(|why| why.to_string())?;
        load.arg("--json").arg(here.join(file));
    }
    command::succeed(load.args(names).current_dir(&space.root))
}

/// Takes `--json FILE` out of the names of sections.
fn split(args: &[String]) -> Result<(Option<&str>, Vec<&str>), String> {
    let (mut json, mut names) = (None, Vec::new());
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "--json" => json = Some(args.next().ok_or("--json needs the name of a file")?),
            flag if flag.starts_with('-') => {
                return Err(format!("unknown option {flag}; there is only --json FILE"));
            }
            name => names.push(name),
        }
    }
    Ok((json, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_may_stand_anywhere_among_the_sections() {
        let args = ["calls", "--json", "f.json", "memory"].map(str::to_owned);
        assert_eq!(split(&args), Ok((Some("f.json"), vec!["calls", "memory"])));
        assert!(split(&["--json".to_owned()]).is_err());
        assert!(split(&["--jso".to_owned()]).is_err());
    }
}
