//! `hold`, `resume`, `swap`: which calls are on hold here.

use super::{Context, call_object, is_about};
use crate::args::OneCall;
use crate::error::Error;
use crate::link::Engine;
use crate::words;
use control::command::CallRef;
use control::event::Side;
use control::snapshot::CallSnapshot;
use control::{Code, Command, ErrorObject, EventBody, ExitCode};

pub(crate) fn hold(context: &mut Context, args: &OneCall) -> Result<ExitCode, Error> {
    run(context, args, Command::Hold, true, "on hold")
}

pub(crate) fn resume(context: &mut Context, args: &OneCall) -> Result<ExitCode, Error> {
    run(context, args, Command::Resume, false, "talking to")
}

pub(crate) fn swap(context: &mut Context, args: &OneCall) -> Result<ExitCode, Error> {
    run(context, args, Command::Swap, false, "talking to")
}

/// Gives the command and waits until the call is held here, or no longer.
fn run(
    context: &mut Context,
    args: &OneCall,
    command: impl FnOnce(CallRef) -> Command,
    held: bool,
    word: &str,
) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let (command, _) = engine.ask(command(CallRef { call: args.call }))?;
    let call = engine.outcome((Code::ENGINE_BUSY, "the other side's consent"), |event| {
        if !is_about(event, command, args.call) {
            return None;
        }
        if let EventBody::CallWarning(told) = &event.body
            && event.command == command
        {
            let error = ErrorObject::new(told.code, &told.text).fix(&told.fix);
            return Some(Err(error.into()));
        }
        if let EventBody::CallEnded(told) = &event.body {
            return Some(Err(gone(&told.snapshot)));
        }
        let (EventBody::CallHold(told) | EventBody::CallResumed(told)) = &event.body else {
            return None;
        };
        let done = told.by == Side::Local && told.snapshot.held_by_local == held;
        done.then(|| Ok(told.snapshot.clone()))
    })?;
    let far = words::party(words::far_end(&call));
    context.out.line(&format!("{word} {} {far}", call.call));
    context.out.object(&call_object(&call));
    Ok(ExitCode::Success)
}

/// The other side was faster.
fn gone(call: &CallSnapshot) -> Error {
    let how = call.end.as_ref().map(words::end).unwrap_or_default();
    Error::new(
        Code::UNKNOWN_CALL,
        format!("call {} ended {how} before it was so", call.call),
    )
}
