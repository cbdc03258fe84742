//! Figures of the running daemon: start, demo, media, calls a second, memory; and criterion's.
//!
//! What it is: a driver that starts `offhookd` on one core, calls it from another, and prints what
//! that cost beside what bare echoes and SIPp cost in the same run. What it is not: a test; nothing
//! here passes or fails, and nothing of it runs in `cargo xtask test`.
//!
//! | file | holds |
//! | --- | --- |
//! | `calls` | calls a second held on one core, beside SIPp and a bare echo |
//! | `memory` | resident memory before, during and after 20,000 calls |
//! | `media` | fifty calls looped; delay of a click |
//! | `gap` | how evenly they send, beside a plain paced sender |
//! | `lamps` | 10,000 NOTIFYs for 500 lamps beside a call |
//! | `start` | time until registered; what idling costs |
//! | `demo` | time until the demo has proved itself |
//! | `criterion` | what criterion's last run found |
//! | `floor` | the bare echoes |
//! | `caller` | a SIP client of thirty lines |
//! | `sipp` | running SIPp and reading its counts |
//! | `process` | a child process, its processor time and its memory |
//! | `table` | the table, for people and for programs |

mod caller;
mod calls;
mod criterion;
mod demo;
mod floor;
mod gap;
mod lamps;
mod media;
mod memory;
mod process;
mod sipp;
mod start;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use table::Table;

/// Where the daemon and its baselines run.
pub(crate) const SERVED: usize = 0;
/// Where whatever drives them runs.
const DRIVER: usize = 1;
/// Said to ourselves: this process is on the driver's core already.
const PINNED: &str = "OFFHOOK_LOAD_PINNED";

const USAGE: &str = "\
offhook-load OFFHOOKD [--json FILE] [SECTION...]

  Figures of the daemon at the path OFFHOOKD, and of `offhook` beside it; without a section, of all:
  criterion, start, demo, media, gap, calls, memory, lamps. What cannot be measured here is named, with the reason.";

type Section = fn(&Path, &mut Table) -> Result<(), String>;

/// In the order in which they are measured.
const SECTIONS: [(&str, Section); 8] = [
    ("criterion", |_, table| criterion::figures(table)),
    ("start", start::figures),
    ("demo", demo::figures),
    ("media", media::figures),
    ("gap", gap::figures),
    ("calls", calls::figures),
    ("memory", memory::figures),
    ("lamps", lamps::figures),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", "calls", address] => floor::calls(address),
        ["floor", "echo", address] => floor::echo(address),
        ["floor", "pace", ref ports @ ..] => floor::pace(ports),
        ["floor", "busy"] => floor::busy(),
        [] | ["help" | "--help"] => Err(USAGE.to_owned()),
        _ if std::env::var_os(PINNED).is_none() => pinned(&args),
        [daemon, "--json", file, ref wanted @ ..] => measure(daemon, Some(file), wanted),
        [daemon, ref wanted @ ..] => measure(daemon, None, wanted),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Starts this program again on the driver's core.
fn pinned(args: &[String]) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores <= DRIVER {
        return Err(format!(
            "two cores are needed, one for what is measured and one for what drives it; here is {cores}"
        ));
    }
    let status = Command::new("taskset")
        .args(["-c", &DRIVER.to_string()])
        .arg(this)
        .args(args)
        .env(PINNED, "1")
        .status()
        .map_err(|why| format!("taskset: {why} (Debian: util-linux)"))?;
    match status.success() {
        true => Ok(()),
        false => Err(String::new()),
    }
}

fn measure(daemon: &str, json: Option<&str>, wanted: &[&str]) -> Result<(), String> {
    let daemon = PathBuf::from(daemon);
    if let Some(unknown) = wanted
        .iter()
        .find(|name| !SECTIONS.iter().any(|(known, _)| known == *name))
    {
        return Err(format!("no section '{unknown}'\n\n{USAGE}"));
    }
    let before = load_average();
    let mut table = Table::default();
    for (name, section) in SECTIONS {
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        eprintln!("measuring: {name}");
        // One section that cannot be had (no SIPp here) leaves the others.
        if let Err(why) = section(&daemon, &mut table) {
            table.missing(name, &why);
        }
    }
    let load = [before, load_average()];
    println!("{table}");
    println!(
        "load average before {:.2}, after {:.2}; on a busy machine only the ratios count",
        load[0], load[1]
    );
    if let Some(file) = json {
        let text = format!("{:#}\n", table.json(load));
        std::fs::write(file, text).map_err(|why| format!("{file}: {why}"))?;
    }
    Ok(())
}

/// What else the machine did in the last minute. Unit: processes that wanted to run.
fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next().and_then(|n| n.parse().ok());
    first.unwrap_or(f64::NAN)
}
