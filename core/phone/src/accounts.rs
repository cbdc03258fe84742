//! Accounts from the settings, passwords read.

use crate::Error;
use base::Redacted;
use ports::account::Standby;
use ports::blf::{LampWish, Watched, Watches};
use ports::{Account, KeepAliveRule};
use settings::{BlfEvent, KeepAlive, Settings, Transport};
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
    let standby = from.standby.as_ref().map(server).transpose()?;
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
        standby: standby.map(|server| Standby {
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
