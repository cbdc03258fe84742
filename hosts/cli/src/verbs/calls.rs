//! `calls`: all calls that are not over.

use super::{Context, call_object, odd_reply};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use crate::words;
use control::command::NoFields;
use control::snapshot::{CallDirection, CallSnapshot};
use control::{Command, ExitCode, Reply, Timestamp};

pub(crate) fn run(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::ListCalls(NoFields {}))?;
    let Reply::Calls { calls } = &reply else {
        return Err(odd_reply(&reply));
    };
    match context.out.form() {
        Form::Json => context.out.object(&reply),
        Form::Stream => calls
            .iter()
            .for_each(|call| context.out.object(&call_object(call))),
        Form::Text => lines(calls, words::now())
            .iter()
            .for_each(|line| context.out.line(line)),
    }
    Ok(ExitCode::Success)
}

/// One line a call, with a head.
pub(super) fn lines(calls: &[CallSnapshot], now: Timestamp) -> Vec<String> {
    if calls.is_empty() {
        return vec!["no calls".to_owned()];
    }
    let head = ["call", "way", "state", "for", "with", "account"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(calls.iter().map(|call| row(call, now)));
    words::table(&rows)
}

fn row(call: &CallSnapshot, now: Timestamp) -> Vec<String> {
    let way = match call.direction {
        CallDirection::Outgoing => "out",
        CallDirection::Incoming => "in",
    };
    let mut state = words::call_state(call.state).to_owned();
    for (is_so, word) in [
        (call.silenced, ", silenced"),
        (call.muted, ", muted"),
        (call.conference.is_some_and(|one| one.person), ", merged"),
        (
            call.conference.is_some_and(|one| !one.person),
            ", merged without you",
        ),
        (call.held_by_local, ", on hold"),
        (call.held_by_remote, ", held by them"),
    ] {
        if is_so {
            state.push_str(word);
        }
    }
    let account = call.account.as_ref().map(ToString::to_string);
    vec![
        call.call.to_string(),
        way.to_owned(),
        state,
        words::clock(call.answered.unwrap_or(call.created), now),
        words::party(words::far_end(call)),
        account.unwrap_or_default(),
    ]
}
