//! `offhook-soak [--hours H | --minutes M]`; `cargo xtask soak` builds and runs it.
//!
//! | file | holds |
//! | --- | --- |
//! | `phones` | the programs, and calls between them |
//! | `watch` | what the system says of a program |
//! | `verdict` | what may not grow, and by how much it did |

mod phones;
mod verdict;
mod watch;

use anyhow::Result;
use offhook_interop::Rig;
use phones::Phones;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use verdict::{Row, judge};
use watch::Sample;

/// A row is printed this often.
const MINUTE: Duration = Duration::from_secs(60);
/// The end of each minute, without calls: what is measured is measured at rest.
const REST: Duration = Duration::from_secs(10);
/// Ended calls and their transactions are forgotten after so long (64·T1): the rest begins with it.
const SETTLED: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let length = match read(&words) {
        Ok(length) => length,
        Err(text) => {
            eprintln!("{text}\nsoak [--hours H | --minutes M]");
            return ExitCode::from(2);
        }
    };
    match run(length) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("soak: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn read(words: &[String]) -> Result<Duration, String> {
    let (unit, value) = match words {
        [] => (60.0, "60"),
        [name, value] if name == "--minutes" => (60.0, value.as_str()),
        [name, value] if name == "--hours" => (3_600.0, value.as_str()),
        _ => return Err("one of --hours and --minutes, with a number".into()),
    };
    let number: f64 = value
        .parse()
        .map_err(|_| format!("'{value}' is not a number"))?;
    match number > 0.0 && number * unit < 1e7 {
        true => Ok(Duration::from_secs_f64(number * unit)),
        false => Err(format!("'{value}' makes no sense")),
    }
}

fn run(length: Duration) -> Result<bool> {
    let Some(rig) = Rig::new("soak", &[]) else {
        return Ok(false);
    };
    let mut phones = Phones::start(rig)?;
    println!(
        "minute  calls  chirps  sipp   {}",
        phones.names().join("   ")
    );
    println!(
        "                              each: KiB memory, descriptors, threads, wake-ups a second"
    );
    let began = Instant::now();
    let mut rows: Vec<Row> = Vec::new();
    while began.elapsed() < length {
        let end =
            Instant::now() + MINUTE.min(length.saturating_sub(began.elapsed()).max(MINUTE / 2));
        let calls = phones.call_until(end - REST)?;
        std::thread::sleep(SETTLED);
        let before = phones.samples()?;
        std::thread::sleep(REST - SETTLED);
        let samples: Vec<Sample> = phones
            .samples()?
            .into_iter()
            .zip(before)
            .map(|(now, before)| now.woken_since(&before, REST - SETTLED))
            .collect();
        let minute = began.elapsed().as_secs_f64() / 60.0;
        let told: Vec<String> = samples.iter().map(Sample::told).collect();
        println!(
            "{minute:>6.1}  {:>5}  {:>6}  {:>4}   {}",
            calls.made,
            calls.heard,
            calls.by_sipp,
            told.join("   ")
        );
        rows.push(Row {
            minute,
            calls,
            samples,
        });
    }
    let found = judge(&phones.names(), &rows);
    for line in &found.notes {
        println!("{line}");
    }
    for line in &found.faults {
        println!("FAULT: {line}");
    }
    println!(
        "soak: {}",
        if found.faults.is_empty() {
            "ok"
        } else {
            "failed"
        }
    );
    Ok(found.faults.is_empty())
}
