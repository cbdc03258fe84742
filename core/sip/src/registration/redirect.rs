//! A registrar that sends us elsewhere: 3xx to REGISTER.
//!
//! Source: RFC 3261 §8.1.3.4, §21.3. A 301 holds until a try fails; all others are asked for again with
//! the next refresh, since nobody said for how long they hold.

use super::binding::Binding;
use super::state::Attempt;
use super::words::Cause;
use base::Instant;
use serde::{Deserialize, Serialize};
use sip_message::{NameAddr, Response, Uri};

/// Redirections in a row that are followed.
const MAX_REDIRECTIONS: usize = 5;

/// Where a registrar sent us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Elsewhere {
    pub(super) way: Way,
    /// It holds for later requests too.
    lasting: bool,
}

/// How it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Way {
    /// Another registrar.
    Registrar(Uri),
    /// The same one, through this proxy (305).
    Proxy(Uri),
}

impl Way {
    pub(super) const fn uri(&self) -> &Uri {
        match self {
            Self::Registrar(uri) | Self::Proxy(uri) => uri,
        }
    }
}

/// Redirections of one binding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Redirections {
    pub(super) now: Option<Elsewhere>,
    /// Where the try under way was sent already.
    tried: Vec<String>,
}

impl Redirections {
    /// A new try begins: what does not last is forgotten.
    pub(super) fn begin(&mut self) {
        self.tried.clear();
        self.now = self.now.take().filter(|elsewhere| elsewhere.lasting);
    }

    /// A try failed: nothing holds any longer.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn may_try(&self, uri: &Uri, first: &Uri) -> bool {
        let Some(sip) = uri.sip() else {
            return false;
        };
        // A secure registrar is not left for a plain one (RFC 3261 §26.2.2).
        let is_secure = |uri: &Uri| uri.sip().is_some_and(sip_message::SipUri::is_secure);
        let known = |tried: &String| {
            tried
                .parse::<Uri>()
                .is_ok_and(|tried| tried.equivalent(uri))
        };
        (sip.is_secure() || !is_secure(first)) && !self.tried.iter().any(known)
    }
}

impl Binding {
    /// Follows a 3xx, or fails with where it led.
    pub(super) fn redirected(&mut self, mut attempt: Attempt, response: &Response, now: Instant) {
        let status = response.status().code();
        let contacts = response.headers().contacts().ok();
        let all = contacts
            .as_ref()
            .map_or(&[][..], |contacts| contacts.list());
        let registrar = self.memory.account.registrar.clone();
        let redirections = &mut self.memory.redirections;
        if redirections.tried.is_empty() {
            let first = redirections
                .now
                .as_ref()
                .map_or(&registrar, |e| e.way.uri());
            redirections.tried.push(first.to_string());
        }
        let usable = |contact: &&NameAddr| redirections.may_try(contact.uri(), &registrar);
        let best = |contact: &&NameAddr| core::cmp::Reverse(contact.q().unwrap_or(1000));
        let next = all.iter().filter(usable).min_by_key(best);
        let next = next.filter(|_| redirections.tried.len() <= MAX_REDIRECTIONS);
        let Some(next) = next.map(|contact| contact.uri().clone()) else {
            let to = all
                .first()
                .map_or_else(String::new, |to| to.uri().to_string());
            return self.fail(Cause::Redirected { status, to }, None, now);
        };
        tracing::info!(status, "the registrar sends us elsewhere");
        redirections.tried.push(next.to_string());
        // Whom we would prove ourselves to has named it.
        if let Some(host) = next.host() {
            self.memory.auth.trust(host);
        }
        let lasting = status == 301;
        let way = match status {
            305 => Way::Proxy(next),
            _ => Way::Registrar(next),
        };
        self.memory.redirections.now = Some(Elsewhere { way, lasting });
        // The tries have a bound of their own; each server may challenge.
        attempt.rounds = 0;
        attempt.used.clear();
        self.again(attempt, now);
    }
}
