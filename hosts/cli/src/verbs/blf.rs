//! `blf` and `voicemail`: who is free, and what waits.

use super::{Context, call, odd_reply};
use crate::args::{AddLamp, Blf, BlfVerb, OneLamp, Voicemail};
use crate::error::Error;
use crate::link::{Engine, Heard};
use crate::out::Form;
use crate::words;
use control::command::NoFields;
use control::lamp::{self, LampChange, LampRef, MailboxRef};
use control::snapshot::CallDirection;
use control::{
    Code, Command, EventBody, ExitCode, LampSnapshot, LampState, MailboxSnapshot, Reply, Timestamp,
};
use std::time::Instant;

pub(crate) fn run(context: &mut Context, args: Blf) -> Result<ExitCode, Error> {
    match args.what.unwrap_or(BlfVerb::List) {
        BlfVerb::List => list(context),
        BlfVerb::Add(args) => add(context, args),
        BlfVerb::Remove(args) => remove(context, args),
        BlfVerb::Dial(args) => {
            let to = args.target.clone();
            call::stay(context, Command::DialLamp(named(args)), &to, None)
        }
        BlfVerb::Watch => watch(context),
    }
}

/// Takes the call that rings at an extension.
pub(crate) fn pickup(context: &mut Context, args: OneLamp) -> Result<ExitCode, Error> {
    let to = args.target.clone();
    call::stay(context, Command::PickUpLamp(named(args)), &to, None)
}

pub(crate) fn voicemail(context: &mut Context, args: Voicemail) -> Result<ExitCode, Error> {
    let account = args.account;
    if args.dial {
        let command = Command::DialVoicemail(MailboxRef { account });
        return call::stay(context, command, "voicemail", None);
    }
    let (_, reply) = Engine::connect(&context.global, None)?.ask(all())?;
    let Reply::Lamps { mailboxes, .. } = &reply else {
        return Err(odd_reply(&reply));
    };
    let mut shown: Vec<&MailboxSnapshot> = mailboxes.iter().collect();
    shown.retain(|mailbox| account.as_ref().is_none_or(|a| *a == mailbox.account));
    if context.out.form() != Form::Text {
        shown.iter().for_each(|mailbox| context.out.object(mailbox));
    } else if shown.is_empty() {
        context.out.line("no mailbox is watched");
    }
    for mailbox in shown {
        let line = format!("{}  {}", mailbox.account, waiting(mailbox));
        context.out.line(&line);
    }
    Ok(ExitCode::Success)
}

fn all() -> Command {
    Command::ListLamps(NoFields {})
}

fn named(args: OneLamp) -> LampRef {
    LampRef {
        target: args.target,
        account: args.account,
    }
}

fn list(context: &mut Context) -> Result<ExitCode, Error> {
    let (_, reply) = Engine::connect(&context.global, None)?.ask(all())?;
    show(context, &reply)?;
    Ok(ExitCode::Success)
}

fn show(context: &mut Context, reply: &Reply) -> Result<(), Error> {
    let Reply::Lamps { lamps, .. } = reply else {
        return Err(odd_reply(reply));
    };
    match context.out.form() {
        Form::Json => context.out.object(reply),
        Form::Stream => lamps.iter().for_each(|lamp| context.out.object(lamp)),
        Form::Text => lines(lamps).iter().for_each(|line| context.out.line(line)),
    }
    Ok(())
}

fn add(context: &mut Context, args: AddLamp) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["blf.changed"]))?;
    let command = lamp::AddLamp {
        target: args.target,
        account: args.account,
        label: args.label,
        slot: args.slot,
    };
    let (_, reply) = engine.ask(Command::AddLamp(command))?;
    context.out.line("watched from now on; see: offhook blf");
    context.out.object(&reply);
    Ok(ExitCode::Success)
}

fn remove(context: &mut Context, args: OneLamp) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["blf.changed"]))?;
    let (_, reply) = engine.ask(Command::RemoveLamp(named(args)))?;
    let gone = engine.outcome((Code::ENGINE_BUSY, "the end of the lamp"), |event| {
        if let EventBody::BlfChanged(change) = &event.body
            && change.removed
        {
            return Some(Ok(change.snapshot.label.clone()));
        }
        None
    })?;
    context.out.line(&format!("{gone} is not watched any more"));
    context.out.object(&reply);
    Ok(ExitCode::Success)
}

