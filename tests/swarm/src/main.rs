//! `offhook-swarm [--seeds N] [--minutes M] [--seed S] [--threads T]`; `cargo xtask swarm` builds and runs it.

use offhook_swarm as swarm;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Seeds when nothing is said.
const SEEDS: u64 = 2_000;

/// Each seed divisible by this is played twice.
const TWICE: u64 = 10;

/// What the command line says.
#[derive(Debug, Clone, Copy)]
struct Asked {
    first: u64,
    seeds: u64,
    until: Option<Duration>,
    threads: usize,
}

/// Counts over all threads.
#[derive(Debug, Default)]
struct Sums {
    next: AtomicU64,
    done: AtomicU64,
    calls: AtomicU64,
    seconds: AtomicU64,
    failed: AtomicU64,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match read(&words) {
        Ok(asked) => run(asked),
        Err(text) => {
            eprintln!("{text}\nswarm [--seeds N] [--minutes M] [--seed S] [--threads T]");
            ExitCode::from(2)
        }
    }
}

fn read(words: &[String]) -> Result<Asked, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut seed, mut seeds, mut until, mut used) = (None, None, None, threads);
    for pair in words.chunks(2) {
        let [name, value] = pair else {
            return Err(format!("'{}' needs a value", pair[0]));
        };
        let number: f64 = value
            .parse()
            .map_err(|_| format!("'{value}' after {name} is not a number"))?;
        match name.as_str() {
            "--seeds" => seeds = Some(number as u64),
            "--minutes" => until = Some(Duration::from_secs_f64(number.max(0.0) * 60.0)),
            "--seed" => seed = Some(value.parse().map_err(|_| format!("{value}: not a seed"))?),
            "--threads" => used = (number as usize).max(1),
            _ => return Err(format!("'{name}' is no option")),
        }
    }
    let usual = match (seed, until) {
        (Some(_), None) => 1,
        (_, Some(_)) => u64::MAX / 2,
        (None, None) => SEEDS,
    };
    Ok(Asked {
        first: seed.unwrap_or(1),
        seeds: seeds.unwrap_or(usual),
        until,
        threads: used,
    })
}

fn run(asked: Asked) -> ExitCode {
    let began = Instant::now();
    let sums = Sums::default();
    let printing = Mutex::new(began);
    std::thread::scope(|scope| {
        for _ in 0..asked.threads {
            scope.spawn(|| work(asked, &sums, &printing, began));
        }
    });
    line(&sums, began);
    let failed = sums.failed.load(Ordering::Relaxed);
    let left = sim::phone::alive();
    if left > 0 {
        println!("swarm: {left} phones are still in memory although their worlds are gone");
        return ExitCode::FAILURE;
    }
    match failed {
        0 => {
            println!("swarm: no seed fails");
            ExitCode::SUCCESS
        }
        _ => {
            println!("swarm: {failed} seeds fail");
            ExitCode::FAILURE
        }
    }
}

fn work(asked: Asked, sums: &Sums, printing: &Mutex<Instant>, began: Instant) {
    loop {
        let number = sums.next.fetch_add(1, Ordering::Relaxed);
        if number >= asked.seeds || asked.until.is_some_and(|time| began.elapsed() >= time) {
            return;
        }
        let seed = asked.first + number;
        let played = swarm::seed(seed, seed.is_multiple_of(TWICE) || asked.seeds == 1);
        let mut printed = printing
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        sums.done.fetch_add(1, Ordering::Relaxed);
        match played {
            Ok(outcome) => {
                sums.calls
                    .fetch_add(outcome.calls as u64, Ordering::Relaxed);
                sums.seconds
                    .fetch_add(outcome.time.as_secs(), Ordering::Relaxed);
                if asked.seeds == 1 {
                    println!("{}trace {:016x}", swarm::Plan::new(seed), outcome.hash);
                }
            }
            Err(report) => {
                sums.failed.fetch_add(1, Ordering::Relaxed);
                println!("{report}");
            }
        }
        if printed.elapsed() >= Duration::from_secs(10) {
            *printed = Instant::now();
            line(sums, began);
        }
    }
}

fn line(sums: &Sums, began: Instant) {
    let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{:>7.0} s  {:>8} seeds  {:>8} call ends  {:>8.1} virtual hours  {} failed  {}",
        began.elapsed().as_secs_f64(),
        get(&sums.done),
        get(&sums.calls),
        get(&sums.seconds) as f64 / 3_600.0,
        get(&sums.failed),
        memory(),
    );
}

/// Memory of this process, where the system says it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(String::new, |value| format!("resident {}", value.trim()))
}
