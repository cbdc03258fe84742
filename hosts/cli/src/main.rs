//! `offhook`: the command line of the phone.
//!
//! What it is: one word in, one thing done, told in plain lines or JSON, with an exit code that scripts
//! can build on. It asks a running engine over its control socket, in the words of `control`, and
//! shows what comes of it. What it is not: a phone, but for `demo`, `plugin run` and `plugin bisect`, which start one to
//! call with.
//!
//! | file | holds |
//! | --- | --- |
//! | `args` | what may be typed |
//! | `verbs` | one module a verb; each takes its arguments and a [`Context`](verbs::Context) |
//! | `link` | the connection: commands out, replies and events in, Ctrl+C among them |
//! | `place` | which socket |
//! | `error` | what can go wrong, and how the program then ends |
//! | `out` | lines and JSON on standard output, notes on standard error, colour, plain ASCII |
//! | `words` | calls, accounts and lengths of time as people say them |
//! | `ladder` | a ladder as text, Mermaid or SVG |
//! | `password` | passwords from a file, a variable or the keyboard |
//! | `os` | what only the operating system knows |

mod args;
mod error;
mod ladder;
mod link;
mod os;
mod out;
mod password;
mod place;
mod verbs;
mod words;

use args::Args;
use clap::Parser as _;
use control::ExitCode;
use error::Error;
use out::{Form, Out};
use verbs::Context;

fn main() -> std::process::ExitCode {
    let typed: Vec<_> = std::env::args_os().collect();
    let args = match Args::try_parse_from(&typed) {
        Ok(args) => args,
        Err(refused) => return refuse(&refused, &typed).into(),
    };
    let mut context = Context {
        out: Out::new(Form::of(&args.global), &args.global),
        global: args.global,
    };
    let ended = verbs::run(&mut context, args.verb);
    let code = ended.unwrap_or_else(|error| {
        context.out.error(&error);
        error.exit()
    });
    written(&mut context.out, code).into()
}

/// `code`, unless it says that all is well and the words of it were lost.
fn written(out: &mut Out, code: ExitCode) -> ExitCode {
    let Some(lost) = out.lost() else { return code };
    out.complain(&lost);
    if code == ExitCode::Success {
        return lost.exit();
    }
    code
}

/// Help and version are no errors; the rest is told like every error.
fn refuse(refused: &clap::Error, typed: &[std::ffi::OsString]) -> ExitCode {
    if !refused.use_stderr() {
        let mut out = Out::new(Form::Text, &args::Global::guess(typed));
        out.raw(&refused.render().to_string());
        return written(&mut out, ExitCode::Success);
    }
    let global = args::Global::guess(typed);
    let mut out = Out::new(Form::of(&global), &global);
    let error = Error::usage_of(refused);
    out.error(&error);
    error.exit()
}