/// All lamps, then each change as it comes.
fn watch(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["blf.changed"]))?;
    let until = context.global.timeout.map(|time| Instant::now() + time);
    let (_, reply) = engine.ask(all())?;
    let is_text = context.out.form() == Form::Text;
    if is_text {
        show(context, &reply)?;
    }
    while !context.out.is_broken() {
        match engine.next(until)? {
            Heard::Event(event, line) => {
                let EventBody::BlfChanged(change) = &event.body else {
                    continue;
                };
                match is_text {
                    true => context.out.line(&changed(event.ts, change)),
                    false => context.out.raw(&String::from_utf8_lossy(&line)),
                }
            }
            Heard::Late => break,
            Heard::Interrupted => return Ok(ExitCode::Interrupted),
        }
    }
    Ok(ExitCode::Success)
}

fn changed(at: Timestamp, change: &LampChange) -> String {
    let moment = at.to_string();
    let time = moment.get(11..23).unwrap_or_default();
    let lamp = &change.snapshot;
    match change.removed {
        true => format!("{time}  {:<16} not watched any more", lamp.label),
        false => format!("{time}  {:<16} {}", lamp.label, words(lamp)),
    }
}

/// One line a lamp, with a head: the board.
fn lines(lamps: &[LampSnapshot]) -> Vec<String> {
    if lamps.is_empty() {
        return vec!["no lamps; watch an extension with: offhook blf add 103".to_owned()];
    }
    let now = words::now();
    let head = ["name", "address", "state", "for", "more"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(lamps.iter().map(|lamp| {
        vec![
            lamp.label.clone(),
            words::address(&lamp.target).to_owned(),
            state(lamp.state).to_owned(),
            words::clock(lamp.since, now),
            more(lamp),
        ]
    }));
    words::table(&rows)
}

/// What a lamp shows, in one line.
pub(super) fn words(lamp: &LampSnapshot) -> String {
    let more = more(lamp);
    let line = format!("{:<12} {more}", state(lamp.state));
    line.trim_end().to_owned()
}

const fn state(state: LampState) -> &'static str {
    match state {
        LampState::Idle => "idle",
        LampState::Ringing => "ringing",
        LampState::Busy => "busy",
        LampState::Held => "held",
        LampState::Parked => "parked",
        LampState::Unregistered => "unregistered",
        LampState::Unknown => "unknown",
    }
}

/// Partner and direction of the call, or why nothing is known.
fn more(lamp: &LampSnapshot) -> String {
    let mut more = Vec::new();
    if let Some(peer) = &lamp.peer {
        let way = match lamp.direction {
            Some(CallDirection::Outgoing) => "to ",
            Some(CallDirection::Incoming) => "from ",
            None => "with ",
        };
        more.push(format!("{way}{}", words::party(peer)));
    }
    let presence = lamp.presence.filter(|_| lamp.why.is_none());
    more.extend(presence.map(|presence| presence.word().replace('_', " ")));
    more.extend(lamp.note.clone());
    more.extend(
        lamp.why
            .as_ref()
            .map(|why| format!("{} {}", why.code, why.detail)),
    );
    if lamp.polled {
        more.push("polled".to_owned());
    }
    more.join(", ")
}

/// `2 new (0 urgent), 8 old`.
pub(super) fn waiting(mailbox: &MailboxSnapshot) -> String {
    match (mailbox.waiting, mailbox.voice, &mailbox.why) {
        (None, _, Some(why)) => format!("not known: {} {}", why.code, why.detail),
        (None, _, None) => "not watched any more".to_owned(),
        (Some(_), Some(voice), _) => {
            let urgent = match voice.new_urgent {
                0 => String::new(),
                urgent => format!(" ({urgent} urgent)"),
            };
            format!("{} new{urgent}, {} old", voice.new, voice.old)
        }
        (Some(true), None, _) => "something new".to_owned(),
        (Some(false), None, _) => "nothing new".to_owned(),
    }
}
