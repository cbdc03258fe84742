//! `answer`: accepts a ringing call.

use super::{Context, call_in, call_object, is_about};
use crate::args::OneCall;
use crate::error::Error;
use crate::link::Engine;
use crate::words;
use control::command::CallRef;
use control::snapshot::{CallSnapshot, CallState};
use control::{Code, Command, ErrorObject, EventBody, ExitCode};

pub(crate) fn run(context: &mut Context, args: &OneCall) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let (command, reply) = engine.ask(Command::Accept(CallRef { call: args.call }))?;
    let named = call_in(&reply).map(|call| call.call).or(args.call);
    let done = call_in(&reply).filter(|call| call.state == CallState::Answered);
    let call = match done {
        Some(call) => call.clone(),
        None => engine.outcome((Code::ENGINE_BUSY, "the answer"), |event| {
            if !is_about(event, command, named) {
                return None;
            }
            if let EventBody::CallAnswered(data) = &event.body {
                return Some(Ok(data.snapshot.clone()));
            }
            if let EventBody::CallEnded(data) = &event.body {
                return Some(Err(gone(&data.snapshot, data.error.as_ref())));
            }
            None
        })?,
    };
    let sound = call.media.as_ref().map(words::media).unwrap_or_default();
    let far = words::party(words::far_end(&call));
    context
        .out
        .line(&format!("answered {} {far}   {sound}", call.call));
    context.out.object(&call_object(&call));
    Ok(ExitCode::Success)
}

/// The caller was faster.
fn gone(call: &CallSnapshot, error: Option<&ErrorObject>) -> Error {
    let how = call.end.as_ref().map(words::end).unwrap_or_default();
    match error {
        Some(error) => error.clone().into(),
        None => Error::new(
            Code::UNKNOWN_CALL,
            format!("call {} ended {how} before it was answered", call.call),
        ),
    }
}
