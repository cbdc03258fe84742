//! `shutdown`: stops the engine.

use super::Context;
use crate::args;
use crate::error::Error;
use crate::link::{Engine, Heard};
use control::command::Shutdown;
use control::{Code, Command, ExitCode};
use std::time::Instant;

pub(crate) fn run(context: &mut Context, args: &args::Shutdown) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["engine.stopping"]))?;
    let shutdown = Shutdown {
        reason: args.reason.clone(),
    };
    let (_, reply) = engine.ask(Command::Shutdown(shutdown))?;
    let until = Instant::now() + engine.wait();
    // It has stopped when the connection is gone.
    loop {
        match engine.next(Some(until)) {
            Ok(Heard::Event(_, line)) => context.out.stream(&line),
            Ok(Heard::Late) => {
                return Err(Error::late(
                    Code::ENGINE_BUSY,
                    "the engine's end",
                    engine.wait(),
                ));
            }
            Ok(Heard::Interrupted) => return Err(Error::Interrupted),
            Err(Error::Told(error)) if error.code == Code::NO_ENGINE => break,
            Err(error) => return Err(error),
        }
    }
    context.out.line("the engine has stopped");
    context.out.object(&reply);
    Ok(ExitCode::Success)
}
