//! Where a binding can stand, and everything it knows, as plain data.

use super::redirect::{Redirections, Way};
use super::supervision::Supervision;
use super::words::{Account, Cause, Status};
use crate::auth::{Authenticator, Used};
use crate::ids::ClientId;
use base::{Deadlines, Instant};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{NameAddr, Uri};

/// A REGISTER that waits for its final response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub(super) id: ClientId,
    /// When it was to be sent; refreshes count from here, so that they do not drift (M-004).
    pub(super) due: Instant,
    /// Nonces it was sent with.
    pub(super) used: Vec<Used>,
    /// Requests it took so far: challenges and longer expiries add some.
    pub(super) rounds: u32,
    /// Whether it renews a binding that is refreshed regularly.
    pub(super) regular: bool,
    /// Whether it is sent once only.
    pub(super) once: bool,
    /// Whether somebody asked for it and waits to be told, though the binding is there.
    pub(super) asked: bool,
}

/// A binding that the registrar has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// For how long it was granted.
    pub(super) granted: Duration,
    /// When it ends.
    pub(super) until: Instant,
    /// Where the registrar sends what is for us.
    pub(super) contact: Uri,
    /// The registrar that has it, where we were sent to another one.
    pub(super) elsewhere: Option<Uri>,
}

/// Where a binding stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Not wanted.
    Unregistered,
    /// Asked for; nothing failed yet.
    Registering(Attempt),
    /// There; the next refresh has its time.
    Registered(Bound),
    /// There, and being renewed.
    Refreshing(Bound, Attempt),
    /// There, but a refresh failed; the next try has its time.
    Retrying {
        /// What is still there.
        bound: Bound,
        /// Why the refresh failed.
        cause: Cause,
    },
    /// Not there. The next try has its time unless the cause is final.
    Failed {
        /// Why.
        cause: Cause,
        /// A try that is under way.
        attempt: Option<Attempt>,
        /// What the registrar may still have.
        bound: Option<Bound>,
    },
    /// Being removed.
    Unregistering(Attempt),
}

/// What a binding waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Timer {
    Refresh,
    Retry,
    /// A short binding's refresh is unanswered.
    Hurry,
    /// The binding ends at the registrar.
    Expire,
    Probe,
    Silence,
    KeepAlive,
}

/// Everything a binding knows, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub(super) account: Account,
    pub(super) state: State,
    pub(super) timers: Deadlines<Timer>,
    pub(super) auth: Authenticator,
    pub(super) supervision: Supervision,
    /// Where registrars sent us.
    pub(super) redirections: Redirections,
    /// Where the registrar is told to reach us.
    pub(super) contact: Uri,
    /// A contact to take out with the next REGISTER.
    pub(super) stale_contact: Option<Uri>,
    /// How often the contact changed in a row because the server saw another address.
    pub(super) moves: u32,
    /// Tries in a row that failed.
    pub(super) failures: u32,
    pub(super) expires_s: u32,
    pub(super) call_id: String,
    pub(super) from_tag: String,
    pub(super) cseq: u32,
    pub(super) next_id: ClientId,
    pub(super) told: Status,
}

impl Memory {
    /// Request-URI of REGISTER.
    pub(super) fn registrar(&self) -> &Uri {
        match self
            .redirections
            .now
            .as_ref()
            .map(|elsewhere| &elsewhere.way)
        {
            Some(Way::Registrar(uri)) => uri,
            Some(Way::Proxy(_)) | None => &self.account.registrar,
        }
    }

    /// The proxies that REGISTER passes, first hop first.
    pub(super) fn route(&self) -> Vec<NameAddr> {
        match self
            .redirections
            .now
            .as_ref()
            .map(|elsewhere| &elsewhere.way)
        {
            Some(Way::Proxy(Uri::Sip(proxy))) => {
                vec![NameAddr::new(&Uri::Sip(proxy.with_param("lr", "")))]
            }
            Some(Way::Proxy(_) | Way::Registrar(_)) | None => self.account.route.clone(),
        }
    }

    /// Where REGISTER goes first.
    pub(super) fn next_hop(&self) -> Uri {
        let route = self.route();
        route
            .first()
            .map_or_else(|| self.registrar().clone(), |hop| hop.uri().clone())
    }
}
