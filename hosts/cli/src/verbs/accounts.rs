//! `accounts`: all accounts and how they stand.

use super::{Context, account_object, odd_reply};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use crate::words;
use control::command::NoFields;
use control::{AccountSnapshot, Command, ExitCode, Reply};

pub(crate) fn run(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::ListAccounts(NoFields {}))?;
    let Reply::Accounts { accounts } = &reply else {
        return Err(odd_reply(&reply));
    };
    match context.out.form() {
        Form::Json => context.out.object(&reply),
        Form::Stream => accounts
            .iter()
            .for_each(|account| context.out.object(&account_object(account))),
        Form::Text => lines(accounts)
            .iter()
            .for_each(|line| context.out.line(line)),
    }
    Ok(ExitCode::Success)
}

/// One line an account, with a head; errors below.
pub(super) fn lines(accounts: &[AccountSnapshot]) -> Vec<String> {
    if accounts.is_empty() {
        return vec!["no accounts".to_owned()];
    }
    let head = ["account", "state", "address", "server", "more"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(accounts.iter().map(row));
    words::table(&rows)
}

fn row(account: &AccountSnapshot) -> Vec<String> {
    let mut more = Vec::new();
    if account.is_default {
        more.push("default".to_owned());
    }
    if account.do_not_disturb {
        more.push("do not disturb".to_owned());
    }
    if !account.forwarding.is_off() {
        more.push("forwarded".to_owned());
    }
    more.extend(account.expires_s.map(|s| format!("refresh within {s} s")));
    more.extend(
        account
            .error
            .as_ref()
            .map(|error| format!("{} {}", error.code, error.title)),
    );
    more.extend(account.next_try_s.map(|s| format!("next try in {s} s")));
    vec![
        account.account.to_string(),
        words::account_state(account.state).to_owned(),
        words::address(&account.aor).to_owned(),
        words::server(account),
        more.join(", "),
    ]
}
