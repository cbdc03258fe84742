//! The team's own commands: `cargo xtask COMMAND`.
//!
//! What it is: the one tool every desk and the CI machine runs, so that a green run means the same
//! thing everywhere. What it is not: a part of the product; nothing imports it.
//!
//! | file | does |
//! | --- | --- |
//! | `test.rs` | all stages of `cargo xtask test`, the count of passes and failures, the minutes |
//! | `bench.rs` | runs the figures of `benches/` and prints them in one table |
//! | `hearing.rs` | tests of sound that failed beside others are heard once more, alone |
//! | `demo.rs` | builds and runs `offhook demo` |
//! | `install.rs` | system packages and the Python scorer, by name |
//! | `plugins.rs` | plugin library files; proof that a host holds of plugins only what it lists |
//! | `new_host.rs` | another host, from `hosts/minimal` |
//! | `layers.rs` | who may import whom; a host imports the plugins that it lists, and no others |
//! | `coverage.rs` | which requirements of the specification tests claim, and which none does |
//! | `tidy.rs` | file sizes, leftovers, citations, pages |
//! | `licences.rs` | licences, sources, refused and too old crates, from `deny.toml` |
//! | `defects.rs` | plants faults into a copy of the tree and sees which tests fail |
//! | `proofs.rs` | swarm, fuzz, soak: programs of `tests/` that run for as long as one likes |
//! | `ladder.rs` | shows and accepts golden ladders |
//! | `lexer.rs` | Rust source as words with line numbers, comments apart |
//! | `workspace.rs` | what `cargo metadata` says |
//! | `command.rs` | running other programs |

mod bench;
mod command;
mod coverage;
mod defects;
mod demo;
mod hearing;
mod install;
mod ladder;
mod layers;
mod lexer;
mod licences;
mod new_host;
mod plugins;
mod proofs;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--check]   build offhook and run its demo; --check proves two-way sound and exits
  test             everything CI runs (also: ci); last line: N passed, N failed
  install          system packages and tools that demo and test need
  layers           who may import whom
  tidy             file sizes, leftover markers, citations, pages
  coverage         requirements of ../shared/spec: covered, partly, by no test
  licences         licences and origins of all dependencies
  ladder           show [NAME]: print golden ladders; bless: accept what the simulation draws now
  swarm            random worlds of whole phones [--seeds N] [--minutes M]; one again: --seed S
  defects          plant faults one at a time, see which tests fail [NAMES] [--with PACKAGE]; check: do all apply
  soak             real programs and calls, and what grows meanwhile [--hours H | --minutes M];
                   faults [--runs N]: every fault of every kind of isolated plugin in calls, 20 times each;
                   kills [--times N]: an engine is killed in its calls 200 times, and its history looked at
  fuzz             what reads, given what others might send [TARGETS] [--minutes M] [--seed S]
  plugins          build the plugin library files, check that hosts hold of plugins only what they list
  new              host NAME: another host in hosts/, with nothing built in
  bench [SECTION...] [--json FILE]
                   figures beside their baselines; sections: criterion, start, demo, media, calls, memory
";

/// What a command can come back with; the text is for a person.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match args.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[] as &[String]),
    };
    match run(name, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            if !text.is_empty() {
                eprintln!("xtask {name}: {text}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, rest: &[String]) -> Outcome {
    match name {
        "test" | "ci" => test::run(),
        "demo" => demo::run(rest),
        "install" => install::run(install::Need::All),
        "layers" => report("layers", layers::check(&workspace::load()?)),
        "tidy" => report("tidy", tidy::check(&workspace::load()?)),
        "coverage" => coverage::run(&workspace::load()?, false).map(drop),
        "licences" | "licenses" => report("licences", licences::check(&workspace::load()?)?),
        "plugins" => plugins::run(&workspace::load()?),
        "new" => new_host::run(&workspace::load()?.root, rest),
        "bench" => bench::run(rest),
        "defects" => defects::run(rest),
        "fuzz" => proofs::run("offhook-fuzz", rest),
        "soak" => proofs::soak(rest),
        "swarm" => proofs::run("offhook-swarm", rest),
        "ladder" => ladder::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no command '{other}'\n\n{USAGE}")),
    }
}

/// Prints what a check found; an empty list is a pass.
fn report(name: &str, found: Vec<String>) -> Outcome {
    for line in &found {
        println!("{name}: {line}");
    }
    match found.len() {
        0 => {
            println!("{name}: ok");
            Ok(())
        }
        n => Err(format!("{n} found")),
    }
}
