//! One account, as every part that acts for it knows it.

use crate::blf::Watches;
use base::{Duration, Redacted};
use core::net::SocketAddr;
use sip::Transport;
use sip_message::{Host, Request, SipUri, Uri};
use std::path::PathBuf;
use std::sync::Arc;

/// Who an account is, where it registers and what it says of itself.
#[derive(Debug, Clone)]
pub struct Account {
    /// Short name, unique in the engine.
    pub name: String,
    /// Address of record (RFC 3261 §10).
    pub aor: Uri,
    /// Shown to the people we call; may be empty.
    pub display_name: String,
    /// Name for digest; usually the AOR's user part.
    pub auth_user: String,
    /// Digest secret.
    pub password: Redacted<String>,
    /// The registrar's URI, where it differs from the AOR's domain.
    pub registrar: Option<Uri>,
    /// Next hop by configuration, before everything else (RFC 3261 §8.1.2).
    pub outbound_proxy: Option<Uri>,
    /// The server that stands by for the registrar (M-017).
    pub standby: Option<Standby>,
    /// How to travel where no URI says so. With TLS nothing of it travels in the clear, whatever a URI says.
    pub transport: Transport,
    /// Whom it believes over TLS, and how it proves who it is.
    pub tls: Arc<Tls>,
    /// Lifetime to ask for. Unit: time. Zero: the account does not register. Otherwise its policy says when.
    pub expires: Duration,
    /// How the flow to the registrar is kept open.
    pub keep_alive: KeepAliveRule,
    /// Calls over UDP may come from anywhere, not only from the account's servers (K-019).
    pub takes_unknown: bool,
    /// Text messages go out and are taken (K-015).
    pub allow_message: bool,
    /// How its person is, is published at its server (M-097).
    pub publish_presence: bool,
    /// How they say they are.
    pub presence: crate::presence::Own,
    /// The conference of its server: an address, or a user part at its domain. Empty: there is none (M-070).
    pub conference: String,
    /// Calls that name no account are made from it; the account that says so last is it.
    pub is_default: bool,
    /// Extensions and mailbox that it watches.
    pub watches: Watches,
    /// Rules about what it dials and what comes in.
    pub policy: Arc<policy::Policy>,
}

impl Account {
    /// Whether it registers by itself and stays so.
    pub fn registers(&self) -> bool {
        !self.expires.is_zero() && self.policy.registers == policy::Registers::Always
    }

    /// Whether it is registered for the calls that it makes, as long as they last (K-147).
    pub fn registers_for_calls(&self) -> bool {
        !self.expires.is_zero() && self.policy.registers == policy::Registers::ForCalls
    }

    /// The scheme of its addresses: `sips` where it says so of itself (K-011).
    pub fn scheme(&self) -> &'static str {
        match self.is_sips() {
            true => "sips",
            false => "sip",
        }
    }

    fn is_sips(&self) -> bool {
        self.aor.sip().is_some_and(SipUri::is_secure)
    }

    /// Its own domain as a server, by its transport (RFC 3261 §10.2).
    pub fn domain(&self) -> Uri {
        match &self.aor {
            Uri::Sip(aor) => {
                let server = SipUri::new(None, aor.host(), aor.port());
                let server = server.with_secure(aor.is_secure());
                by_transport(Uri::Sip(server), self.transport)
            }
            other @ (Uri::Tel(_) | Uri::Other(_)) => other.clone(),
        }
    }

    /// Where it is reached at `local` by `transport`: Contact of its requests and answers.
    pub fn contact(&self, local: SocketAddr, transport: Transport) -> Uri {
        let host = Host::from(local.ip());
        let contact = SipUri::new(self.aor.user(), &host, Some(local.port()));
        let is_sips = self.is_sips() && transport.is_secure();
        by_transport(Uri::Sip(contact.with_secure(is_sips)), transport)
    }

    /// Its servers: proxy, registrar, the one that stands by, and its domain.
    pub fn servers(&self) -> impl Iterator<Item = &Uri> {
        let named = self.outbound_proxy.iter().chain(&self.registrar);
        let standby = self.standby.iter().map(|standby| &standby.server);
        named.chain(standby).chain([&self.aor])
    }

    /// Whether a number leads out of the house, where nobody can be watched (M-114). Where the account says nothing of
    /// dialling, it does if it is written for the outside.
    pub fn is_outside(&self, number: &str) -> bool {
        match &self.policy.dialling.location {
            Some(location) => location.is_outside(number),
            None => number.trim_start().starts_with('+'),
        }
    }

    /// Whose history and contacts are kept under this account: of who logs in with which name as whom. A number
    /// that is given to somebody else with another login shows nothing of who had it before (M-022, M-023).
    pub fn owner(&self) -> String {
        format!("{} {}", self.auth_user, self.aor)
    }

    /// This one, and nobody else's of its name.
    pub fn whose(&self) -> Whose {
        Whose {
            account: self.name.clone(),
            owner: self.owner(),
        }
    }
}

