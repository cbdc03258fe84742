//! `offhook`: the command line of the phone.
//!
//! What it is: one word in, one thing done, told in plain lines or JSON, with an exit code that scripts
//! can build on. What it is not: it holds no phone. It asks a running engine over its control socket,
//! in the words of `control`, and shows what comes of it.
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
    code.into()
}

/// Help and version are no errors; the rest is told like every error.
fn refuse(refused: &clap::Error, typed: &[std::ffi::OsString]) -> ExitCode {
    if !refused.use_stderr() {
        // Nobody reads the help any more: nothing is left to do about it.
        let _ = refused.print();
        return ExitCode::Success;
    }
    let global = args::Global::guess(typed);
    let mut out = Out::new(Form::of(&global), &global);
    let error = Error::usage_of(refused);
    out.error(&error);
    error.exit()
}
