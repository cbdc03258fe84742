//! Faces.

use crate::subject::{Chance, Held, Stop, Subject, must, skip};
use plugin::{Commands, Refusal, Status, UiHandle, UiInstance};
use serde_json::Value;
use std::sync::mpsc::{Receiver, channel};

/// What an engine says first, and then.
const WELCOME: &str = r#"{"op":"welcome","version":1,"engine":"1","features":[],"seq":1,"snapshot":{"version":"1","profile":"check","state":"running","started":"2026-01-01T00:00:00.000Z"}}"#;
const EVENT: &str =
    r#"{"seq":2,"ts":"2026-01-01T00:00:00.000Z","type":"call.ended","call":"c7k2","data":{}}"#;
const REPLY: &str = r#"{"op":"reply","id":"1","command":1,"ok":{"kind":"taken"}}"#;

fn table(subject: &Subject) -> Result<UiHandle, Stop> {
    let table = subject.started()?.ui()?;
    Ok(table.ok_or("it has no ui table".to_owned())?)
}

/// One without options, and what it says. Where it cannot be without, or where something else of this computer is in its
/// way, it says so, and only that can be seen here.
fn open(subject: &Subject) -> Result<(UiInstance, Receiver<String>), Stop> {
    let (say, said) = channel();
    let commands: Commands = Box::new(move |line: &str| {
        // Nobody may listen any more.
        let _ = say.send(line.to_owned());
        Ok(())
    });
    match table(subject)?.open("{}", commands) {
        Ok(face) => Ok((face, said)),
        Err(refusal) if excused(&refusal) => {
            skip(&format!("it does not open here: {}", refusal.reason))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn excused(refusal: &Refusal) -> bool {
    [Status::BAD_ARGUMENT, Status::UNAVAILABLE].contains(&refusal.status)
        && !refusal.reason.is_empty()
}

/// Opens, greets, closes.
pub(crate) fn once(subject: &Subject) -> Held {
    match open(subject) {
        Ok((mut face, _said)) => tell(&mut face, WELCOME),
        Err(Stop::Skip(_)) => Ok(()),
        Err(fail) => Err(fail),
    }
}

fn tell(face: &mut UiInstance, line: &str) -> Held {
    face.event(line)
        .map_err(|status| Stop::Fail(format!("it says {} at {line}", plugin::status_text(status))))
}

pub(crate) fn greeted(subject: &Subject) -> Held {
    let (mut face, _said) = open(subject)?;
    for line in [WELCOME, EVENT, REPLY] {
        tell(&mut face, line)?;
    }
    Ok(())
}

pub(crate) fn odd_options(subject: &Subject) -> Held {
    let table = table(subject)?;
    let mut chance = Chance::new(subject.seed);
    for n in 0..100 {
        let text = match n {
            0 => "{".to_owned(),
            _ => chance.text(r#"{"listen":"","colour":"","lines":1}"#),
        };
        if let Err(refusal) = table.open(&text, Box::new(|_| Ok(()))) {
            must!(refusal.status != Status::PANIC, "it panicked at {text:?}");
        }
    }
    Ok(())
}

pub(crate) fn odd_lines(subject: &Subject) -> Held {
    let (mut face, _said) = open(subject)?;
    tell(&mut face, WELCOME)?;
    let mut chance = Chance::new(subject.seed);
    for _ in 0..100 {
        let text = chance.text(EVENT);
        must!(
            face.event(&text) != Err(Status::PANIC),
            "it panicked at {text:?}"
        );
    }
    tell(&mut face, EVENT)
}

pub(crate) fn newer_words(subject: &Subject) -> Held {
    let (mut face, _said) = open(subject)?;
    for line in [
        WELCOME,
        r#"{"op":"zork","version":1}"#,
        r#"{"seq":2,"ts":"2026-01-01T00:00:00.000Z","type":"call.zorked","call":"c7k2","data":{"zork":[{}]}}"#,
        r#"{"op":"reply","id":"1","ok":{"kind":"zork"},"zork":1}"#,
        EVENT,
    ] {
        tell(&mut face, line)?;
    }
    Ok(())
}

pub(crate) fn speaks(subject: &Subject) -> Held {
    let (mut face, said) = open(subject)?;
    for line in [WELCOME, EVENT, REPLY] {
        tell(&mut face, line)?;
    }
    // Closing ends its threads: what it had to say is said.
    drop(face);
    for line in said.try_iter() {
        let word: Option<Value> = serde_json::from_str(&line).ok();
        let op = word.as_ref().and_then(|word| word.get("op"));
        must!(op.is_some_and(Value::is_string), "it says {line:?}");
    }
    Ok(())
}
