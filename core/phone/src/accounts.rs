//! Accounts from the settings, passwords read.

use crate::Error;
use base::Redacted;
use ports::account::{Standby, Tls, Towards};
use ports::blf::{LampWish, Watched, Watches};
use ports::{Account, KeepAliveRule};
use settings::{BlfEvent, KeepAlive, Reach, Settings};
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
    let towards = match from.transport {
        Reach::Udp => Towards::UDP,
        Reach::Tcp => Towards::TCP,
        Reach::Tls => Towards::TLS,
        Reach::TlsSip => Towards::TLS_SIP,
    };
    let server = |text: &String| towards.server(text).map_err(|_| bad_address(from, text));
    let standby = from.standby.as_ref().map(server).transpose()?;
    Ok(Account {
        name: from.id.clone(),
        aor: address(towards, from)?,
        display_name: from.display.clone(),
        auth_user: match from.auth_user.is_empty() {
            true => from.user.clone(),
            false => from.auth_user.clone(),
        },
        password: password.unwrap_or_else(|| Redacted::new(String::new())),
        registrar: from.registrar.as_ref().map(server).transpose()?,
        standby: standby.map(|server| Standby {
            server,
            after: from.standby_after,
        }),
        outbound_proxy: from.outbound_proxy.as_ref().map(server).transpose()?,
        transport: towards.transport,
        tls: std::sync::Arc::new(Tls {
            authorities: from.tls.authorities.clone(),
            pins: from.tls.pins.clone(),
            own: from.tls.own.clone(),
        }),
        expires: if from.register {
            from.expires
        } else {
            base::Duration::ZERO
        },
        keep_alive: keep_alive(from),
        takes_unknown: from.udp_from_unknown,
        allow_message: from.allow_message,
        publish_presence: from.publish_presence,
        conference: from.conference.clone(),
        presence: ports::presence::Own::default(),
        policy: std::sync::Arc::new(from.policy.clone()),
        is_default,
        watches: watches(from),
    })
}

fn address(towards: Towards, from: &settings::Account) -> Result<Uri, Error> {
    let user = escape_user(&from.user);
    let text = format!("{}:{user}@{}", towards.scheme, from.domain);
    text.parse().map_err(|_| bad_address(from, &text))
}

fn bad_address(from: &settings::Account, text: &str) -> Error {
    Error::BadAddress {
        account: from.id.clone(),
        text: text.to_owned(),
    }
}

/// How the flow to the registrar is kept open.
const fn keep_alive(from: &settings::Account) -> KeepAliveRule {
    let every = from.keepalive_every;
    match from.keepalive {
        KeepAlive::None => KeepAliveRule::None,
        KeepAlive::Crlf => KeepAliveRule::Crlf(every),
        KeepAlive::Options => KeepAliveRule::Options(every),
        KeepAlive::Stun => KeepAliveRule::Stun(every),
    }
}

/// Extensions and mailbox that an account watches.
fn watches(from: &settings::Account) -> Watches {
    let lamps = from.blf.iter().map(|text| wish(text, false));
    let slots = from.park_slots.iter().map(|text| wish(text, true));
    Watches {
        lamps: lamps.chain(slots).collect(),
        expires: from.subscription_expires,
        poll_every: from.blf_poll,
        event: match from.blf_event {
            BlfEvent::Dialog => Watched::Calls,
            BlfEvent::Presence => Watched::Presence,
            BlfEvent::Reg => Watched::Bindings,
        },
        list: (!from.blf_list.is_empty()).then(|| from.blf_list.clone()),
        mailbox: from.subscribe_for_voicemail,
        voicemail_number: from.voicemail_number.clone(),
    }
}

/// `103`, or `Carol <103>`.
fn wish(text: &str, slot: bool) -> LampWish {
    let (label, target) = match text.split_once('<') {
        Some((label, rest)) => (label.trim(), rest.trim().trim_end_matches('>')),
        None => ("", text.trim()),
    };
    LampWish {
        target: target.trim().to_owned(),
        label: label.trim_matches('"').to_owned(),
        slot,
    }
}
