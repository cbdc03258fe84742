//! `plugin check`: the validator. Needs no engine.

use super::Context;
use crate::args::{PluginCheck, PluginCheckOne};
use crate::error::Error;
use crate::out::Form;
use control::{Code, ErrorObject, ExitCode};
use plugin_testkit::{LIST, Report};
use serde_json::json;
use std::path::Path;
use std::process::Command;

pub(crate) fn run(context: &mut Context, args: &PluginCheck) -> Result<ExitCode, Error> {
    if !args.file.is_file() {
        return Err(Error::usage(
            format!("{} is no file that is there", args.file.display()),
            "name the library that was built, such as target/release/libmine.so",
        ));
    }
    if let Some(code) = args
        .only
        .iter()
        .find(|code| LIST.iter().all(|check| check.code != **code))
    {
        let known: Vec<_> = LIST.iter().map(|check| check.code).collect();
        return Err(Error::usage(
            format!("there is no check {code}"),
            format!("the checks are {}", known.join(" ")),
        ));
    }
    let report = report(&args.file, args.seed, &args.only)?;
    if let Some(path) = &args.junit {
        std::fs::write(path, report.junit())
            .map_err(|error| failed(&format!("{}: {error}", path.display())))?;
    }
    tell(context, &report);
    Ok(match report.passed() {
        true => ExitCode::Success,
        false => ExitCode::Plugin,
    })
}

/// Asks the checks, each of a child of this program.
pub(super) fn report(file: &Path, seed: u64, only: &[String]) -> Result<Report, Error> {
    let me = std::env::current_exe().map_err(|error| failed(&error.to_string()))?;
    Ok(plugin_testkit::check(file, seed, only, |code| {
        let mut child = Command::new(&me);
        child.args(["plugin", "check-one"]).arg(file);
        child.arg(code).arg(seed.to_string());
        child
    }))
}

/// The child's side.
pub(crate) fn one(args: &PluginCheckOne) -> ! {
    plugin_testkit::child(&args.file, &args.code, args.seed)
}

pub(super) fn tell(context: &mut Context, report: &Report) {
    let out = &mut context.out;
    let (ok, asked, skipped) = report.counts();
    match out.form() {
        Form::Text => {
            for (check, why) in report.failures() {
                out.line(&format!("fail {} {why}", check.code));
                out.line(&format!("  want  {}", check.title));
                out.line(&format!("  fix   {}", check.fix));
            }
            let plugin = report.plugin.as_deref().unwrap_or("no plugin");
            let left = match skipped {
                0 => String::new(),
                count => format!(", {count} not asked"),
            };
            out.line(&format!(
                "{ok}/{asked} ok{left}  {plugin}, seed {}",
                report.seed
            ));
        }
        Form::Json | Form::Stream => {
            let counts = json!({ "ok": ok, "asked": asked, "skipped": skipped });
            out.object(&json!({
                "kind": "plugin-check", "passed": report.passed(), "counts": counts, "report": report,
            }));
        }
    }
}

fn failed(why: &str) -> Error {
    ErrorObject::new(Code::USAGE, why).into()
}
