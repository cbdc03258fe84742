//! `offhook-fuzz [TARGET…] [--minutes M] [--seed S]`; `cargo xtask fuzz` builds and runs it.

use offhook_fuzz::hunt::{save, saved, try_one};
use offhook_fuzz::{Budget, TARGETS, Target, hunt};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(broken) => {
            println!("fuzz: {broken} inputs break something; tests replay them from now on");
            ExitCode::FAILURE
        }
        Err(text) => {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!(
                "{text}\nfuzz [TARGET…] [--minutes M] [--seed S]\ntargets: {}",
                names.join(" ")
            );
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<usize, String> {
    let (mut targets, mut minutes, mut seed) = (Vec::new(), 1.0, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--minutes" => minutes = value()?.parse().map_err(|_| "--minutes takes a number")?,
            "--seed" => seed = Some(value()?.parse().map_err(|_| "--seed takes a number")?),
            name => {
                let found = TARGETS.iter().find(|target| target.name == name);
                targets.push(found.ok_or(format!("no target is called '{name}'"))?);
            }
        }
    }
    if targets.is_empty() {
        targets = TARGETS.iter().collect();
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seed = seed.unwrap_or(now.as_nanos() as u64);
    let each = Duration::from_secs_f64(f64::max(minutes, 0.0) * 60.0 / targets.len() as f64);
    println!("seed {seed}, {:.0} s each", each.as_secs_f64());
    targets.iter().map(|target| one(target, seed, each)).sum()
}

fn one(target: &Target, seed: u64, each: Duration) -> Result<usize, String> {
    let mut broken = 0;
    for (path, input) in saved(target) {
        if let Err(why) = try_one(target, &input) {
            println!("{} still breaks: {why}", path.display());
            broken += 1;
        }
    }
    let found = hunt(target, seed, Budget::Time(each));
    println!(
        "{:<10} {:>10} inputs  {:>6} kinds  {} break something",
        target.name,
        found.inputs,
        found.kinds,
        found.broken.len()
    );
    for (input, why) in &found.broken {
        let path = save(target, input).map_err(|error| format!("cannot save a find: {error}"))?;
        println!("  {}: {why}", path.display());
    }
    Ok(broken + found.broken.len())
}
