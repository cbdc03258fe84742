//! `mute`: silences the microphone, or opens it.

use super::{Context, is_about};
use crate::args::{self, Switch};
use crate::error::Error;
use crate::link::Engine;
use control::command::Mute;
use control::{Code, Command, EventBody, ExitCode};

pub(crate) fn run(context: &mut Context, args: &args::Mute) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.mute", "call.ended"]))?;
    let on = args.switch == Switch::On;
    let snapshot = engine.welcome().snapshot.as_ref();
    let mut open: Vec<_> = snapshot
        .map(|snapshot| snapshot.calls.clone())
        .unwrap_or_default();
    open.retain(|call| args.call.is_none_or(|named| named == call.call));
    // A call that is already as it should be tells nothing.
    let to_change = open
        .iter()
        .any(|call| call.muted != on && call.answered.is_some());
    let mute = Mute {
        call: args.call,
        on,
    };
    let (command, reply) = engine.ask(Command::Mute(mute))?;
    if to_change {
        engine.outcome(
            (Code::ENGINE_BUSY, "the change of the microphone"),
            |event| {
                if let EventBody::CallMute(data) = &event.body {
                    return (data.muted == on).then_some(Ok(()));
                }
                let ended = matches!(event.body, EventBody::CallEnded(_));
                (ended && is_about(event, command, args.call)).then_some(Ok(()))
            },
        )?;
    }
    let state = if on { "muted" } else { "not muted" };
    let which = match args.call {
        Some(call) => call.to_string(),
        None => "all calls".to_owned(),
    };
    context.out.line(&format!("{which}: {state}"));
    context.out.object(&reply);
    Ok(ExitCode::Success)
}
