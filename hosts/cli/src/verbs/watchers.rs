//! `watchers`: who sees how you are and your calls, and who may.

use super::{Context, odd_reply};
use crate::args::{OneRight, Watchers, WatchersVerb};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use control::command::NoFields;
use control::watcher::{RightRef, SetRight};
use control::{Command, ExitCode, Reply, RightOrigin, RightSnapshot, WatcherSnapshot};

pub(crate) fn run(context: &mut Context, args: Watchers) -> Result<ExitCode, Error> {
    let command = match args.what.unwrap_or(WatchersVerb::List) {
        WatchersVerb::List => Command::WatcherList(NoFields {}),
        WatchersVerb::Allow(of) => Command::WatcherAllow(set(of, true)),
        WatchersVerb::Refuse(of) => Command::WatcherAllow(set(of, false)),
        WatchersVerb::Forget(of) => Command::WatcherForget(RightRef {
            sees: of.sees.into(),
            whom: of.whom.join(" "),
            account: of.account,
        }),
    };
    let (_, reply) = Engine::connect(&context.global, None)?.ask(command)?;
    let Reply::Watchers { watchers, rights } = &reply else {
        return Err(odd_reply(&reply));
    };
    match context.out.form() {
        Form::Json => context.out.object(&reply),
        Form::Stream => {
            watchers.iter().for_each(|one| context.out.object(one));
            rights.iter().for_each(|one| context.out.object(one));
        }
        Form::Text => {
            for watcher in watchers {
                let line = format!("{}  {}", watcher.account, words(watcher));
                context.out.line(&line);
            }
            for one in rights {
                context
                    .out
                    .line(&format!("{}  {}", one.account, right(one)));
            }
            if watchers.is_empty() && rights.is_empty() {
                context.out.line(
                    "nobody may watch you here: offhook watchers allow presence user ADDRESS",
                );
            }
        }
    }
    Ok(ExitCode::Success)
}

fn set(of: OneRight, allowed: bool) -> SetRight {
    SetRight {
        sees: of.sees.into(),
        whom: of.whom.join(" "),
        allowed,
        account: of.account,
    }
}

/// `sip:20@example.com sees dialog since …, by group sales`.
pub(super) fn words(watcher: &WatcherSnapshot) -> String {
    let WatcherSnapshot {
        watcher: who,
        sees,
        since,
        ..
    } = watcher;
    let by = match watcher.origin {
        RightOrigin::Person => format!(", by what you said: {}", watcher.right),
        RightOrigin::Template => format!(", by the settings{}: {}", file(watcher), watcher.right),
        RightOrigin::Group => format!(", by group {}", watcher.right),
        RightOrigin::Unknown => String::new(),
    };
    match &watcher.ended {
        Some(why) => format!("{who} sees {} no longer: {why}", sees.word()),
        None => format!("{who} sees {} since {since}{by}", sees.word()),
    }
}

fn file(watcher: &WatcherSnapshot) -> String {
    let file = watcher.set_by.as_deref();
    file.map_or_else(String::new, |file| format!(" ({file})"))
}

/// `presence allow user 20@example.com, you said so`.
fn right(right: &RightSnapshot) -> String {
    let verdict = match right.allowed {
        true => "allow",
        false => "refuse",
    };
    let from = match (right.origin, &right.set_by) {
        (RightOrigin::Person, _) => "you said so".to_owned(),
        (_, Some(from)) => format!("template ({from})"),
        (_, None) => "template".to_owned(),
    };
    let overridden = match right.overridden {
        true => ", overridden",
        false => "",
    };
    let what = right.sees.word();
    format!("{what} {verdict} {}, {from}{overridden}", right.whom)
}
