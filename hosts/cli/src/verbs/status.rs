//! `status`: how the engine stands.

use super::{Context, accounts, calls, odd_reply};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Colour;
use crate::words;
use control::command::NoFields;
use control::snapshot::{EngineSnapshot, PluginState};
use control::{Command, ExitCode, Reply, Timestamp};

pub(crate) fn run(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::Status(NoFields {}))?;
    let Reply::Status { engine: snapshot } = &reply else {
        return Err(odd_reply(&reply));
    };
    for line in lines(snapshot, words::now()) {
        context.out.line(&line);
    }
    for trouble in &snapshot.troubles {
        let text = format!("{} {}", trouble.code, trouble.title);
        context.out.signed("trouble    ", &text, Colour::Bad, "");
        context.out.line(&format!("           {}", trouble.detail));
        context.out.line(&format!("  fix      {}", trouble.fix));
    }
    context.out.object(&reply);
    Ok(ExitCode::Success)
}

fn lines(engine: &EngineSnapshot, now: Timestamp) -> Vec<String> {
    let mut lines = vec![format!(
        "offhook {} — profile {}, {} for {}",
        engine.version,
        engine.profile,
        words::engine_state(engine.state),
        words::clock(engine.started, now)
    )];
    let listening = match engine.listening.is_empty() {
        true => "nowhere".to_owned(),
        false => engine.listening.join(" "),
    };
    lines.push(format!("listening  {listening}"));
    let of = |state: PluginState| {
        engine
            .plugins
            .iter()
            .filter(move |plugin| plugin.state == state)
    };
    lines.push(format!(
        "plugins    {} loaded",
        of(PluginState::Loaded).count()
    ));
    for (state, word) in [
        (PluginState::Refused, "refused"),
        (PluginState::Crashed, "crashed"),
    ] {
        lines.extend(of(state).map(|plugin| {
            let error = plugin.error.as_ref();
            let why = error.map_or_else(String::new, |error| {
                format!(": {} {}", error.code, error.detail)
            });
            format!("           {} {word}{why}", plugin.id)
        }));
    }
    if let Some(priority) = &engine.media_priority {
        lines.push(format!("sound      priority {priority}"));
    }
    lines.push(String::new());
    lines.extend(accounts::lines(&engine.accounts));
    lines.push(String::new());
    lines.extend(calls::lines(&engine.calls, now));
    lines
}
