//! `plugin reload`: a newer build of a plugin takes its place while the engine runs.

use super::{Context, odd_reply};
use crate::args;
use crate::error::Error;
use crate::link::Engine;
use control::plugin::PluginReload;
use control::{Code, Command, ErrorObject, Event, EventBody, ExitCode, Reply};
use std::path::Path;
use std::time::Duration;

/// A trial lasts a second. Unit: time.
const TRIAL: Duration = Duration::from_secs(5);

pub(crate) fn run(context: &mut Context, args: args::PluginReload) -> Result<ExitCode, Error> {
    let file = args.file.as_deref().map(absolute).transpose()?;
    let events = ["plugin.replaced", "plugin.rolled_back"];
    let mut engine = Engine::connect(&context.global, Some(&events))?;
    engine.wait_at_least(TRIAL);
    let plugin = args.plugin;
    let (_, reply) = engine.ask(Command::PluginReload(PluginReload {
        plugin: plugin.clone(),
        file,
        live: args.live,
    }))?;
    let Reply::PluginReloaded { reloaded } = &reply else {
        return Err(odd_reply(&reply));
    };
    let generation = reloaded.generation;
    let trial = match reloaded.calls {
        0 => String::new(),
        1 => ", on trial in 1 call".to_owned(),
        calls => format!(", on trial in {calls} calls"),
    };
    let line = format!("{plugin}: generation {generation} for new calls{trial}");
    context.out.line(&line);
    if reloaded.calls > 0 {
        let of_trial = |event: &Event| ended(event, plugin.as_str(), generation);
        engine.outcome((Code::ENGINE_BUSY, "the end of the trial"), of_trial)?;
        context.out.line(&format!("{plugin}: kept"));
    }
    context.out.object(&reply);
    Ok(ExitCode::Success)
}

/// What ended the trial of this generation, if this event did.
fn ended(event: &Event, plugin: &str, generation: u32) -> Option<Result<(), Error>> {
    let (told, latest) = if let EventBody::PluginReplaced(told) = &event.body {
        (told, generation)
    } else if let EventBody::PluginRolledBack(told) = &event.body {
        // The one that came back counts as the next.
        (told, generation + 1)
    } else {
        return None;
    };
    let current = told.snapshot.builds.as_ref();
    let current = current.map_or(generation, |builds| builds.generation);
    let is_kept = latest == generation;
    let ended = match (current > latest, is_kept) {
        (true, _) => {
            let why = format!(
                "generation {generation} was superseded by another reload before its trial was over; \
                 generation {current} is in its place"
            );
            let fix = format!("see offhook plugin list, and reload {plugin} again");
            Err(ErrorObject::new(Code::WRONG_STATE, why).fix(fix).into())
        }
        (false, true) => Ok(()),
        (false, false) => {
            let error = told.snapshot.error.clone();
            let error = error.unwrap_or_else(|| {
                ErrorObject::new(Code::PLUGIN_ROLLED_BACK, "it failed in a call")
            });
            Err(error.into())
        }
    };
    (told.id == plugin).then_some(ended)
}

/// The engine stands in another folder.
fn absolute(file: &Path) -> Result<String, Error> {
    let whole = std::path::absolute(file);
    let whole = whole.map_err(|why| {
        let why = format!("{}: {why}", file.display());
        Error::new(Code::FILE_UNREADABLE, why)
    })?;
    Ok(whole.display().to_string())
}
