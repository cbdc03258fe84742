//! `redirect`: sends a ringing call elsewhere.

use super::{Context, call_object, hangup, is_about};
use crate::args;
use crate::error::Error;
use crate::link::Engine;
use control::command::Redirect;
use control::{CallHandle, Code, Command, EndCause, ErrorObject, EventBody, ExitCode};

pub(crate) fn run(context: &mut Context, args: args::Redirect) -> Result<ExitCode, Error> {
    let (call, to) = words(args.words)?;
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let asked = Redirect {
        call,
        to: to.clone(),
    };
    let (command, _) = engine.ask(Command::Redirect(asked))?;
    let over = engine.outcome((Code::ENGINE_BUSY, "the end of the call"), |event| {
        if !is_about(event, command, call) {
            return None;
        }
        if let EventBody::CallWarning(told) = &event.body
            && event.command == command
        {
            let error = ErrorObject::new(told.code, &told.text).fix(&told.fix);
            return Some(Err(error.into()));
        }
        let EventBody::CallEnded(told) = &event.body else {
            return None;
        };
        Some(Ok(told.snapshot.clone()))
    })?;
    let sent = over.end.as_ref().map(|end| end.cause) == Some(EndCause::Redirected);
    if !sent {
        let how = over.end.as_ref().map(crate::words::end).unwrap_or_default();
        let why = format!(
            "call {} ended {how} before it was sent elsewhere",
            over.call
        );
        return Err(Error::new(Code::UNKNOWN_CALL, why));
    }
    hangup::tell(&mut context.out, &over, &format!("sent to {to}:"));
    context.out.object(&call_object(&over));
    Ok(ExitCode::Success)
}

/// `[ID] TO`.
fn words(mut words: Vec<String>) -> Result<(Option<CallHandle>, String), Error> {
    let to = words.pop().unwrap_or_default();
    let Some(named) = words.pop() else {
        return Ok((None, to));
    };
    let named = named.parse().map_err(|_| {
        let why = format!("{} is no id of a call", control::quoted(&named));
        Error::new(Code::USAGE, why)
    })?;
    Ok((Some(named), to))
}
