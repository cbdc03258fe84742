//! `presence`: how you are, told to others.

use super::{Context, odd_reply};
use crate::args::{Presence, PresenceVerb, SetPresence, Switch};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use crate::words;
use control::command::NoFields;
use control::presence::{self, Idle};
use control::{
    Code, Command, EventBody, ExitCode, PresenceSnapshot, PresenceState, Reply, Timestamp,
};

pub(crate) fn run(context: &mut Context, args: Presence) -> Result<ExitCode, Error> {
    match args.what.unwrap_or(PresenceVerb::List) {
        PresenceVerb::List => list(context),
        PresenceVerb::Set(args) => set(context, args),
        PresenceVerb::Idle { switch } => {
            let idle = switch == Switch::On;
            let command = Command::PresenceIdle(Idle { idle });
            let (_, reply) = Engine::connect(&context.global, None)?.ask(command)?;
            context.out.line(match idle {
                true => "nobody is at this computer",
                false => "somebody is at this computer",
            });
            context.out.object(&reply);
            Ok(ExitCode::Success)
        }
    }
}

fn list(context: &mut Context) -> Result<ExitCode, Error> {
    let command = Command::PresenceList(NoFields {});
    let (_, reply) = Engine::connect(&context.global, None)?.ask(command)?;
    let Reply::Presences { presences } = &reply else {
        return Err(odd_reply(&reply));
    };
    match context.out.form() {
        Form::Json => context.out.object(&reply),
        Form::Stream => presences.iter().for_each(|own| context.out.object(own)),
        Form::Text if presences.is_empty() => context
            .out
            .line("no account publishes how you are: set publish_presence of one"),
        Form::Text => presences.iter().for_each(|own| {
            context
                .out
                .line(&format!("{}  {}", own.account, words(own)))
        }),
    }
    Ok(ExitCode::Success)
}

fn set(context: &mut Context, args: SetPresence) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["presence.changed"]))?;
    let state = PresenceState::from(args.state);
    let until = args.time.map(|time| {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_unix_ms(words::now().unix_ms().saturating_add(ms))
    });
    let note = args.note;
    let command = Command::PresenceSet(presence::SetPresence {
        state,
        note: note.clone(),
        until,
        account: args.account,
    });
    let (_, _) = engine.ask(command)?;
    let note = note.filter(|note| !note.trim().is_empty());
    let late = (Code::PRESENCE_LOST, "what the server says");
    let told = engine.outcome(late, |event| {
        let EventBody::PresenceChanged(own) = &event.body else {
            return None;
        };
        let is_it = own.state == state && own.note.as_deref() == note.as_deref().map(str::trim);
        match (&own.why, own.published) {
            (Some(why), _) if is_it => Some(Err(why.clone().into())),
            (None, Some(_)) if is_it => Some(Ok((**own).clone())),
            (Some(_) | None, _) => None,
        }
    })?;
    context
        .out
        .line(&format!("{}  {}", told.account, words(&told)));
    context.out.object(&told);
    Ok(ExitCode::Success)
}

/// `away, 'at lunch', until …, published`.
pub(super) fn words(own: &PresenceSnapshot) -> String {
    let mut parts = vec![own.state.word().replace('_', " ")];
    if own.shown != own.state {
        parts.push(format!("shown as {}", own.shown.word().replace('_', " ")));
    }
    parts.extend(own.note.as_ref().map(|note| format!("'{note}'")));
    parts.extend(own.until.map(|until| format!("until {until}")));
    parts.push(match (&own.published, &own.why) {
        (Some(_), _) => "published".to_owned(),
        (None, Some(why)) => format!("not published: {} {}", why.code, why.detail),
        (None, None) => "not published yet".to_owned(),
    });
    parts.join(", ")
}
