//! What criterion's last run found, and what `codec_boundary` counted.

use crate::table::{Figure, Goal, Table};
use std::collections::BTreeMap;
use std::path::Path;

/// What stands beside a figure of criterion's, and the most it may take. Unit: us. Source: the
/// parser's table in performance.md.
const KNOWN: [(&str, &str, f64); 3] = [
    ("INVITE/structure", "INVITE/rsip untyped", 1.5),
    ("INVITE/five typed", "INVITE/rsip five typed", 1.0),
    (
        "INVITE/structure and five typed",
        "INVITE/rsip untyped and five typed",
        2.5,
    ),
];

/// Most that the codec's loaded table may cost, with its fence. Unit: percent of the direct call.
const BOUNDARY: f64 = 5.0;

/// Figures from files below the build folder.
pub(crate) fn figures(table: &mut Table) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let target = this.ancestors().nth(2).ok_or("no target folder")?;
    let mut found = BTreeMap::new();
    collect(&target.join("criterion"), &mut found);
    if found.is_empty() {
        return Err("criterion left no figures; `cargo xtask bench criterion` makes them".into());
    }
    for (name, nanos) in &found {
        // They stand beside others.
        if name.ends_with("/plain") || KNOWN.iter().any(|(_, theirs, _)| theirs == name) {
            continue;
        }
        let mut figure = Figure::new(name, nanos / 1e3, "us");
        if let Some((_, theirs, most)) = KNOWN.iter().find(|(known, ..)| known == name) {
            figure = figure.goal(Goal::AtMost(*most));
            if let Some(theirs) = found.get(*theirs) {
                figure = figure.beside("rsip", theirs / 1e3);
            }
        } else if let Some((group, _)) = name.rsplit_once('/')
            && let Some(plain) = found.get(&format!("{group}/plain"))
        {
            figure = figure.beside("plain calls", plain / 1e3);
        }
        table.add(figure);
    }
    counted(&target.join("tmp").join("codec_boundary.txt"), table)
}

/// Lines that `codec_boundary` left: way, cost, unit, with tabs between; the direct call first.
fn counted(file: &Path, table: &mut Table) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("codec_boundary: {why}"))?;
    let mut direct = f64::NAN;
    for line in text.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [way, cost, unit] = cells[..] else {
            continue;
        };
        let cost: f64 = cost
            .parse()
            .map_err(|_| format!("codec_boundary: {line}"))?;
        if way == "direct" {
            direct = cost;
            continue;
        }
        let more = (cost / direct - 1.0) * 100.0;
        let goal = match way {
            "linked in" | "library" | "fenced" => Goal::AtMost(BOUNDARY),
            _ => Goal::Open,
        };
        let what = format!("codec call {way}: more than the direct call");
        let note = format!("{cost:.0} {unit}, direct {direct:.0}");
        table.add(Figure::new(what, more, "%").goal(goal).note(note));
    }
    Ok(())
}

fn collect(folder: &Path, found: &mut BTreeMap<String, f64>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "new") {
            collect(&path, found);
        } else if path.is_dir() {
            found.extend(estimate(&path));
        }
    }
}

/// Name and median of one benchmark. Unit: ns.
fn estimate(folder: &Path) -> Option<(String, f64)> {
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    };
    let name = read("benchmark.json")?["full_id"].as_str()?.to_owned();
    let median = read("estimates.json")?["median"]["point_estimate"].as_f64()?;
    Some((name, median))
}
