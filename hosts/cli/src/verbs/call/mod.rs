//! `call`: calls somebody, stays until the call is over, and says whether sound came.

mod story;

use super::{Context, call_in, call_object, odd_reply};
use crate::args::Call;
use crate::error::Error;
use crate::link::{Engine, Heard};
use control::command::{CallRef, Dial};
use control::event::CallWarning;
use control::snapshot::CallSnapshot;
use control::{CallHandle, Code, Command, ErrorObject, EventBody, ExitCode, Reply};
use serde::Serialize;
use std::time::{Duration, Instant};
use story::{Sound, Story};

/// How long a reply may take, however short it may ring.
const REPLY: Duration = Duration::from_secs(1);
/// How long the end of a call may take once we hung up: the engine waits 4 s for the far end's answer.
/// Unit: time.
const FAREWELL: Duration = Duration::from_secs(6);

/// What is heard of while a call is followed.
pub(super) const HEEDED: [&str; 1] = ["call.*"];

pub(crate) fn run(context: &mut Context, args: &Call) -> Result<ExitCode, Error> {
    let engine = Engine::heeding(&context.global, &HEEDED)?;
    run_on(context, engine, args)
}

/// The same on a connection that is there.
pub(super) fn run_on(
    context: &mut Context,
    engine: Engine,
    args: &Call,
) -> Result<ExitCode, Error> {
    let ring_for = context.global.timeout;
    let dial = Dial {
        to: args.to.clone(),
        account: args.account.clone(),
        ring_for_s: ring_for.map(|time| u32::try_from(time.as_secs() + 1).unwrap_or(u32::MAX)),
        headers: std::collections::BTreeMap::new(),
        action: args.action,
    };
    stay_on(context, engine, Command::Dial(dial), &args.to, args.talk)
}

/// Carries out a command that calls somebody, here `to`, and stays until the call is over.
pub(super) fn stay(
    context: &mut Context,
    command: Command,
    to: &str,
    talk: Option<Duration>,
) -> Result<ExitCode, Error> {
    let engine = Engine::heeding(&context.global, &HEEDED)?;
    stay_on(context, engine, command, to, talk)
}

fn stay_on(
    context: &mut Context,
    mut engine: Engine,
    command: Command,
    to: &str,
    talk: Option<Duration>,
) -> Result<ExitCode, Error> {
    engine.wait_at_least(REPLY);
    let ring_for = context.global.timeout;
    let dialled = Instant::now();
    let (_, reply) = engine.ask(command)?;
    let call = call_in(&reply).ok_or_else(|| odd_reply(&reply))?.clone();
    let mut story = Story::new(call);
    begin(context, &story.call, to);
    let mut plan = Plan {
        give_up: ring_for.map(|time| dialled + time),
        talk,
        hang_up: None,
        farewell: None,
        stopped: None,
        untold: false,
    };
    while !story.is_over() && !plan.untold {
        follow(context, &mut engine, &mut story, &mut plan)?;
    }
    if let Some(url) = &story.opens {
        super::open_page(url)?;
    }
    Ok(end(context, &story, plan.stopped))
}

/// What we do when, unless the call ends before.
struct Plan {
    /// Nobody answered by then.
    give_up: Option<Instant>,
    /// How long to stay after the answer.
    talk: Option<Duration>,
    /// Then it was long enough.
    hang_up: Option<Instant>,
    /// We hung up; the call must be over by then.
    farewell: Option<Instant>,
    /// Why we hung up.
    stopped: Option<Stopped>,
    /// We hung up, and the end was not told in time: what is known has to do.
    untold: bool,
}

/// Why we hung up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    /// The time to talk was over.
    LongEnough,
    /// Nobody answered in time.
    NoAnswer,
    /// Ctrl+C, or nobody reads what we print.
    Interrupted,
}

impl Plan {
    fn next(&self) -> Option<Instant> {
        match self.farewell {
            Some(at) => Some(at),
            None => [self.give_up, self.hang_up].into_iter().flatten().min(),
        }
    }
}

/// `calling 600 (Echo)      call c7k2`.
fn begin(context: &mut Context, call: &CallSnapshot, to: &str) {
    let calling = match &call.to.display {
        Some(display) => format!("calling {to} ({display})"),
        None => format!("calling {to}"),
    };
    context
        .out
        .line(&format!("{calling:<60}  call {}", call.call));
}

