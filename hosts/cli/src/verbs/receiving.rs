//! `dnd` and `forward`: what becomes of calls that come in, switched while the engine runs.

use super::{Context, account_object, account_show};
use crate::args::{Dnd, Forward, Switch, When};
use crate::error::Error;
use crate::link::Engine;
use control::receiving::{self, ForwardWhen};
use control::{AccountHandle, AccountSnapshot, Code, Command, ErrorObject, EventBody, ExitCode};
use std::time::Duration;

/// A server that is dialled by a code has so long to answer: the engine gives it 30 s.
const DIALLED: Duration = Duration::from_secs(35);

pub(crate) fn dnd(context: &mut Context, args: Dnd) -> Result<ExitCode, Error> {
    let Some(switch) = args.switch else {
        return show(context, args.account.as_ref(), |of| vec![disturbed(of)]);
    };
    let on = switch == Switch::On;
    let asked = receiving::DoNotDisturb {
        account: args.account,
        on,
    };
    let changed = ask(context, Command::DoNotDisturb(asked), |_| true)?;
    context.out.line(&disturbed(&changed));
    context.out.object(&account_object(&changed));
    Ok(ExitCode::Success)
}

fn disturbed(account: &AccountSnapshot) -> String {
    let name = &account.account;
    match account.do_not_disturb {
        true => format!("{name} is not disturbed: callers hear busy"),
        false => format!("{name} takes calls"),
    }
}

/// How it is, of one account or of all.
fn show(
    context: &mut Context,
    of: Option<&AccountHandle>,
    lines: impl Fn(&AccountSnapshot) -> Vec<String>,
) -> Result<ExitCode, Error> {
    for account in account_show::known(context, of)? {
        lines(&account)
            .iter()
            .for_each(|line| context.out.line(line));
        context.out.object(&account_object(&account));
    }
    Ok(ExitCode::Success)
}

pub(crate) fn forward(context: &mut Context, args: Forward) -> Result<ExitCode, Error> {
    let (Some(when), Some(to)) = (args.when, args.to) else {
        return show(context, args.account.as_ref(), lines);
    };
    let to = Some(to).filter(|to| to != "off");
    let asked = receiving::Forward {
        account: args.account,
        when: match when {
            When::Always => ForwardWhen::Always,
            When::Busy => ForwardWhen::Busy,
            When::NoAnswer => ForwardWhen::NoAnswer,
        },
        to: to.clone(),
        after_s: args.after,
    };
    // Somebody else may change something while the server is dialled.
    let is_it = |told: &AccountSnapshot| {
        let now = &told.forwarding;
        to == *match asked.when {
            ForwardWhen::Always => &now.always,
            ForwardWhen::Busy => &now.busy,
            ForwardWhen::NoAnswer => &now.no_answer,
        }
    };
    let changed = ask(context, Command::Forward(asked.clone()), is_it)?;
    for line in lines(&changed) {
        context.out.line(&line);
    }
    context.out.object(&account_object(&changed));
    Ok(ExitCode::Success)
}

fn ask(
    context: &Context,
    command: Command,
    is_it: impl Fn(&AccountSnapshot) -> bool,
) -> Result<AccountSnapshot, Error> {
    let told = ["account.changed", "call.warning"];
    let mut engine = Engine::connect(&context.global, Some(&told))?;
    engine.wait_at_least(DIALLED);
    let (command, _) = engine.ask(command)?;
    engine.outcome((Code::ENGINE_BUSY, "the change"), |event| {
        if let EventBody::CallWarning(told) = &event.body
            && event.command == command
        {
            let error = ErrorObject::new(told.code, &told.text).fix(&told.fix);
            return Some(Err(error.into()));
        }
        let EventBody::AccountChanged(told) = &event.body else {
            return None;
        };
        is_it(&told.snapshot).then(|| Ok(told.snapshot.clone()))
    })
}

/// Where an account sends its calls, a line each.
fn lines(account: &AccountSnapshot) -> Vec<String> {
    let name = &account.account;
    let to = &account.forwarding;
    let line = |which: &str, to: &Option<String>| {
        let to = to.as_ref()?;
        Some(format!("{which} of {name} go to {to}"))
    };
    let after = to.after_s.map_or(String::new(), |s| format!(" for {s} s"));
    let lines = [
        line("all calls", &to.always),
        line("calls beside another", &to.busy),
        line(&format!("calls that nobody answers{after}"), &to.no_answer),
    ];
    let mut lines: Vec<String> = lines.into_iter().flatten().collect();
    if lines.is_empty() {
        lines.push(format!("calls of {name} stay here"));
    }
    lines
}
