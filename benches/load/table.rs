//! The table: each figure, what stands beside it from the same run, and the goal.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// All figures of a run.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 4]>);

impl Table {
    /// One line: what, how much, beside what, and what is to be reached.
    pub(crate) fn add(
        &mut self,
        what: impl Into<String>,
        value: impl Into<String>,
        beside: impl Into<String>,
        goal: impl Into<String>,
    ) {
        let row = [what.into(), value.into(), beside.into(), goal.into()];
        eprintln!("  {}: {} ({})", row[0], row[1], row[2]);
        self.0.push(row);
    }

    /// A figure that could not be had.
    pub(crate) fn missing(&mut self, what: &str, why: &str) {
        self.add(what, "not measured", why, "");
    }

    /// What criterion's last run found, and what was counted beside it.
    pub(crate) fn criterion(&mut self) -> Result<(), String> {
        let this = std::env::current_exe().map_err(|why| why.to_string())?;
        let target = this.ancestors().nth(2).ok_or("no target folder")?;
        let mut found = BTreeMap::new();
        collect(&target.join("criterion"), &mut found);
        if found.is_empty() {
            return Err("`cargo bench` has not run".to_owned());
        }
        for (name, nanos) in &found {
            let known = KNOWN.iter().find(|(known, ..)| known == name);
            let (_, theirs, goal) = known.copied().unwrap_or_default();
            let beside = found.get(theirs).map(|n| format!("rsip {}", time(*n)));
            self.add(name, time(*nanos), beside.unwrap_or_default(), goal);
        }
        self.counted(&target.join("tmp").join("codec_boundary.txt"));
        Ok(())
    }

    /// Lines that `codec_boundary` left: name, figure, comparison, goal, with tabs between.
    fn counted(&mut self, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        for line in text.lines() {
            let mut cells = line.split('\t').map(str::to_owned);
            let mut next = || cells.next().unwrap_or_default();
            self.add(next(), next(), next(), next());
        }
    }
}

/// What stands beside a figure of criterion's, and the goal. Source: performance.md.
const KNOWN: [(&str, &str, &str); 3] = [
    ("INVITE/structure", "INVITE/rsip untyped", "<= 1.5 us"),
    ("INVITE/five typed", "INVITE/rsip five typed", "<= 1.0 us"),
    (
        "INVITE/structure and five typed",
        "INVITE/rsip untyped and five typed",
        "<= 2.5 us",
    ),
];

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

/// Name and mean of one benchmark. Unit: ns.
fn estimate(folder: &Path) -> Option<(String, f64)> {
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    };
    let name = read("benchmark.json")?["full_id"].as_str()?.to_owned();
    let mean = read("estimates.json")?["median"]["point_estimate"].as_f64()?;
    Some((name, mean))
}

fn time(nanos: f64) -> String {
    match nanos {
        n if n < 1_000.0 => format!("{n:.0} ns"),
        n if n < 1_000_000.0 => format!("{:.2} us", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let head = ["figure", "measured", "beside it, same run", "first goal"].map(str::to_owned);
        let wide = |column: usize| {
            let cells = self
                .0
                .iter()
                .chain([&head])
                .map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths = [wide(0), wide(1), wide(2)];
        for [what, value, beside, goal] in [&head].into_iter().chain(&self.0) {
            let [a, b, c] = widths;
            writeln!(f, "{what:a$} | {value:b$} | {beside:c$} | {goal}")?;
        }
        Ok(())
    }
}

/// The value below which the share `part` of `values` lies. Range of `part`: 0 to 1.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * part).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}
