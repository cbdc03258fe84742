//! One account: what it is, and how far it has come.

use base::{Duration, Instant, Redacted};
use control::snapshot::AccountSnapshot;
use control::{AccountHandle, CallHandle};
use ports::link::Path;
use ports::network::Why;
use ports::{Account, KeepAliveRule};
use sip::registration::{Account as SipAccount, KeepAlive, Standby};
use sip::{Target, auth};
use sip_message::{NameAddr, Uri};
use std::collections::BTreeMap;

/// How far an account has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The way to its registrar is not known (yet).
    Unrouted,
    /// A binding is looked after.
    Bound {
        /// Since when.
        since: Instant,
    },
}

/// One account of this part.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) account: Account,
    pub(crate) handle: Option<AccountHandle>,
    pub(crate) stage: Stage,
    /// Whether somebody asked for it to be registered, or not to be, whatever its settings say.
    pub(crate) said: Option<bool>,
    /// It goes as soon as its binding is removed.
    pub(crate) leaving: bool,
    /// Where its requests go, once that is known.
    pub(crate) server: Option<Target>,
    /// What was told of it last.
    pub(crate) told: Option<Box<AccountSnapshot>>,
    /// Why the last request failed, in words.
    pub(crate) detail: Why,
    /// When it began to register, to tell how long the server took; not known of later refreshes.
    pub(crate) asked: Option<Instant>,
    /// The contact that is registered, or was.
    pub(crate) contact: Option<Uri>,
    /// The connection to the server is gone, and the binding not renewed over another one yet.
    pub(crate) flow_lost: bool,
    /// Which of two servers is used, where it has two.
    pub(crate) standby: Option<Standby>,
    /// Calls that need it registered, and whether they were told that it is (K-147).
    pub(crate) calls: BTreeMap<CallHandle, bool>,
    pub(crate) tries: u32,
}

impl Known {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            handle: account.name.parse().ok(),
            standby: account.standby.as_ref().map(|two| Standby::new(two.after)),
            account,
            stage: Stage::Unrouted,
            said: None,
            leaving: false,
            server: None,
            told: None,
            detail: Why::default(),
            asked: None,
            contact: None,
            flow_lost: false,
            calls: BTreeMap::new(),
            tries: 0,
        }
    }

    /// The same account, told anew, as it is when another part was made anew: what was said of it stands, calls that
    /// need it still do, and the binding is where it was: at the same one of the same two servers, too.
    pub(crate) fn again(self, account: Account) -> Self {
        let before = (self.servers(), self.next_hop());
        let mut again = Self::new(account);
        if before.0 == again.servers() {
            again.standby.clone_from(&self.standby);
        }
        if before.1 == again.next_hop() {
            again.server = self.server;
        }
        Self {
            said: self.said,
            contact: self.contact,
            flow_lost: self.flow_lost,
            calls: self.calls,
            ..again
        }
    }

    /// Where it may be registered: the server that comes first, and the one that stands by.
    fn servers(&self) -> (Option<Uri>, Uri, Option<ports::account::Standby>) {
        let account = &self.account;
        let first = account.registrar.clone();
        (first, account.aor.clone(), account.standby.clone())
    }

    /// Whether it registers without a call that needs it.
    pub(crate) fn registers(&self) -> bool {
        self.said.unwrap_or_else(|| self.account.registers())
    }

    /// Whether it is to be registered now.
    pub(crate) fn is_needed(&self) -> bool {
        !self.leaving && (self.registers() || !self.calls.is_empty())
    }

    /// The URI of the registrar in use: as set, or the AOR's domain (RFC 3261 §10.2), by the account's transport.
    pub(crate) fn registrar(&self) -> Uri {
        if let Some(two) = &self.account.standby
            && self.on_standby()
        {
            return two.server.clone();
        }
        if let Some(registrar) = &self.account.registrar {
            return registrar.clone();
        }
        self.account.domain()
    }

    /// Where its requests go first.
    pub(crate) fn next_hop(&self) -> Uri {
        self.account
            .outbound_proxy
            .clone()
            .unwrap_or_else(|| self.registrar())
    }

    /// Where it is reached under the address that the next hop sees.
    pub(crate) fn contact(&self, path: &Path) -> Uri {
        self.account.contact(path.local, path.target.transport)
    }

    /// The account in the words of the machine.
    pub(crate) fn to_sip(&self, contact: Uri) -> SipAccount {
        let account = &self.account;
        let aor = match account.display_name.is_empty() {
            true => NameAddr::new(&account.aor),
            false => NameAddr::named(&account.display_name, &account.aor),
        };
        let password = account.password.reveal();
        let seconds = u32::try_from(account.expires.as_secs()).unwrap_or(u32::MAX);
        SipAccount {
            allow: account.allow_message.then(|| ports::account::allow(true)),
            route: account.outbound_proxy.iter().map(NameAddr::new).collect(),
            credentials: (!password.is_empty()).then(|| auth::Credentials {
                user: account.auth_user.clone(),
                password: Redacted::new(password.clone()),
                realm: None,
            }),
            expires_s: if seconds == 0 { 600 } else { seconds },
            keep_alive: match account.keep_alive {
                KeepAliveRule::None => KeepAlive::None,
                KeepAliveRule::Crlf(every) => KeepAlive::Crlf { every },
                KeepAliveRule::Options(every) => KeepAlive::Options { every },
                KeepAliveRule::Stun(every) => KeepAlive::Stun { every },
            },
            ..SipAccount::new(aor, self.registrar(), contact)
        }
    }

    /// How long to wait before the next look for the registrar; doubles from `first` to `longest`.
    pub(crate) fn next_retry(&mut self, first: Duration, longest: Duration) -> Duration {
        let wait = first * 2_u32.saturating_pow(self.tries.min(16));
        self.tries += 1;
        wait.min(longest)
    }
}
