//! Accounts that commands set up.

use super::EXPIRES_S;
use base::{Duration, Redacted};
use control::command::{AccountTls, AddAccount, Transport};
use control::{Code, ErrorObject};
use ports::account::{Standby, Tls, Towards};
use ports::{Account, KeepAliveRule, blf};
use sip::registration::standby::PATIENCE;

/// An account from the words of a command.
pub(super) fn account(add: AddAccount) -> Result<Account, ErrorObject> {
    let towards = match add.transport {
        Transport::Udp => Towards::UDP,
        Transport::Tcp => Towards::TCP,
        Transport::Tls => Towards::TLS,
        Transport::TlsSip => Towards::TLS_SIP,
    };
    let server = |text: String| towards.server(&text).map_err(|_| no_address(&text));
    let user = sip_message::escape_user(&add.user);
    let aor = format!("{}:{user}@{}", towards.scheme, add.domain);
    let aor = aor.parse().map_err(|_| no_address(&aor))?;
    let tls = tls(add.tls.as_deref())?;
    let expires = if add.register {
        add.expires_s.unwrap_or(EXPIRES_S)
    } else {
        0
    };
    Ok(Account {
        name: add.account.as_str().to_owned(),
        aor,
        display_name: add.display.unwrap_or_default(),
        auth_user: add.auth_user.unwrap_or(add.user),
        password: Redacted::new(
            add.password
                .map(|p| p.reveal().to_owned())
                .unwrap_or_default(),
        ),
        registrar: add.registrar.map(server).transpose()?,
        standby: add.standby.map(server).transpose()?.map(|server| Standby {
            server,
            after: add
                .standby_after_s
                .map_or(PATIENCE, |seconds| Duration::from_secs(u64::from(seconds))),
        }),
        outbound_proxy: add.outbound_proxy.map(server).transpose()?,
        transport: towards.transport,
        tls: std::sync::Arc::new(tls),
        expires: Duration::from_secs(u64::from(expires)),
        keep_alive: KeepAliveRule::None,
        takes_unknown: add.udp_from_unknown,
        allow_message: false,
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        policy: std::sync::Arc::default(),
        is_default: add.make_default,
        watches: blf::Watches::default(),
    })
}

fn no_address(text: &str) -> ErrorObject {
    let why = format!("{} is no SIP address", control::quoted(text));
    ErrorObject::new(Code::BAD_ADDRESS, why)
}

/// Files that can be used: a mistake is told now, and not with the first call.
fn tls(said: Option<&AccountTls>) -> Result<Tls, ErrorObject> {
    let Some(said) = said else {
        return Ok(Tls::default());
    };
    let own = match (&said.certificate, &said.key) {
        (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            let why = "a certificate is nothing without its key, nor the key without it";
            return Err(ErrorObject::new(Code::TLS_FILES, why));
        }
    };
    let tls = Tls {
        authorities: said.ca.iter().map(Into::into).collect(),
        pins: said.pins.clone(),
        own,
    };
    crate::peers::check(&tls)?;
    Ok(tls)
}
