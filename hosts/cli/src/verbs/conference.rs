//! `merge`, `split`, `conference`: calls that are merged.

use super::{Context, calls, hangup, is_about, odd_reply};
use crate::args::{Conference, Merge, OneCall};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use crate::words;
use control::command::{CallRef, NoFields};
use control::conference::{
    CallConference, EndConference, Merge as Asked, Participant, ParticipantState, RemoveParticipant,
};
use control::snapshot::CallSnapshot;
use control::{
    CallHandle, Code, Command, CommandId, ErrorObject, Event, EventBody, ExitCode, Reply,
};
use serde_json::json;
use std::time::Duration;

/// A conference of a server has so long to answer, and to remove everybody: the engine gives it 10 s.
const SERVER: Duration = Duration::from_secs(15);

/// Merges calls, and says who is with whom.
pub(crate) fn merge(context: &mut Context, args: Merge) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    engine.wait_at_least(SERVER);
    let (command, _) = engine.ask(Command::Merge(Asked { calls: args.calls }))?;
    let told = merged(context, &mut engine, command)?;
    let all = members(&told);
    let line = match &told.snapshot.server_conference {
        Some(at) => format!("merging at the server: {}", at.uri),
        None => format!("merged {}", names(&all)),
    };
    context.out.line(&line);
    object(context, &told, &all);
    Ok(ExitCode::Success)
}

fn object(context: &mut Context, told: &CallConference, all: &[CallHandle]) {
    let mut object = json!({ "conference": told.snapshot.conference, "calls": all });
    if let Some(at) = &told.snapshot.server_conference {
        object["server_conference"] = json!(at);
    }
    context.out.object(&object);
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
        Some(Conference::Remove { who, call }) => remove(context, who, call),
    }
}

/// Asks the server to remove somebody, and waits until it says so: by its list, or where it has none by its report.
fn remove(context: &mut Context, who: String, call: Option<CallHandle>) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    engine.wait_at_least(SERVER);
    let who = who.trim().to_owned();
    let is_it =
        |one: &Participant| one.uri.eq_ignore_ascii_case(&who) || user(&one.uri) == Some(&who);
    let has = |call: &CallSnapshot| participants(call).is_some_and(|all| all.iter().any(is_it));
    let snapshot = engine.welcome().snapshot.as_ref();
    let known = snapshot.map_or(&[][..], |snapshot| &snapshot.calls);
    let call = call.or_else(|| {
        let with_them = known.iter().find(|call| has(call));
        with_them.map(|call| call.call)
    });
    let asked = RemoveParticipant {
        call,
        participant: who.clone(),
    };
    let (command, _) = engine.ask(Command::RemoveParticipant(asked))?;
    let waits = (Code::NOT_REMOVED, "the server's word that they are removed");
    let left = engine.outcome(waits, |event: &Event| {
        let is_ours = event.command.is_some() && event.command == command;
        if let EventBody::CallWarning(told) = &event.body
            && is_ours
        {
            let error = ErrorObject::new(told.code, &told.text).fix(&told.fix);
            return Some(Err(error.into()));
        }
        let EventBody::CallParticipants(told) = &event.body else {
            return None;
        };
        let told = &told.snapshot;
        let is_of_it = call.is_none_or(|call| told.call == call);
        let is_said = is_ours || participants(told).is_some();
        // Its list may come behind its report.
        (is_of_it && is_said && !has(told)).then(|| Ok(told.clone()))
    })?;
    context
        .out
        .line(&format!("removed {who}; there: {}", self::who(&left)));
    context.out.object(&super::call_object(&left));
    Ok(ExitCode::Success)
}

fn user(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once(':')?;
    rest.split_once('@').map(|(user, _)| user)
}

fn participants(call: &CallSnapshot) -> Option<&[Participant]> {
    call.server_conference.as_ref()?.participants.as_deref()
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
        for call in merged
            .iter()
            .filter(|call| call.server_conference.is_some())
        {
            context
                .out
                .line(&format!("{} is with {}", call.call, who(call)));
        }
    }
    context.out.object(&Reply::Calls { calls: merged });
    Ok(ExitCode::Success)
}