/// Hears one thing and acts on it.
fn follow(
    context: &mut Context,
    engine: &mut Engine,
    story: &mut Story,
    plan: &mut Plan,
) -> Result<(), Error> {
    if context.out.is_broken() && plan.stopped.is_none() {
        return stop(engine, story, plan, Stopped::Interrupted);
    }
    match engine.next(plan.next())? {
        Heard::Event(event, line) => {
            if matches!(event.body, EventBody::StreamLagged(_))
                || event.call == Some(story.call.call)
            {
                context.out.stream(&line);
            }
            let before = story.call.answered;
            story.hear(&event, &mut context.out)?;
            if before.is_none() && story.call.answered.is_some() {
                plan.give_up = None;
                plan.hang_up = plan.talk.map(|time| Instant::now() + time);
            }
            Ok(())
        }
        Heard::Interrupted if plan.stopped == Some(Stopped::Interrupted) => Err(Error::Interrupted),
        Heard::Interrupted => stop(engine, story, plan, Stopped::Interrupted),
        Heard::Late if plan.farewell.is_some() => match plan.stopped {
            Some(Stopped::Interrupted) => Err(Error::Interrupted),
            Some(Stopped::LongEnough | Stopped::NoAnswer) | None => {
                plan.untold = true;
                Ok(())
            }
        },
        Heard::Late if story.call.answered.is_some() => {
            stop(engine, story, plan, Stopped::LongEnough)
        }
        Heard::Late => stop(engine, story, plan, Stopped::NoAnswer),
    }
}

fn stop(engine: &mut Engine, story: &Story, plan: &mut Plan, why: Stopped) -> Result<(), Error> {
    // A second reason does not hang up again, but Ctrl+C decides how the program ends.
    let first = plan.stopped.is_none();
    plan.stopped = Some(why);
    plan.farewell = plan.farewell.or(Some(Instant::now() + FAREWELL));
    if !first {
        return Ok(());
    }
    let call = Some(story.call.call);
    match engine.ask(Command::HangUp(CallRef { call })) {
        Ok(_) => Ok(()),
        // It ended by itself in the same moment; its event is on the way.
        Err(Error::Told(error))
            if [Code::UNKNOWN_CALL, Code::WRONG_STATE].contains(&error.code) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// The object that ends a call.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    reply: &'a Reply,
    exit: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [CallWarning],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorObject>,
}

/// What is left to tell, and how the program ends.
fn end(context: &mut Context, story: &Story, stopped: Option<Stopped>) -> ExitCode {
    let sound = story.sound();
    for line in story.sound_lines(&sound) {
        context.out.line(&line);
    }
    let (exit, error) = verdict(story, &sound, stopped);
    context.out.object(&Told {
        reply: &call_object(&story.call),
        exit: exit.number(),
        warnings: &story.warnings,
        error: error.as_ref(),
    });
    let was_told = |error: &ErrorObject| story.warnings.iter().any(|told| told.code == error.code);
    if let Some(error) = error.filter(|error| !was_told(error))
        && context.out.form() == crate::out::Form::Text
    {
        context.out.error(&error.into());
    }
    exit
}

/// Exit code, and the error behind it where there is one.
fn verdict(
    story: &Story,
    sound: &Sound,
    stopped: Option<Stopped>,
) -> (ExitCode, Option<ErrorObject>) {
    let call = story.call.call;
    match stopped {
        Some(Stopped::Interrupted) => return (ExitCode::Interrupted, None),
        Some(Stopped::NoAnswer) if story.call.answered.is_none() => {
            let error = ErrorObject::new(Code::NO_ANSWER, "nobody answered in time");
            return (ExitCode::Timeout, Some(error.call(call)));
        }
        Some(Stopped::LongEnough | Stopped::NoAnswer) | None => {}
    }
    if story.opens.is_some() {
        return (ExitCode::Success, None);
    }
    // Without a word of its end it ended as we wanted it.
    let end = story.call.end.as_ref();
    let exit = end.map_or(ExitCode::Success, ExitCode::of_end);
    if exit != ExitCode::Success {
        return (exit, story.error());
    }
    match sound {
        Sound::Missing { why } => {
            let error = ErrorObject::new(Code::MEDIA_UNREACHABLE, why.clone()).call(call);
            (ExitCode::Media, Some(error))
        }
        Sound::Came { .. } | Sound::Unknown => (exit, None),
    }
}

/// The end of a call that was missed.
fn missed(call: CallHandle, count: u64) -> Error {
    let detail = format!("{count} events were missed, the end of call {call} among them");
    ErrorObject::new(Code::ENGINE_BUSY, detail)
        .fix(format!("see how it went: offhook ladder {call}"))
        .call(call)
        .into()
}
