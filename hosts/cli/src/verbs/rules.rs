//! `rules`: what would become of a number, and why. Nobody is called.

use super::{Context, odd_reply};
use crate::error::Error;
use crate::link::Engine;
use clap::{Args as Group, Subcommand};
use control::rules::{RulesOutcome, RulesTest, RulesTested};
use control::{AccountHandle, Command, ExitCode, Reply};

/// `rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Say what would become of a number, and why; nobody is called
    Test(Test),
}

/// `rules test`.
#[derive(Debug, Group)]
pub(crate) struct Test {
    /// A number, an address or a link, as it would be dialled
    number: String,
    /// It calls us, now
    #[arg(long)]
    incoming: bool,
    /// Rules of this account
    #[arg(long, value_name = "ID")]
    account: Option<AccountHandle>,
}

pub(crate) fn run(context: &mut Context, Rules::Test(args): Rules) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let asked = RulesTest {
        number: args.number,
        account: args.account,
        incoming: args.incoming,
    };
    let tested = ask(&mut engine, asked)?;
    for line in lines(&tested) {
        context.out.line(&line);
    }
    let outcome = tested.outcome;
    let tested = Box::new(tested);
    context.out.object(&Reply::Rules { tested });
    Ok(match outcome {
        RulesOutcome::NotDialled => ExitCode::Failed,
        RulesOutcome::Dial
        | RulesOutcome::Ring
        | RulesOutcome::Busy
        | RulesOutcome::Forward
        | RulesOutcome::Unknown => ExitCode::Success,
    })
}

/// What the engine says of a number.
pub(super) fn ask(engine: &mut Engine, asked: RulesTest) -> Result<RulesTested, Error> {
    let (_, reply) = engine.ask(Command::RulesTest(asked))?;
    let Reply::Rules { tested } = reply else {
        return Err(odd_reply(&reply));
    };
    Ok(*tested)
}

fn lines(tested: &RulesTested) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |what: &str, text: String| lines.push(format!("{what:<9} {text}"));
    say("account", tested.account.to_string());
    if let Some(located) = &tested.located {
        say("located", format!("{} → {located}", tested.number));
    }
    for step in &tested.steps {
        let more = if step.continues { ", and on" } else { "" };
        let rule = format!("rule {}", step.rule);
        say(&rule, format!("{} → {}{more}", step.before, step.after));
    }
    say("becomes", outcome(tested));
    say("why", tested.reason.clone());
    if let Some(other) = &tested.through {
        say("through", format!("account {other}"));
    }
    for (name, value) in &tested.headers {
        say("adds", format!("{name}: {value}"));
    }
    if !tested.after.is_empty() {
        say(
            "then",
            format!("{}, each comma a pause of 2 s", tested.after),
        );
    }
    if tested.record {
        say("records", "the call".to_owned());
    }
    if tested.confirm {
        say("asks", "before a clicked link calls it".to_owned());
    }
    lines
}

fn outcome(tested: &RulesTested) -> String {
    let to = tested.forward_to.as_deref().unwrap_or("nobody");
    match tested.outcome {
        RulesOutcome::Dial => format!("a call to {}", tested.becomes),
        RulesOutcome::NotDialled => "no call".to_owned(),
        RulesOutcome::Ring => match (tested.answer_after_s, tested.forward_after_s) {
            (Some(after), _) => format!("ringing, answered after {after} s"),
            (None, Some(after)) => format!("ringing, sent to {to} after {after} s"),
            (None, None) => "ringing".to_owned(),
        },
        RulesOutcome::Busy => "refused with 486 Busy Here".to_owned(),
        RulesOutcome::Forward => format!("sent to {to} with 302"),
        RulesOutcome::Unknown => "something that this program does not know".to_owned(),
    }
}
