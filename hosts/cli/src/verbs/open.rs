//! `open`: calls what a clicked link says. Whoever wrote the link is a stranger.

use super::{Context, call, rules};
use crate::args;
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use clap::Args as Group;
use control::rules::{RulesOutcome, RulesTest};
use control::{AccountHandle, Code, ErrorObject, ExitCode, quoted};
use policy::Link;
use std::io::{BufRead as _, IsTerminal as _, Read as _, stdin, stdout};

/// Longest answer that is read. Unit: bytes.
const ANSWER: u64 = 64;

/// `open`.
#[derive(Debug, Group)]
pub(crate) struct Open {
    /// One tel:, sip:, sips: or callto: URI of at most 256 bytes
    uri: String,
    /// Call it without asking
    #[arg(long)]
    yes: bool,
    /// Call from this account
    #[arg(long, value_name = "ID")]
    account: Option<AccountHandle>,
}

pub(crate) fn run(context: &mut Context, args: Open) -> Result<ExitCode, Error> {
    let link = Link::read(&args.uri).map_err(|why| {
        let detail = format!("{} starts no call: {why}", quoted(&args.uri));
        let fix = "open a link that begins with tel:, sip:, sips: or callto:";
        Error::from(ErrorObject::new(Code::BAD_ADDRESS, detail).fix(fix))
    })?;
    let mut engine = Engine::heeding(&context.global, &call::HEEDED)?;
    let asked = RulesTest {
        number: link.to.clone(),
        account: args.account.clone(),
        incoming: false,
    };
    let tested = rules::ask(&mut engine, asked)?;
    if tested.outcome == RulesOutcome::NotDialled {
        let detail = format!("{} cannot be called: {}", quoted(&link.to), tested.reason);
        return Err(Error::new(Code::BAD_ADDRESS, detail));
    }
    if tested.confirm && !args.yes && !confirmed(context, &tested.becomes) {
        let detail = format!("the link to {} waits for a yes", quoted(&tested.becomes));
        let fix =
            "call it with: offhook open --yes URI; when to ask is dial.uri_confirm in the settings";
        return Err(ErrorObject::new(Code::NOT_PERMITTED, detail)
            .fix(fix)
            .into());
    }
    let to = link.to;
    let (talk, account) = (None, args.account);
    call::run_on(
        context,
        engine,
        &args::Call {
            to,
            talk,
            account,
            action: None,
        },
    )
}

/// Asks the person, where there is one.
fn confirmed(context: &mut Context, to: &str) -> bool {
    let is_person = stdin().is_terminal() && stdout().is_terminal();
    if !is_person || context.out.form() != Form::Text {
        return false;
    }
    context.out.line(&format!(
        "call {to}? type y and Enter, or Enter alone for no"
    ));
    let mut line = String::new();
    let read = stdin().lock().take(ANSWER).read_line(&mut line);
    read.is_ok() && ["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str())
}
