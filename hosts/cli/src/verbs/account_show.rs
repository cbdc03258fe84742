//! `account show`: the registration of one account, or of all.

use super::{Context, account_object, odd_reply};
use crate::args::ShowAccount;
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use crate::words;
use control::command::NoFields;
use control::snapshot::AccountState;
use control::{
    AccountHandle, AccountSnapshot, Code, Command, ErrorObject, ExitCode, Reply, Timestamp,
};

pub(crate) fn run(context: &mut Context, args: &ShowAccount) -> Result<ExitCode, Error> {
    let accounts = known(context, args.account.as_ref())?;
    let now = words::now();
    for (place, account) in accounts.iter().enumerate() {
        if context.out.form() != Form::Text {
            context.out.object(&account_object(account));
            continue;
        }
        if place > 0 {
            context.out.line("");
        }
        let rows = words::table(&rows(account, now));
        rows.iter().for_each(|line| context.out.line(line));
    }
    Ok(ExitCode::Success)
}

/// All accounts, or the one that is wanted.
pub(super) fn known(
    context: &Context,
    wanted: Option<&AccountHandle>,
) -> Result<Vec<AccountSnapshot>, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::ListAccounts(NoFields {}))?;
    let Reply::Accounts { mut accounts } = reply else {
        return Err(odd_reply(&reply));
    };
    if let Some(wanted) = wanted {
        accounts.retain(|account| account.account == *wanted);
        if accounts.is_empty() {
            let why = format!("there is no account {wanted}");
            return Err(ErrorObject::new(Code::UNKNOWN_ACCOUNT, why).into());
        }
    }
    Ok(accounts)
}

/// What M-019 and M-020 name, each with "no data" where the account is not registered.
fn rows(account: &AccountSnapshot, now: Timestamp) -> Vec<Vec<String>> {
    let registered = account.state == AccountState::Registered;
    let data = |value: Option<String>| {
        let value = value.filter(|_| registered);
        value.unwrap_or_else(|| "no data".to_owned())
    };
    let contact = account.contact.as_ref().and_then(|c| c.rsplit_once(':'));
    let (address, port) = contact.unzip();
    let rest = account.until.map(|until| {
        let ms = until.unix_ms().saturating_sub(now.unix_ms());
        format!("{} s", ms / 1000)
    });
    let name = account
        .server_name
        .clone()
        .map(|name| match account.on_standby {
            true => format!("{name}, which stands by"),
            false => name,
        });
    let rows = [
        ("registration name", words::address(&account.aor).to_owned()),
        ("state", words::account_state(account.state).to_owned()),
        ("registered address", data(address.map(str::to_owned))),
        ("registered port", data(port.map(str::to_owned))),
        ("time that remains", data(rest)),
        ("server", data(name)),
    ];
    rows.map(|(name, value)| vec![name.to_owned(), value])
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(state: AccountState) -> AccountSnapshot {
        AccountSnapshot {
            account: "work".parse().unwrap(),
            aor: "sip:101@tenant.example".into(),
            state,
            is_default: true,
            transport: Some("udp".into()),
            server: Some("192.0.2.1:5060".into()),
            server_name: Some("pbx.example".into()),
            on_standby: false,
            contact: Some("192.0.2.7:5062".into()),
            expires_s: Some(600),
            until: Some(Timestamp::from_unix_ms(1_287_900)),
            rtt_ms: None,
            since: None,
            next_try_s: None,
            do_not_disturb: false,
            forwarding: control::receiving::Forwarding::default(),
            cause: None,
            error: None,
        }
    }

    fn shown(account: &AccountSnapshot) -> Vec<String> {
        let rows = rows(account, Timestamp::from_unix_ms(1_000_000));
        rows.into_iter().map(|row| row[1].clone()).collect()
    }

    #[test]
    fn m_019_m_020_a_registration_is_shown_in_full_or_as_no_data() {
        let mut work = account(AccountState::Registered);
        let name = "101@tenant.example";
        let expected = [
            name,
            "registered",
            "192.0.2.7",
            "5062",
            "287 s",
            "pbx.example",
        ];
        assert_eq!(shown(&work), expected);
        work.on_standby = true;
        assert_eq!(shown(&work)[5], "pbx.example, which stands by");
        let none = ["no data"; 4];
        for state in [AccountState::Failed, AccountState::Unregistered] {
            let shown = shown(&account(state));
            assert_eq!(shown[0], name);
            assert_eq!(shown[2..], none);
        }
    }
}
