//! `offhook-qa`: scenarios against a phone whose plugins can be swapped for mocks.
//!
//! | file | holds |
//! | --- | --- |
//! | `scenario` | a scenario file |
//! | `cast` | which plugins play, and the settings that go with them |
//! | `stage` | a PBX and a phone, anew for each case |
//! | `play` | the steps |
//! | `ears` | what the far end said |
//! | `report` | JUnit |

mod cast;
mod ears;
mod play;
mod recorded;
mod report;
mod scenario;
mod stage;

use clap::{Args, Parser};
use control::ExitCode;
use play::Play;
use report::Outcome;
use scenario::{Case, Scenario};
use stage::Stage;
use std::path::PathBuf;
use std::process;
use std::time::Instant;

/// Runs scenarios against a phone made of real plugins or mocks.
#[derive(Debug, Parser)]
#[command(name = "offhook-qa", version)]
enum Options {
    /// Run the cases of a scenario file; exit 0 when all pass, 1 when one fails, 2 when it cannot be run
    Run(Run),
}

#[derive(Debug, Args)]
struct Run {
    /// The scenario, TOML
    file: PathBuf,
    /// Let this plugin play instead, such as codec=mock-codec or codec=./libmine.so; may be given several times
    #[arg(long, value_name = "KIND=ID")]
    swap: Vec<String>,
    /// Also write JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

fn main() {
    let Options::Run(run) = terminal::parse();
    let code = match run_all(&run) {
        Ok(true) => ExitCode::Success,
        Ok(false) => ExitCode::Failed,
        Err(why) => {
            terminal::complain_line(format_args!("{}: {why}", run.file.display()));
            ExitCode::Usage
        }
    };
    process::exit(code.number().into());
}

/// Whether all cases pass; an error where there is nothing to run.
fn run_all(run: &Run) -> Result<bool, String> {
    let text = std::fs::read_to_string(&run.file).map_err(|why| why.to_string())?;
    let mut scenario = Scenario::read(&text)?;
    for swap in &run.swap {
        scenario
            .swap(swap)
            .map_err(|why| format!("--swap {swap}: {why}"))?;
    }
    // What cannot be cast fails once, and not in each case.
    cast::of(&scenario)?;
    let mut outcomes = Vec::new();
    for case in &scenario.cases {
        let began = Instant::now();
        let failed = actix::System::new().block_on(play(&scenario, case)).err();
        let took = began.elapsed();
        let ms = took.as_millis();
        match &failed {
            None => terminal::line(format_args!("ok    {} ({ms} ms)", case.name)),
            Some(why) => terminal::line(format_args!("FAIL  {} ({ms} ms): {why}", case.name)),
        }
        outcomes.push(Outcome {
            case: case.name.clone(),
            failed,
            took,
        });
    }
    let good = outcomes
        .iter()
        .filter(|outcome| outcome.failed.is_none())
        .count();
    terminal::line(format_args!(
        "{}: {good} of {} passed",
        scenario.name,
        outcomes.len()
    ));
    if let Some(path) = &run.junit {
        let xml = report::junit(&scenario.name, &outcomes);
        std::fs::write(path, xml).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    Ok(good == outcomes.len())
}

/// One case; why it failed.
async fn play(scenario: &Scenario, case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let stage = Stage::set(scenario, folder.path()).await?;
    let mut play = Play::new(&stage);
    let mut done = Ok(());
    for (step, number) in case.steps.iter().zip(1..) {
        done = play
            .step(step)
            .await
            .map_err(|why| format!("step {number}: {why}"));
        if done.is_err() {
            break;
        }
    }
    stage.strike().await;
    done
}
