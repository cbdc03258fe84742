//! Directories.

use crate::subject::{Chance, Held, Stop, Subject, must, skip};
use plugin::{DirectoryHandle, DirectoryInstance, Refusal, Status};
use serde_json::Value;

/// Asked for at most.
const LIMIT: usize = 5;

fn table(subject: &Subject) -> Result<DirectoryHandle, Stop> {
    let table = subject.started()?.directory()?;
    Ok(table.ok_or("it has no directory table".to_owned())?)
}

/// One without options. Where it cannot be without, it says so, and only that can be seen here.
fn open(subject: &Subject) -> Result<DirectoryInstance, Stop> {
    match table(subject)?.open("{}") {
        Ok(directory) => Ok(directory),
        Err(refusal) if wants_options(&refusal) => skip("it opens with options only"),
        Err(refusal) => Err(refusal.into()),
    }
}

fn wants_options(refusal: &Refusal) -> bool {
    refusal.status == Status::BAD_ARGUMENT && !refusal.reason.is_empty()
}

/// Opens, asks, closes.
pub(crate) fn once(subject: &Subject) -> Held {
    match open(subject) {
        Ok(mut directory) => ask(&mut directory, r#"{"text":"a","limit":1}"#).map(|_| ()),
        Err(Stop::Skip(_)) => Ok(()),
        Err(fail) => Err(fail),
    }
}

/// An answer, taken apart; none where the directory says that it cannot.
fn ask(directory: &mut DirectoryInstance, question: &str) -> Result<Option<Vec<Value>>, Stop> {
    let said = match directory.search(question) {
        Ok(said) => said,
        Err(refusal) if refusal.status == Status::UNSUPPORTED => return Ok(None),
        Err(refusal) => return Err(format!("search({question}) says {refusal}").into()),
    };
    let read = serde_json::from_str(&said);
    let list = read.map_err(|why| format!("search({question}) gives {said:?}: {why}"))?;
    Ok(Some(list))
}

fn questions() -> [String; 4] {
    let asks = [
        r#""text":"a""#,
        r#""text":"""#,
        r#""number":"101""#,
        r#""all":true"#,
    ];
    asks.map(|ask| format!(r#"{{{ask},"limit":{LIMIT}}}"#))
}

pub(crate) fn answers(subject: &Subject) -> Held {
    let mut directory = open(subject)?;
    for question in questions() {
        for entry in ask(&mut directory, &question)?.unwrap_or_default() {
            let name = entry.get("name").and_then(Value::as_str);
            must!(name.is_some(), "{entry} has no name");
            let numbers = entry.get("numbers").and_then(Value::as_array);
            let numbers = numbers.is_some_and(|all| all.iter().all(Value::is_string));
            must!(numbers, "{entry} has no list of numbers");
        }
    }
    Ok(())
}

pub(crate) fn limited(subject: &Subject) -> Held {
    let mut directory = open(subject)?;
    for question in questions() {
        let found = ask(&mut directory, &question)?.map_or(0, |list| list.len());
        must!(found <= LIMIT, "search({question}) gives {found} people");
    }
    Ok(())
}

pub(crate) fn odd_options(subject: &Subject) -> Held {
    let table = table(subject)?;
    let mut chance = Chance::new(subject.seed);
    for n in 0..100 {
        let text = match n {
            0 => "{".to_owned(),
            _ => chance.text(r#"{"url":"","base":"","limit":1}"#),
        };
        if let Err(refusal) = table.open(&text) {
            must!(refusal.status != Status::PANIC, "it panicked at {text:?}");
        }
    }
    Ok(())
}

pub(crate) fn odd_questions(subject: &Subject) -> Held {
    let mut directory = open(subject)?;
    let mut chance = Chance::new(subject.seed);
    for _ in 0..100 {
        let text = chance.text(r#"{"text":"bob","limit":5}"#);
        if let Err(refusal) = directory.search(&text) {
            must!(refusal.status != Status::PANIC, "it panicked at {text:?}");
        }
    }
    Ok(())
}

pub(crate) fn unknown_questions(subject: &Subject) -> Held {
    let mut directory = open(subject)?;
    let found = ask(&mut directory, r#"{"shoe_size":"44","limit":5}"#)?;
    must!(
        found.as_ref().is_none_or(Vec::is_empty),
        "asked for nothing that it knows, it gives {found:?}"
    );
    let known = ask(&mut directory, r#"{"text":"a","shoe_size":"44","limit":5}"#)?;
    let plain = ask(&mut directory, r#"{"text":"a","limit":5}"#)?;
    must!(known == plain, "what it does not know changes its answer");
    Ok(())
}
