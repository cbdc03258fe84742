//! `plugin bisect`: which plugin makes something fail, by leaving out halves of them. Needs no engine, and changes
//! neither settings nor what is remembered of plugins.
//!
//! | file | holds |
//! | --- | --- |
//! | `search` | which halves to try |
//! | `trial` | one trial: the demo's call, or a command with an engine of its own |

mod search;
mod trial;

use super::{Context, demo};
use crate::error::Error;
use clap::Args as Group;
use control::{Code, ExitCode};
use plugin_host::{Manifest, PluginMemory, SearchPath};
use search::{Found, Search, Set};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::PathBuf;
use trial::{Room, Trial};

/// `plugin bisect`. Without a command it tries a call to the demo's echo, with the plugins and codecs of the settings.
#[derive(Debug, Group)]
pub(crate) struct PluginBisect {
    /// Settings file of the engine whose plugins are tried
    #[arg(
        long,
        value_name = "FILE",
        env = "OFFHOOK_SETTINGS",
        hide_env_values = true
    )]
    settings: Option<PathBuf>,
    /// Folder with plugin libraries, besides those that the settings name; may be given several times
    #[arg(long, value_name = "FOLDER")]
    plugins: Vec<PathBuf>,
    /// Engine to start for the command; without, the offhookd beside this program
    #[arg(long, value_name = "PROGRAM", requires = "command")]
    engine: Option<PathBuf>,
    /// What fails, such as: offhook call 600 --for 3s. It is well if it ends with 0; it finds the engine of each trial
    /// in OFFHOOK_SOCKET
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// `plugin bisect-one`.
#[derive(Debug, Group)]
pub(crate) struct PluginBisectOne {
    #[arg(long)]
    settings: Option<PathBuf>,
    #[arg(long)]
    plugins: Vec<PathBuf>,
    #[arg(long)]
    without: Vec<String>,
}

/// The child's side of a trial without a command.
pub(crate) fn one(context: &mut Context, args: PluginBisectOne) -> Result<ExitCode, Error> {
    let PluginBisectOne {
        settings,
        plugins,
        without,
    } = args;
    let own = demo::Own {
        settings,
        folders: plugins,
        without,
    };
    demo::prove(context, &demo::Guest::Own(own))
}

pub(crate) fn run(context: &mut Context, args: &PluginBisect) -> Result<ExitCode, Error> {
    let profile = context.global.profile.clone();
    let profile = profile.unwrap_or_else(|| "headless".to_owned());
    let trial = Trial::new(args, &context.global, &profile);
    let ids = candidates(args, &profile, &trial)?;
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    if all.is_empty() {
        let why = "no plugin comes as a library file: there is nothing to leave out";
        return Err(Error::usage(
            why,
            "name the folder with --plugins, or the settings with --settings",
        ));
    }
    context
        .out
        .line(&format!("{} plugins: {}", all.len(), all.join(" ")));
    let mut runs = Vec::new();
    let mut search = Search::new(|on: &Set| -> Result<bool, Error> {
        let off = the_others(&all, on);
        let failed = trial.run(&off)?;
        let line = told(runs.len() + 1, &all, on, failed.as_deref());
        context.out.line(&line);
        let on: Vec<&str> = on.iter().map(|number| all[*number]).collect();
        runs.push(json!({ "on": on, "without": off, "ok": failed.is_none(), "why": failed }));
        Ok(runs.last().is_some_and(|run| run["ok"] == false))
    });
    let found = search.run(all.len())?;
    let left = match &found {
        Found::Culprits(culprits) => {
            let others = (0..all.len()).filter(|number| !culprits.contains(number));
            search.asks(&others.collect())?
        }
        Found::Nothing | Found::NotOne | Found::Unsteady => false,
    };
    say(context, &all, &found, left, &runs)
}

/// Ids of the library files that the engine would load, each once.
fn candidates(args: &PluginBisect, profile: &str, trial: &Trial<'_>) -> Result<Vec<String>, Error> {
    let mut request = settings::Request::of_profile(profile);
    request.file.clone_from(&args.settings);
    let loaded = settings::load(&request)
        .map_err(|all| Error::new(Code::BROKEN_SETTINGS, all.to_string()))?;
    let plugins = loaded.settings.plugins;
    let folders = args.plugins.iter().chain(&plugins.path).cloned();
    let room = Room::new()?;
    let memory = PluginMemory::open(&trial.state(&room)?.join(profile));
    let mut ids: Vec<String> = Vec::new();
    for file in SearchPath::new(folders).libraries().0 {
        // What is no plugin, or is kept out, is never loaded.
        let Ok(manifest) = Manifest::read(&file) else {
            continue;
        };
        let id = manifest.id;
        let wanted = plugins.allows(&id) && !plugins.leaves_out(&id) && memory.off(&id).is_none();
        if wanted && !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn the_others<'a>(all: &[&'a str], on: &Set) -> Vec<&'a str> {
    let numbered = all.iter().enumerate();
    let others = numbered.filter(|(number, _)| !on.contains(number));
    others.map(|(_, id)| *id).collect()
}

fn told(number: usize, all: &[&str], on: &Set, failed: Option<&str>) -> String {
    let with = match on.len() {
        0 => "none of them".to_owned(),
        some if some == all.len() => "all of them".to_owned(),
        _ => names(all, on),
    };
    match failed {
        None => format!("{number:>3}  well    with {with}"),
        Some(why) => format!("{number:>3}  failed  with {with}: {why}"),
    }
}

fn names(all: &[&str], of: &Set) -> String {
    let names: Vec<&str> = of.iter().map(|number| all[*number]).collect();
    names.join(" ")
}

fn say(
    context: &mut Context,
    all: &[&str],
    found: &Found,
    left: bool,
    runs: &[Value],
) -> Result<ExitCode, Error> {
    let culprits: Vec<&str> = match found {
        Found::Culprits(set) => set.iter().map(|number| all[*number]).collect(),
        Found::Nothing | Found::NotOne | Found::Unsteady => Vec::new(),
    };
    let verdict = match (found, culprits.as_slice()) {
        (Found::Nothing, _) => "it goes well with all of them".to_owned(),
        (Found::NotOne, _) => "it fails without any of them: none of them is to blame".to_owned(),
        (Found::Unsteady, _) => "it does not always fail: none can be named".to_owned(),
        (Found::Culprits(_), [one]) => format!("{one} makes it fail"),
        (Found::Culprits(_), several) => {
            format!(
                "none alone: {} make it fail together",
                several.join(" and ")
            )
        }
    };
    context.out.object(&json!({
        "kind": "plugin-bisect", "verdict": verdict, "culprits": culprits, "others_fail_too": left,
        "plugins": all, "runs": runs,
    }));
    match (found, culprits.first()) {
        (Found::Nothing, _) => {
            context.out.line(&verdict);
            Ok(ExitCode::Success)
        }
        (Found::NotOne | Found::Unsteady, _) | (Found::Culprits(_), None) => {
            context.out.line(&verdict);
            Ok(ExitCode::Failed)
        }
        (Found::Culprits(_), Some(first)) => {
            context.out.line(&verdict);
            if left {
                let line =
                    format!("without it others fail too: disable {first}, then bisect again");
                context.out.line(&line);
            }
            context.out.line(&format!(
                "next: offhook plugin why {first}; offhook plugin disable {first}"
            ));
            Ok(ExitCode::Plugin)
        }
    }
}
