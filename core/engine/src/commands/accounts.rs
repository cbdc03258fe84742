//! Accounts that commands set up.

use super::EXPIRES_S;
use base::{Duration, Redacted};
use control::command::AddAccount;
use control::{Code, ErrorObject};
use ports::account::Standby;
use ports::{Account, KeepAliveRule, blf};
use sip::registration::standby::PATIENCE;

/// An account from the words of a command.
pub(super) fn account(add: AddAccount) -> Result<Account, ErrorObject> {
    let uri = |text: String| {
        let bad = |_| {
            ErrorObject::new(
                Code::BAD_ADDRESS,
                format!("{} is no SIP address", control::quoted(&text)),
            )
        };
        text.parse::<sip_message::Uri>().map_err(bad)
    };
    let transport = match add.transport {
        control::command::Transport::Udp => sip::Transport::Udp,
        control::command::Transport::Tcp => sip::Transport::Tcp,
    };
    let server = |text: String| {
        let server = uri(match has_scheme(&text) {
            true => text,
            false => format!("sip:{text}"),
        });
        server.map(|server| ports::by_transport(server, transport))
    };
    let aor = uri(format!(
        "sip:{}@{}",
        sip_message::escape_user(&add.user),
        add.domain
    ))?;
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
        transport,
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

/// Whether it begins as a SIP URI does; `host:port` does not.
fn has_scheme(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("sip:") || lower.starts_with("sips:")
}
