//! Accounts from the settings, passwords read.

use crate::Error;
use base::Redacted;
use ports::account::Standby;
use ports::{Account, KeepAliveRule};
use settings::{KeepAlive, Settings, Transport};
use sip_message::{Uri, escape_user};

/// All of them, one marked as the default one.
pub(crate) fn accounts(settings: &Settings) -> Result<Vec<Account>, Error> {
    let default = settings.default_account.as_ref();
    let all = settings.accounts.iter();
    all.map(|from| account(from, default == Some(&from.id)))
        .collect()
}

fn account(from: &settings::Account, is_default: bool) -> Result<Account, Error> {
    let lookup = |name: &str| std::env::var(name).ok();
    let password = from.password.read(lookup).map_err(|why| Error::Password {
        account: from.id.clone(),
        why,
    })?;
    let uri = |text: &str| {
        let bad = |_| Error::BadAddress {
            account: from.id.clone(),
            text: text.to_owned(),
        };
        text.parse::<Uri>().map_err(bad)
    };
    let transport = match from.transport {
        Transport::Udp => sip::Transport::Udp,
        Transport::Tcp => sip::Transport::Tcp,
    };
    let server = |text: &String| {
        let server = match text.starts_with("sip:") || text.starts_with("sips:") {
            true => uri(text),
            false => uri(&format!("sip:{text}")),
        };
        server.map(|server| ports::by_transport(server, transport))
    };
    let every = from.keepalive_every;
    Ok(Account {
        name: from.id.clone(),
        aor: uri(&format!("sip:{}@{}", escape_user(&from.user), from.domain))?,
        display_name: from.display.clone(),
        auth_user: match from.auth_user.is_empty() {
            true => from.user.clone(),
            false => from.auth_user.clone(),
        },
        password: password.unwrap_or_else(|| Redacted::new(String::new())),
        registrar: from.registrar.as_ref().map(server).transpose()?,
        standby: from
            .standby
            .as_ref()
            .map(server)
            .transpose()?
            .map(|server| Standby {
                server,
                after: from.standby_after,
            }),
        outbound_proxy: from.outbound_proxy.as_ref().map(server).transpose()?,
        transport,
        expires: if from.register {
            from.expires
        } else {
            base::Duration::ZERO
        },
        keep_alive: match from.keepalive {
            KeepAlive::None => KeepAliveRule::None,
            KeepAlive::Crlf => KeepAliveRule::Crlf(every),
            KeepAlive::Options => KeepAliveRule::Options(every),
            KeepAlive::Stun => KeepAliveRule::Stun(every),
        },
        takes_unknown: from.udp_from_unknown,
        policy: std::sync::Arc::new(from.policy.clone()),
        is_default,
    })
}
