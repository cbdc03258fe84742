//! `hangup`: ends a call, or all.

use super::{Context, call_in, call_object, is_about};
use crate::args::Hangup;
use crate::error::Error;
use crate::link::Engine;
use crate::out::Out;
use crate::words;
use control::command::{CallRef, NoFields};
use control::snapshot::{CallSnapshot, CallState};
use control::{CallHandle, Code, Command, EventBody, ExitCode, Reply};

pub(crate) fn run(context: &mut Context, args: &Hangup) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    if args.all {
        return all(context, &mut engine);
    }
    let command = Command::HangUp(CallRef { call: args.call });
    let call = end(&mut engine, command, args.call)?;
    tell(&mut context.out, &call, "ended");
    context.out.object(&call_object(&call));
    Ok(ExitCode::Success)
}

fn all(context: &mut Context, engine: &mut Engine) -> Result<ExitCode, Error> {
    let snapshot = engine.welcome().snapshot.as_ref();
    let mut open: Vec<CallHandle> = snapshot
        .map(|snapshot| snapshot.calls.iter().map(|call| call.call).collect())
        .unwrap_or_default();
    engine.ask(Command::HangUpAll(NoFields {}))?;
    let mut ended = Vec::new();
    while !open.is_empty() {
        let call = engine.outcome((Code::ENGINE_BUSY, "the end of all calls"), |event| {
            if let EventBody::CallEnded(data) = &event.body {
                return Some(Ok(vec![data.snapshot.clone()]));
            }
            let EventBody::StreamLagged(data) = &event.body else {
                return None;
            };
            open.retain(|call| data.snapshot.calls.iter().any(|left| left.call == *call));
            open.is_empty().then(|| Ok(Vec::new()))
        })?;
        for call in call {
            open.retain(|left| *left != call.call);
            tell(&mut context.out, &call, "ended");
            ended.push(call);
        }
    }
    if ended.is_empty() {
        context.out.line("no calls");
    }
    context.out.object(&Reply::Calls { calls: ended });
    Ok(ExitCode::Success)
}

/// Gives a command that ends a call, and waits until it is over.
pub(super) fn end(
    engine: &mut Engine,
    command: Command,
    named: Option<CallHandle>,
) -> Result<CallSnapshot, Error> {
    let (command, reply) = engine.ask(command)?;
    let call = call_in(&reply);
    if let Some(over) = call.filter(|call| call.state == CallState::Ended) {
        return Ok(over.clone());
    }
    let named = call.map(|call| call.call).or(named);
    engine.outcome((Code::ENGINE_BUSY, "the end of the call"), |event| {
        let EventBody::CallEnded(data) = &event.body else {
            return None;
        };
        is_about(event, command, named).then(|| Ok(data.snapshot.clone()))
    })
}

/// `ended c7k2 600@demo (Echo) after 00:05`.
pub(super) fn tell(out: &mut Out, call: &CallSnapshot, word: &str) {
    let far = words::party(words::far_end(call));
    let length = match (call.answered, call.ended) {
        (Some(answered), Some(ended)) => format!(" after {}", words::clock(answered, ended)),
        _ => String::new(),
    };
    out.line(&format!("{word} {} {far}{length}", call.call));
}
