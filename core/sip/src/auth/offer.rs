//! What a challenge offers, and which offer to take.

use super::digest::{Algorithm, Qop};
use super::params::{self, Params};
use super::{Asker, MAX_NONCE, MAX_REALM};
use sip_message::{HeaderName, Response};

/// Challenges read of one response; the rest is ignored.
const MAX_CHALLENGES: usize = 16;

/// A challenge we could answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) qop: Qop,
    pub(super) stale: bool,
}

/// The challenges of `asker` that we could answer, in the order of the response.
pub(super) fn offers(response: &Response, asker: Asker) -> Vec<Offer> {
    let name = match asker {
        Asker::Server => HeaderName::WwwAuthenticate,
        Asker::Proxy => HeaderName::ProxyAuthenticate,
    };
    let all = params::all(response.headers(), name);
    all.iter().take(MAX_CHALLENGES).filter_map(offer).collect()
}

/// The challenges of these header lines that we could answer.
pub(super) fn offers_of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Offer> {
    let all = lines.into_iter().filter_map(params::read).flatten();
    all.take(MAX_CHALLENGES).filter_map(|c| offer(&c)).collect()
}

/// `None` for another scheme, an algorithm or qop we do not know, and for what is too long.
fn offer(challenge: &Params) -> Option<Offer> {
    let text = |name: &str| challenge.get(name).map(str::to_owned);
    if !challenge.scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let realm = text("realm").filter(|r| r.len() <= MAX_REALM)?;
    let nonce = text("nonce").filter(|n| !n.is_empty() && n.len() <= MAX_NONCE)?;
    let opaque = text("opaque");
    if opaque.as_ref().is_some_and(|o| o.len() > MAX_NONCE) {
        return None;
    }
    let algorithm = match text("algorithm") {
        Some(name) => name.parse().ok()?,
        None => Algorithm::MD5,
    };
    let qop = choose_qop(text("qop").as_deref())?;
    // Without qop there is no cnonce to bind the secret to.
    if algorithm.session && qop == Qop::None {
        return None;
    }
    let stale = text("stale").is_some_and(|s| s.eq_ignore_ascii_case("true"));
    Some(Offer {
        realm,
        nonce,
        opaque,
        algorithm,
        qop,
        stale,
    })
}

/// `auth` where it is offered: `auth-int` breaks behind every hop that touches the body.
fn choose_qop(offered: Option<&str>) -> Option<Qop> {
    let Some(offered) = offered.filter(|o| !o.trim().is_empty()) else {
        return Some(Qop::None);
    };
    let has = |name: &str| {
        let mut tokens = offered.split(',');
        tokens.any(|token| token.trim().eq_ignore_ascii_case(name))
    };
    if has("auth") {
        Some(Qop::Auth)
    } else {
        has("auth-int").then_some(Qop::AuthInt)
    }
}

/// The strongest offer; of equally strong ones the topmost, which the server likes best (RFC 8760
/// §2.4).
pub(super) fn strongest<'a>(offers: impl Iterator<Item = &'a Offer>) -> &'a Offer {
    offers
        .reduce(|best, next| {
            if next.algorithm.hash > best.algorithm.hash {
                next
            } else {
                best
            }
        })
        .expect("called for realms that have an offer")
}

pub(super) fn next_nonce(response: &Response, name: &str) -> Option<String> {
    let value = response.headers().text(name)?;
    let info = params::read_bare(&value)?;
    let nonce = info.get("nextnonce")?;
    (!nonce.is_empty() && nonce.len() <= MAX_NONCE).then(|| nonce.to_owned())
}
