//! `ladder`: who sent what when in a call.

use super::{Context, odd_reply};
use crate::args::{Format, Ladder};
use crate::error::Error;
use crate::ladder;
use crate::link::Engine;
use crate::out::Form;
use control::command::LadderOf;
use control::{Command, ExitCode, Reply};
use serde_json::json;

pub(crate) fn run(context: &mut Context, args: &Ladder) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::Ladder(LadderOf { call: args.call }))?;
    let Reply::Ladder { ladder } = &reply else {
        return Err(odd_reply(&reply));
    };
    let out = &mut context.out;
    if out.form() != Form::Text {
        out.object(&reply);
        return Ok(ExitCode::Success);
    }
    match args.format {
        Format::Text => {
            let lines = ladder::text(ladder, out.is_ascii());
            lines.iter().for_each(|line| out.line(line));
            let call = ladder.call;
            out.line(&format!(
                "save: offhook ladder {call} --format svg|mermaid|json"
            ));
        }
        Format::Mermaid => out.raw(&ladder::mermaid(ladder)),
        Format::Json => out.raw(&json!(ladder).to_string()),
        Format::Svg => out.raw(&ladder::svg(ladder)),
    }
    Ok(ExitCode::Success)
}
