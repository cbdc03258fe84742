//! `quiet`: calls ring and messages come unheard, or no longer.

use super::{Context, is_about};
use crate::args::{self, Switch};
use crate::error::Error;
use crate::link::Engine;
use control::command::Quiet;
use control::{Code, Command, EventBody, ExitCode};

pub(crate) fn run(context: &mut Context, args: &args::Quiet) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["quiet.changed"]))?;
    let on = args.switch == Switch::On;
    let (command, reply) = engine.ask(Command::Quiet(Quiet { on }))?;
    engine.outcome((Code::ENGINE_BUSY, "the change"), |event| {
        if !matches!(event.body, EventBody::QuietChanged(_)) {
            return None;
        }
        is_about(event, command, None).then_some(Ok(()))
    })?;
    let said = match on {
        true => "quiet: calls ring unheard",
        false => "no longer quiet",
    };
    context.out.line(said);
    context.out.object(&reply);
    Ok(ExitCode::Success)
}
