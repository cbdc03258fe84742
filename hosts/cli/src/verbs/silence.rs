//! `silence`: a ringing call rings on unheard.

use super::{Context, call_object, is_about};
use crate::args::OneCall;
use crate::error::Error;
use crate::link::Engine;
use crate::words;
use control::command::CallRef;
use control::{Code, Command, EventBody, ExitCode};

pub(crate) fn run(context: &mut Context, args: &OneCall) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let (command, _) = engine.ask(Command::Silence(CallRef { call: args.call }))?;
    let call = engine.outcome((Code::ENGINE_BUSY, "silence"), |event| {
        if !is_about(event, command, args.call) {
            return None;
        }
        // A call that is over is silent too.
        if let EventBody::CallEnded(told) = &event.body {
            return Some(Ok(told.snapshot.clone()));
        }
        let EventBody::CallSilenced(told) = &event.body else {
            return None;
        };
        Some(Ok(told.snapshot.clone()))
    })?;
    let far = words::party(words::far_end(&call));
    context.out.line(&format!("silenced {} {far}", call.call));
    context.out.object(&call_object(&call));
    Ok(ExitCode::Success)
}
