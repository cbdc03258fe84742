//! Whose calls they are, and who may ask for a password.

use crate::Dialogs;
use base::{Instant, Machine, Redacted};
use ports::Account;
use sip::auth;
use sip::dialogs::Input;
use sip::session::AccountId;
use sip_message::Uri;
use std::sync::Arc;

impl Dialogs {
    pub(crate) fn add_account(&mut self, account: Account, now: Instant) {
        let id = match self.accounts.get(&account.name) {
            Some((id, _)) => *id,
            None => {
                self.next_account += 1;
                AccountId(self.next_account)
            }
        };
        let password = account.password.reveal();
        let credentials = (!password.is_empty()).then(|| auth::Credentials {
            user: account.auth_user.clone(),
            password: Redacted::new(password.clone()),
            realm: None,
        });
        // Whoever is called at one of them may ask for the password; anybody else is a stranger.
        let servers = [
            Some(&account.aor),
            account.registrar.as_ref(),
            account.outbound_proxy.as_ref(),
            account.standby.as_ref().map(|standby| &standby.server),
        ];
        let hops: Vec<_> = servers
            .into_iter()
            .flatten()
            .filter_map(|u| u.host().cloned())
            .collect();
        let authenticator = auth::Authenticator::new(credentials, &hops);
        self.sessions
            .handle(Input::Account(id, Some(authenticator)), now);
        if account.is_default {
            for (_, other) in self.accounts.values_mut() {
                other.is_default = false;
            }
        }
        self.accounts.insert(account.name.clone(), (id, account));
    }

    /// Other rules about its calls hold from now on.
    pub(crate) fn account_rules(&mut self, name: &str, policy: Arc<policy::Policy>) {
        if let Some((_, account)) = self.accounts.get_mut(name) {
            account.policy = policy;
        }
    }

    /// Calls that begin now go by the server that the account is registered at (M-018).
    pub(crate) fn account_moved(&mut self, name: &str, registrar: Option<Uri>) {
        if let Some((_, account)) = self.accounts.get_mut(name) {
            account.registrar = registrar;
        }
    }

    pub(crate) fn account_gone(&mut self, name: &str, now: Instant) {
        if let Some((id, _)) = self.accounts.remove(name) {
            self.sessions.handle(Input::Account(id, None), now);
        }
    }
}
