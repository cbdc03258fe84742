//! `explain`: what a code means. Needs no engine.

use super::Context;
use crate::args::Explain;
use crate::error::Error;
use crate::out::Form;
use control::index::{Entry, INDEX, explain, find};
use control::{Code, ExitCode};
use serde_json::{Value, json};

pub(crate) fn run(context: &mut Context, args: &Explain) -> Result<ExitCode, Error> {
    let out = &mut context.out;
    let Some(code) = args.code else {
        match out.form() {
            Form::Text => INDEX
                .iter()
                .for_each(|entry| out.line(&format!("{}  {}", entry.code, entry.title))),
            Form::Json => {
                let codes: Vec<_> = INDEX.iter().map(object).collect();
                out.object(&json!({ "kind": "codes", "codes": codes }));
            }
            Form::Stream => INDEX.iter().for_each(|entry| out.object(&object(entry))),
        }
        return Ok(ExitCode::Success);
    };
    let (Some(entry), Some(text)) = (find(code), explain(code)) else {
        return Err(no_such(code));
    };
    text.lines().for_each(|line| out.line(line));
    out.object(&object(entry));
    Ok(ExitCode::Success)
}

fn no_such(code: Code) -> Error {
    Error::usage(
        format!("there is no code {code}"),
        "see all of them: offhook explain",
    )
}

fn object(entry: &Entry) -> Value {
    json!({
        "code": entry.code,
        "title": entry.title,
        "cause": entry.cause,
        "fix": entry.fix,
        "exit": entry.exit.number(),
    })
}
