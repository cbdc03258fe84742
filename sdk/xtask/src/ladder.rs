//! `cargo xtask ladder`: looks at a golden ladder, or accepts what the simulation draws now.

use crate::{command, workspace};

/// `show [NAME]` prints the ladders whose name holds NAME, or lists all; `bless` rewrites the files.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let space = workspace::load()?;
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["show"] => show(&space.root, None),
        ["show", name] => show(&space.root, Some(name)),
        ["bless"] => {
            let mut cargo = command::cargo(&space.root);
            cargo.env("OFFHOOK_BLESS", "1");
            let test = [
                "test",
                "--profile",
                "ci",
                "--package",
                "offhook-sim",
                "--test",
                "ladders",
            ];
            command::succeed(cargo.args(test))?;
            println!("read the difference as a change of protocol: git diff tests/ladders");
            Ok(())
        }
        _ => Err("usage: cargo xtask ladder show [NAME] | bless".to_owned()),
    }
}

fn show(root: &std::path::Path, name: Option<&str>) -> Result<(), String> {
    let folder = root.join("tests/ladders");
    let failed = |why: std::io::Error| format!("{}: {why}", folder.display());
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "ladder"))
        .collect();
    files.sort();
    let stem = |path: &std::path::Path| {
        let stem = path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    let Some(name) = name else {
        files.iter().for_each(|path| println!("{}", stem(path)));
        return Ok(());
    };
    files.retain(|path| stem(path).contains(name));
    if files.is_empty() {
        return Err(format!(
            "no ladder is called like '{name}'; see: cargo xtask ladder show"
        ));
    }
    for path in files {
        println!(
            "{}\n{}",
            stem(&path),
            std::fs::read_to_string(&path).map_err(failed)?
        );
    }
    Ok(())
}
