//! `plugin reload`: a newer build of a plugin takes its place while the engine runs.

use super::{Context, odd_reply};
use crate::args;
use crate::error::Error;
use crate::link::Engine;
use control::plugin::PluginReload;
use control::{Code, Command, ErrorObject, EventBody, ExitCode, Reply};
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
        engine.outcome((Code::ENGINE_BUSY, "the end of the trial"), |event| {
            if let EventBody::PluginReplaced(data) = &event.body {
                return (data.id == plugin.as_str()).then_some(Ok(()));
            }
            if let EventBody::PluginRolledBack(data) = &event.body {
                let error = data.snapshot.error.clone();
                let error = error.unwrap_or_else(|| {
                    ErrorObject::new(Code::PLUGIN_ROLLED_BACK, "it failed in a call")
                });
                return (data.id == plugin.as_str()).then_some(Err(error.into()));
            }
            None
        })?;
        context.out.line(&format!("{plugin}: kept"));
    }
    context.out.object(&reply);
    Ok(ExitCode::Success)
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
