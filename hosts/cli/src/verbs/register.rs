//! `register` and `unregister`.

use super::{Context, account_object};
use crate::args::OneAccount;
use crate::error::Error;
use crate::link::Engine;
use crate::words;
use control::command::AccountRef;
use control::event::AccountChange;
use control::{
    AccountHandle, AccountSnapshot, Code, Command, ErrorObject, Event, EventBody, ExitCode,
};

pub(crate) fn register(context: &mut Context, args: OneAccount) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["account.*"]))?;
    let account = args.account;
    engine.ask(Command::Register(AccountRef {
        account: account.clone(),
    }))?;
    let snapshot = registered(&mut engine, &account)?;
    tell(context, &snapshot);
    context.out.object(&account_object(&snapshot));
    Ok(ExitCode::Success)
}

pub(crate) fn unregister(context: &mut Context, args: OneAccount) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["account.*"]))?;
    let account = args.account;
    engine.ask(Command::Unregister(AccountRef {
        account: account.clone(),
    }))?;
    let snapshot = engine.outcome((Code::SERVER_SILENT, "the server's answer"), |event| {
        if let EventBody::AccountUnregistered(data) = &event.body
            && data.snapshot.account == account
        {
            return Some(Ok(data.snapshot.clone()));
        }
        refused(event, &account)
    })?;
    context
        .out
        .line(&format!("{account} is not registered any more"));
    context.out.object(&account_object(&snapshot));
    Ok(ExitCode::Success)
}

/// Waits for the server's answer to the account's REGISTER.
pub(super) fn registered(
    engine: &mut Engine,
    account: &AccountHandle,
) -> Result<AccountSnapshot, Error> {
    engine.outcome((Code::SERVER_SILENT, "the server's answer"), |event| {
        if let EventBody::AccountRegistered(data) = &event.body
            && data.snapshot.account == *account
        {
            return Some(Ok(data.snapshot.clone()));
        }
        refused(event, account)
    })
}

fn refused<T>(event: &Event, account: &AccountHandle) -> Option<Result<T, Error>> {
    let EventBody::AccountFailed(data) = &event.body else {
        return None;
    };
    (data.snapshot.account == *account).then(|| Err(failed(data)))
}

fn failed(change: &AccountChange) -> Error {
    let error = change.error.as_ref().or(change.snapshot.error.as_ref());
    match error {
        Some(error) => error.clone().into(),
        None => {
            let reason = change.reason.as_deref().unwrap_or("no reason was given");
            let error = ErrorObject::new(Code::REGISTRATION_REFUSED, reason);
            match change.sip_status {
                Some(status) => error.sip_status(status).into(),
                None => error.into(),
            }
        }
    }
}

/// `alice is registered in 182 ms at pbx.example:5061 udp, refresh within 300 s`.
pub(super) fn tell(context: &mut Context, account: &AccountSnapshot) {
    let mut text = format!("{} is registered", account.account);
    if let Some(ms) = account.rtt_ms {
        text.push_str(&format!(" in {ms} ms"));
    }
    text.push_str(&format!(" at {}", words::server(account)));
    if let Some(s) = account.expires_s {
        text.push_str(&format!(", refresh within {s} s"));
    }
    context.out.line(&text);
}