/// Whom an account believes over TLS, and how it proves who it is. The driver reads the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tls {
    /// Files of authorities (PEM) that are believed instead of the system's. Empty: the system's.
    pub authorities: Vec<PathBuf>,
    /// Keys that a server may have, each `sha256/` and base64. Empty: any.
    pub pins: Vec<String>,
    /// Its certificate and the key of that (PEM), for servers that ask.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// An account by its name, and whose it is: one that was set up anew under the same name may be somebody else's (M-023).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The account.
    pub account: String,
    /// See [`Account::owner`].
    pub owner: String,
}

impl Whose {
    /// Whether it is this account.
    pub fn is(&self, account: &Account) -> bool {
        self.account == account.name && self.owner == account.owner()
    }
}

/// How an account reaches its servers, and whether its addresses say so: what K-011 writes as `udp`, `tcp`, `tls` and
/// `tls+sip:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Towards {
    /// How its requests travel.
    pub transport: Transport,
    /// `sips`, where every hop to whoever is called has to keep them secret; else `sip`.
    pub scheme: &'static str,
}

impl Towards {
    /// By datagrams, or over TCP where they are too large.
    pub const UDP: Self = Self::sip(Transport::Udp);
    /// By a connection.
    pub const TCP: Self = Self::sip(Transport::Tcp);
    /// Over TLS, with `sips:` addresses.
    pub const TLS: Self = Self {
        transport: Transport::Tls,
        scheme: "sips",
    };
    /// Over TLS, with `sip:` addresses.
    pub const TLS_SIP: Self = Self::sip(Transport::Tls);

    const fn sip(transport: Transport) -> Self {
        Self {
            transport,
            scheme: "sip",
        }
    }

    /// The server that `text` names: an address, or host and port alone.
    pub fn server(self, text: &str) -> Result<Uri, sip_message::Malformed> {
        let lower = text.to_ascii_lowercase();
        let has_scheme = lower.starts_with("sip:") || lower.starts_with("sips:");
        let server: Uri = match has_scheme {
            true => text.parse()?,
            false => format!("{}:{text}", self.scheme).parse()?,
        };
        Ok(by_transport(server, self.transport))
    }
}

/// Allow of an account's requests outside of calls, whose texts are taken or not (K-015).
pub fn allow(messages: bool) -> String {
    let all = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY";
    match messages {
        true => format!("{all}, MESSAGE"),
        false => all.to_owned(),
    }
}

/// A server's URI by the account's transport, which holds where the URI names none. What is called by
/// `sips:` chooses for itself.
pub fn by_transport(server: Uri, transport: Transport) -> Uri {
    match &server {
        Uri::Sip(uri)
            if transport.is_reliable() && !uri.is_secure() && uri.param("transport").is_none() =>
        {
            Uri::Sip(uri.with_param("transport", transport.uri_name()))
        }
        Uri::Sip(_) | Uri::Tel(_) | Uri::Other(_) => server,
    }
}

/// The account for calls that name none: the one that says so, or else the first by name.
pub fn default_of<'a>(accounts: impl Iterator<Item = &'a Account>) -> Option<&'a Account> {
    accounts.min_by_key(|account| (!account.is_default, account.name.as_str()))
}

/// The account that a request outside of dialogs is for: by the name that it goes to, or else by To.
pub fn meant<'a>(
    accounts: impl Iterator<Item = &'a Account> + Clone,
    request: &Request,
) -> Option<&'a Account> {
    let asked = request.uri().ok();
    let to = request.headers().to().ok();
    let users = [
        asked.as_ref().and_then(|uri| uri.user()),
        to.as_ref().and_then(|to| to.uri().user()),
    ];
    // Two servers may know us by the same name: To says which one is meant.
    let home = to.as_ref().and_then(|to| to.uri().host());
    let named = |user: &str| {
        let of = accounts
            .clone()
            .filter(|account| account.aor.user() == Some(user));
        of.min_by_key(|account| {
            let is_home = home.is_some() && account.aor.host() == home;
            (!is_home, !account.is_default, account.name.as_str())
        })
    };
    users.into_iter().flatten().find_map(named)
}

/// A server that stands by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standby {
    /// It, as a registrar.
    pub server: Uri,
    /// How long the server in use may be silent before the other one is tried.
    pub after: Duration,
}

/// How the flow to the registrar is kept open between refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepAliveRule {
    /// Nothing is sent.
    None,
    /// Double CRLF this often (RFC 5626 §3.5.1).
    Crlf(Duration),
    /// OPTIONS this often (M-008).
    Options(Duration),
    /// STUN Binding this often (RFC 5626 §3.5.2).
    Stun(Duration),
}
