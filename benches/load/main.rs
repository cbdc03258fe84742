//! Figures of the running daemon: calls a second, memory, media, start.
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
//! | `start` | time until registered; what idling costs |
//! | `floor` | the bare echoes |
//! | `caller` | a SIP client of thirty lines |
//! | `sipp` | running SIPp and reading its counts |
//! | `process` | a child process, its processor time and its memory |
//! | `table` | the table, and what criterion found |

mod caller;
mod calls;
mod floor;
mod gap;
mod media;
mod memory;
mod process;
mod sipp;
mod start;
mod table;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use table::Table;

/// Where the daemon and its baselines run.
pub(crate) const SERVED: usize = 0;
/// Where whatever drives them runs.
const DRIVER: usize = 1;
/// Said to ourselves: this process is on the driver's core already.
const PINNED: &str = "OFFHOOK_LOAD_PINNED";

const USAGE: &str = "\
offhook-load OFFHOOKD [calls] [memory] [media] [gap] [start] [criterion]

  Figures of the daemon at the path OFFHOOKD; without a name after it, all of them.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", "calls", address] => floor::calls(address),
        ["floor", "echo", address] => floor::echo(address),
        ["floor", "pace", ref ports @ ..] => floor::pace(ports),
        ["floor", "busy"] => floor::busy(),
        [] | ["help" | "--help"] => Err(USAGE.to_owned()),
        _ if std::env::var_os(PINNED).is_none() => pinned(&args),
        [daemon, ref wanted @ ..] => figures(PathBuf::from(daemon), wanted),
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
    let status = Command::new("taskset")
        .args(["-c", &DRIVER.to_string()])
        .arg(this)
        .args(args)
        .env(PINNED, "1")
        .status()
        .map_err(|why| format!("taskset: {why}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(String::new()),
    }
}

type Figure = fn(&PathBuf, &mut Table) -> Result<(), String>;

fn figures(daemon: PathBuf, wanted: &[&str]) -> Result<(), String> {
    let all: [(&str, Figure); 6] = [
        ("criterion", |_, table| table.criterion()),
        ("start", |daemon, table| start::figures(daemon, table)),
        ("media", |daemon, table| media::figures(daemon, table)),
        ("gap", |daemon, table| gap::figures(daemon, table)),
        ("calls", |daemon, table| calls::figures(daemon, table)),
        ("memory", |daemon, table| memory::figures(daemon, table)),
    ];
    let mut table = Table::default();
    for (name, figure) in all {
        // The gaps are of the media section, and can be had alone.
        let named = wanted.contains(&name) || (name == "gap" && wanted.contains(&"media"));
        if !wanted.is_empty() && !named {
            continue;
        }
        eprintln!("measuring: {name}");
        // One figure that cannot be had (no SIPp here) leaves the others.
        if let Err(why) = figure(&daemon, &mut table) {
            table.missing(name, &why);
        }
    }
    println!("{table}");
    Ok(())
}
