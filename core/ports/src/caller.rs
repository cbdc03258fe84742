//! How an account asks outside of dialogs: as whom, proved how, by which way; and whom it takes a request to be from.

use crate::Account;
use crate::account::by_transport;
use base::Redacted;
use policy::Identity;
use sip::{auth, outside};
use sip_message::{Host, NameAddr, Request, Uri, escape_user};

/// Whom a request says that it is from, in one of the header fields that say so: the first, where there are several.
pub fn identity_of(request: &Request, identity: Identity) -> Option<NameAddr> {
    let headers = request.headers();
    let all = match identity {
        Identity::From => return headers.from().ok(),
        Identity::Asserted => headers.asserted_identities(),
        Identity::RemoteParty => headers.remote_parties(),
        Identity::Preferred => headers.preferred_identities(),
    };
    all.ok()?.into_iter().next()
}

impl Account {
    /// From of its requests, without a tag.
    pub fn caller(&self) -> NameAddr {
        match self.display_name.is_empty() {
            true => NameAddr::new(&self.aor),
            false => NameAddr::named(&self.display_name, &self.aor),
        }
    }

    /// Whom a request to it is from, in the order that its settings say (K-148). What others say of that is believed
    /// only where it is `trusted`: came from a server of the account's.
    pub fn asked_by(&self, request: &Request, trusted: bool) -> Option<NameAddr> {
        let order = &self.policy.receiving.identity;
        let said = |identity| identity_of(request, identity);
        order.choose(trusted, said).map(|(_, who)| who)
    }

    /// Who proves that it is this account, to its own servers and nobody else.
    pub fn authenticator(&self) -> auth::Authenticator {
        let password = self.password.reveal();
        let credentials = (!password.is_empty()).then(|| auth::Credentials {
            user: self.auth_user.clone(),
            password: Redacted::new(password.clone()),
            realm: None,
        });
        let servers = [
            Some(&self.aor),
            self.registrar.as_ref(),
            self.outbound_proxy.as_ref(),
        ];
        let hops = servers.into_iter().flatten();
        let hops: Vec<Host> = hops.filter_map(|uri| uri.host().cloned()).collect();
        auth::Authenticator::new(credentials, &hops)
    }

    /// Whether `uri` is at the account's own domain.
    pub fn is_own(&self, uri: &Uri) -> bool {
        let (Some(aor), Some(uri)) = (self.aor.sip(), uri.sip()) else {
            return false;
        };
        aor.host() == uri.host() && aor.port() == uri.port()
    }

    /// `target` as Request-URI: by the account's transport at its own domain.
    pub fn aimed(&self, target: &Uri) -> Uri {
        match self.is_own(target) {
            true => by_transport(target.clone(), self.transport),
            false => target.clone(),
        }
    }

    /// The proxy that requests to `target` pass: as for calls.
    pub fn proxy_to(&self, target: &Uri) -> Option<Uri> {
        let registrar = || {
            let registrar = self.registrar.clone()?;
            let elsewhere = self.is_own(target) && !self.is_own(&registrar);
            elsewhere.then(|| by_transport(registrar, self.transport))
        };
        self.outbound_proxy.clone().or_else(registrar)
    }

    /// Route of requests to `target`.
    pub fn route_to(&self, target: &Uri) -> Vec<NameAddr> {
        self.proxy_to(target).iter().map(loose).collect()
    }

    /// It asks `target` for something outside of dialogs.
    pub fn sender(&self, target: &Uri) -> outside::Sender {
        outside::Sender {
            target: self.aimed(target),
            from: self.caller(),
            route: self.route_to(target),
            auth: self.authenticator(),
        }
    }

    /// Whom `text` means: an address, or an extension at the account's domain (K-199).
    pub fn address(&self, text: &str) -> Option<Uri> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("sip:") || lower.starts_with("sips:") {
            return text.parse().ok();
        }
        if text.is_empty() || text.contains(char::is_whitespace) {
            return None;
        }
        let uri = match text.rsplit_once('@') {
            Some((user, domain)) => format!("{}:{}@{domain}", self.scheme(), escape_user(user)),
            None => {
                let aor = self.aor.sip()?;
                let port = aor.port();
                let port = port.map_or_else(String::new, |port| format!(":{port}"));
                format!(
                    "{}:{}@{}{port}",
                    self.scheme(),
                    escape_user(text),
                    aor.host()
                )
            }
        };
        uri.parse().ok()
    }
}

fn loose(proxy: &Uri) -> NameAddr {
    match proxy {
        Uri::Sip(uri) if uri.param("lr").is_none() => {
            NameAddr::new(&Uri::Sip(uri.with_param("lr", "")))
        }
        Uri::Sip(_) | Uri::Tel(_) | Uri::Other(_) => NameAddr::new(proxy),
    }
}