/// Leaves the others to each other.
fn keep(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    engine.wait_at_least(SERVER);
    let (command, _) = engine.ask(Command::EndConference(EndConference { keep: true }))?;
    let told = kept(context, &mut engine, command)?;
    if let Some(at) = &told.snapshot.server_conference {
        context.out.line(&format!("without you: {}", at.uri));
        object(context, &told, &[]);
        return Ok(ExitCode::Success);
    }
    let all = members(&told);
    let line = format!("without you: {}; back with: offhook merge", names(&all));
    context.out.line(&line);
    object(context, &told, &all);
    Ok(ExitCode::Success)
}

/// The others as they go on: here, or at the server, where our call with them ends.
fn kept(
    context: &mut Context,
    engine: &mut Engine,
    command: Option<CommandId>,
) -> Result<CallConference, Error> {
    let snapshot = engine.welcome().snapshot.as_ref();
    let known = snapshot.map_or(&[][..], |snapshot| &snapshot.calls);
    let is_there = |call: &CallSnapshot| call.server_conference.is_some();
    let here = known
        .iter()
        .filter(|call| call.conference.is_some_and(|one| one.person));
    if !known.iter().any(is_there) || here.count() > 1 {
        return merged(context, engine, command);
    }
    let waits = (Code::ENGINE_BUSY, "the end of the call with the conference");
    engine.outcome(waits, |event: &Event| {
        let EventBody::CallEnded(told) = &event.body else {
            return None;
        };
        let told = is_there(&told.snapshot).then(|| CallConference {
            with: Vec::new(),
            snapshot: told.snapshot.clone(),
        });
        told.filter(|_| event.command == command).map(Ok)
    })
}

/// Ends all its calls.
fn end(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    engine.wait_at_least(SERVER);
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
fn merged(
    context: &mut Context,
    engine: &mut Engine,
    command: Option<CommandId>,
) -> Result<CallConference, Error> {
    let waits = (Code::ENGINE_BUSY, "the calls to be merged");
    let mut instead = None;
    let told = engine.outcome(waits, |event: &Event| {
        if event.command != command {
            return None;
        }
        if let EventBody::CallWarning(told) = &event.body
            && told.code == Code::NO_CONFERENCE
        {
            instead = Some(told.text.clone());
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
    });
    if let Some(why) = instead {
        context.out.line(&why);
    }
    told
}

/// All calls of the conversation, in order.
fn members(told: &CallConference) -> Vec<CallHandle> {
    let mut all = told.with.clone();
    all.push(told.snapshot.call);
    all.sort_unstable();
    all
}

/// `with c7k3, c7k4`, or `at sip:conf-7@pbx.example`.
pub(super) fn with(told: &CallConference) -> String {
    match &told.snapshot.server_conference {
        Some(at) if told.with.is_empty() => format!("at {}", at.uri),
        Some(_) | None => format!("with {}", names(&told.with)),
    }
}

/// Everybody in the conference of a server: `Carol sip:103@pbx.example, you`.
pub(super) fn who(call: &CallSnapshot) -> String {
    let Some(known) = participants(call) else {
        return "others whom the server does not name".to_owned();
    };
    let one = |one: &Participant| {
        let mut words: Vec<&str> = one.display.as_deref().into_iter().collect();
        words.push(if one.you { "(you)" } else { &one.uri });
        match one.state {
            ParticipantState::Joining => words.push("(joining)"),
            ParticipantState::Held => words.push("(on hold)"),
            ParticipantState::Connected | ParticipantState::Unknown => {}
        }
        words.join(" ")
    };
    let all: Vec<String> = known.iter().map(one).collect();
    match all.is_empty() {
        true => "nobody".to_owned(),
        false => all.join(", "),
    }
}

fn names(calls: &[CallHandle]) -> String {
    let names: Vec<String> = calls.iter().map(CallHandle::to_string).collect();
    names.join(", ")
}
