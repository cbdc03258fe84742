//! `merge`, `split`, `conference`: calls that are merged.

use super::{Context, calls, hangup, is_about, odd_reply};
use crate::args::{Conference, Merge, OneCall};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use crate::words;
use control::command::{CallRef, NoFields};
use control::conference::{CallConference, EndConference, Merge as Asked};
use control::snapshot::CallSnapshot;
use control::{
    CallHandle, Code, Command, CommandId, ErrorObject, Event, EventBody, ExitCode, Reply,
};
use serde_json::json;

/// Merges calls, and says who is with whom.
pub(crate) fn merge(context: &mut Context, args: Merge) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let (command, _) = engine.ask(Command::Merge(Asked { calls: args.calls }))?;
    let told = merged(&mut engine, command)?;
    let all = members(&told);
    context.out.line(&format!("merged {}", names(&all)));
    context
        .out
        .object(&json!({ "conference": told.snapshot.conference, "calls": all }));
    Ok(ExitCode::Success)
}

/// Takes one call out of its conversation, or ends the conference as such.
pub(crate) fn split(context: &mut Context, args: &OneCall) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let (command, _) = engine.ask(Command::Split(CallRef { call: args.call }))?;
    let waits = (Code::ENGINE_BUSY, "the call to be alone");
    let call = engine.outcome(waits, |event| {
        let EventBody::CallSplit(told) = &event.body else {
            return None;
        };
        is_about(event, command, args.call).then(|| Ok(told.snapshot.clone()))
    })?;
    let far = words::party(words::far_end(&call));
    context.out.line(&format!("split off {} {far}", call.call));
    context.out.object(&super::call_object(&call));
    Ok(ExitCode::Success)
}

/// Lists who is in conversations of several, or leaves the conference.
pub(crate) fn run(context: &mut Context, what: Option<Conference>) -> Result<ExitCode, Error> {
    match what {
        None => list(context),
        Some(Conference::End { keep: true }) => keep(context),
        Some(Conference::End { keep: false }) => end(context),
    }
}

fn list(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::ListCalls(NoFields {}))?;
    let Reply::Calls { calls } = reply else {
        return Err(odd_reply(&reply));
    };
    let merged: Vec<CallSnapshot> = calls
        .into_iter()
        .filter(|call| call.conference.is_some())
        .collect();
    if context.out.form() == Form::Text {
        let lines = match merged.is_empty() {
            true => vec!["no calls are merged".to_owned()],
            false => calls::lines(&merged, words::now()),
        };
        lines.iter().for_each(|line| context.out.line(line));
    }
    context.out.object(&Reply::Calls { calls: merged });
    Ok(ExitCode::Success)
}

/// Leaves the others to each other.
fn keep(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let (command, _) = engine.ask(Command::EndConference(EndConference { keep: true }))?;
    let told = merged(&mut engine, command)?;
    let all = members(&told);
    let line = format!("without you: {}; back with: offhook merge", names(&all));
    context.out.line(&line);
    context
        .out
        .object(&json!({ "conference": told.snapshot.conference, "calls": all }));
    Ok(ExitCode::Success)
}

/// Ends all its calls.
fn end(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let snapshot = engine.welcome().snapshot.as_ref();
    let in_it = |call: &&CallSnapshot| call.conference.is_some_and(|one| one.person);
    let known = snapshot.map_or(&[][..], |snapshot| &snapshot.calls);
    let mut open: Vec<CallHandle> = known.iter().filter(in_it).map(|call| call.call).collect();
    engine.ask(Command::EndConference(EndConference { keep: false }))?;
    let mut ended = Vec::new();
    while !open.is_empty() {
        let waits = (Code::ENGINE_BUSY, "the end of all its calls");
        let call = engine.outcome(waits, |event| {
            let EventBody::CallEnded(told) = &event.body else {
                return None;
            };
            let is_ours = open.contains(&told.snapshot.call);
            is_ours.then(|| Ok(told.snapshot.clone()))
        })?;
        open.retain(|left| *left != call.call);
        hangup::tell(&mut context.out, &call, "ended");
        ended.push(call);
    }
    context.out.object(&Reply::Calls { calls: ended });
    Ok(ExitCode::Success)
}

/// What a call is told that the command merged, or why there is none.
fn merged(engine: &mut Engine, command: Option<CommandId>) -> Result<CallConference, Error> {
    let waits = (Code::ENGINE_BUSY, "the calls to be merged");
    engine.outcome(waits, |event: &Event| {
        if event.command != command {
            return None;
        }
        if let EventBody::CallWarning(told) = &event.body {
            let error = ErrorObject::new(told.code, &told.text).fix(&told.fix);
            return Some(Err(error.into()));
        }
        let EventBody::CallMerged(told) = &event.body else {
            return None;
        };
        Some(Ok((**told).clone()))
    })
}

/// All calls of the conversation, in order.
fn members(told: &CallConference) -> Vec<CallHandle> {
    let mut all = told.with.clone();
    all.push(told.snapshot.call);
    all.sort_unstable();
    all
}

/// `with c7k3, c7k4`.
pub(super) fn with(others: &[CallHandle]) -> String {
    format!("with {}", names(others))
}

fn names(calls: &[CallHandle]) -> String {
    let names: Vec<String> = calls.iter().map(CallHandle::to_string).collect();
    names.join(", ")
}
