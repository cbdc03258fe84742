//! `account add` and `account remove`.

use super::{Context, account_object, register};
use crate::args::{self, OneAccount};
use crate::error::Error;
use crate::link::Engine;
use crate::password;
use control::command::{AccountRef, AccountTls, AddAccount, Transport};
use control::snapshot::AccountState;
use control::{AccountHandle, Code, Command, EventBody, ExitCode, Reply};
use std::path::PathBuf;

pub(crate) fn add(context: &mut Context, args: &args::AddAccount) -> Result<ExitCode, Error> {
    let mut command = from_args(args)?;
    // The engine first: nobody types a password for an engine that is not there.
    let mut engine = Engine::connect(&context.global, Some(&["account.*"]))?;
    command.password = password::read(args)?;
    let (account, registers) = (command.account.clone(), command.register);
    let (_, reply) = engine.ask(Command::AddAccount(Box::new(command)))?;
    context
        .out
        .line(&format!("account {account} is set up for this run"));
    if !registers {
        context.out.object(&reply);
        return Ok(ExitCode::Success);
    }
    let snapshot = if let Reply::Account { account } = reply
        && account.state == AccountState::Registered
    {
        *account
    } else {
        register::registered(&mut engine, &account)?
    };
    register::tell(context, &snapshot);
    context.out.object(&account_object(&snapshot));
    Ok(ExitCode::Success)
}

pub(crate) fn remove(context: &mut Context, args: OneAccount) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["account.removed"]))?;
    let account = args.account;
    engine.ask(Command::RemoveAccount(AccountRef {
        account: account.clone(),
    }))?;
    let snapshot = engine.outcome((Code::ENGINE_BUSY, "the removal"), |event| {
        let EventBody::AccountRemoved(data) = &event.body else {
            return None;
        };
        (data.snapshot.account == account).then(|| Ok(data.snapshot.clone()))
    })?;
    context.out.line(&format!("account {account} is removed"));
    context.out.object(&account_object(&snapshot));
    Ok(ExitCode::Success)
}

/// Files by their whole path: the engine has another folder.
fn tls(args: &args::AddAccount) -> Option<Box<AccountTls>> {
    let whole = |file: &PathBuf| {
        let whole = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        whole.display().to_string()
    };
    let tls = AccountTls {
        ca: args.tls_ca.iter().map(whole).collect(),
        pins: args.tls_pin.clone(),
        certificate: args.tls_certificate.as_ref().map(whole),
        key: args.tls_key.as_ref().map(whole),
    };
    (tls != AccountTls::default()).then(|| Box::new(tls))
}

/// All but the password.
fn from_args(args: &args::AddAccount) -> Result<AddAccount, Error> {
    let bad = |why: String| Error::usage(why, "an address is written alice@pbx.example");
    let address = ["sip:", "sips:"]
        .into_iter()
        .find_map(|scheme| args.address.strip_prefix(scheme))
        .unwrap_or(&args.address);
    let (user, domain) = address
        .split_once('@')
        .filter(|(user, domain)| !user.is_empty() && !domain.is_empty() && !domain.contains('@'))
        .ok_or_else(|| bad(format!("'{}' is no address", args.address)))?;
    let id = match &args.id {
        Some(id) => id.clone(),
        None => address
            .replace(':', "-")
            .parse::<AccountHandle>()
            .map_err(|_| {
                let fix = "give it an id with --id: letters, digits, - _ . @";
                Error::usage(format!("'{address}' cannot be an id"), fix)
            })?,
    };
    Ok(AddAccount {
        account: id,
        user: user.to_owned(),
        domain: domain.to_owned(),
        auth_user: args.auth_user.clone(),
        password: None,
        display: args.display.clone(),
        registrar: args.registrar.clone(),
        standby: args.standby.clone(),
        standby_after_s: args.standby_after,
        outbound_proxy: args.outbound_proxy.clone(),
        transport: match args.transport {
            args::Transport::Udp => Transport::Udp,
            args::Transport::Tcp => Transport::Tcp,
            args::Transport::Tls => Transport::Tls,
            args::Transport::TlsSip => Transport::TlsSip,
        },
        tls: tls(args),
        expires_s: args.expires,
        register: !args.no_register,
        udp_from_unknown: args.udp_from_unknown,
        make_default: args.default,
    })
}
