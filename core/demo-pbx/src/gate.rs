//! Challenges, and when a wrong password is answered for good.

use crate::users::Users;
use base::{Duration, Instant, Rng};
use core::net::IpAddr;
use sip::auth::Asker;
use sip::auth::digest::Algorithm;
use sip::auth::server::{Verdict, Verifier};
use sip_message::{HeaderName, Request, Status, Uri};
use std::collections::BTreeMap;

/// Wrong proofs from one address within [`WINDOW`] that are challenged again; further ones are
/// answered 403, so that a phone that does not give up by itself is told to. A right one always counts.
const CHANCES: u32 = 3;
/// After so long without a wrong proof an address starts afresh. Unit: time.
const WINDOW: Duration = Duration::from_secs(30);
/// Addresses that are remembered; at the bound all are forgotten. It is no defence, only manners.
const ADDRESSES: usize = 1_024;

/// Who sent a request, or the answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This user did.
    From(String),
    /// Nobody knows: status and header fields of the answer.
    Refused(Status, Vec<(HeaderName, String)>),
}

/// Asks for proof and judges it.
#[derive(Debug)]
pub struct Gate {
    verifier: Verifier,
    /// The header that carries proofs.
    proof: HeaderName,
    wrong: BTreeMap<IpAddr, (u32, Instant)>,
}

impl Gate {
    /// Asks in `realm`, by 401 or 407 as `asker` says, for any one of `algorithms`.
    pub fn new(realm: &str, asker: Asker, algorithms: &[Algorithm], rng: &mut Rng) -> Self {
        Self {
            verifier: Verifier::new(realm, asker, algorithms, rng),
            proof: match asker {
                Asker::Server => HeaderName::Authorization,
                Asker::Proxy => HeaderName::ProxyAuthorization,
            },
            wrong: BTreeMap::new(),
        }
    }

    /// Judges one request that came from `source`.
    pub fn judge(
        &mut self,
        request: &Request,
        source: IpAddr,
        users: &Users,
        now: Instant,
    ) -> Answer {
        let known = |name: &str| users.password(name);
        let verdict = match self.names_server_only(request) {
            Some(uri) => {
                let meant = request.edit().uri(uri).build();
                self.verifier.verify(&meant, known, now)
            }
            None => self.verifier.verify(request, known, now),
        };
        match verdict {
            Verdict::Good { user } => {
                self.wrong.remove(&source);
                Answer::From(user)
            }
            Verdict::Missing => self.challenge(false, now),
            Verdict::Stale => self.challenge(true, now),
            Verdict::Wrong if self.counts_wrong(source, now) > CHANCES => {
                Answer::Refused(Status::FORBIDDEN, Vec::new())
            }
            Verdict::Wrong => self.challenge(false, now),
        }
    }

    /// The digest URI of `request`, if it is the Request-URI without its user part: some phones prove
    /// themselves to the server, whatever they ask of it. What else differs is refused.
    fn names_server_only(&self, request: &Request) -> Option<String> {
        let asked = request.uri().ok()?;
        let value = String::from_utf8_lossy(request.headers().first(self.proof)?).into_owned();
        let (_, after) = value.split_once("uri=\"")?;
        let (text, _) = after.split_once('"')?;
        let claimed: Uri = text.parse().ok()?;
        let (asked, claimed) = (asked.sip()?, claimed.sip()?);
        let same = claimed.user().is_none()
            && asked.user().is_some()
            && asked.host().is(claimed.host())
            && asked.port() == claimed.port();
        same.then(|| text.to_owned())
    }

    fn challenge(&mut self, stale: bool, now: Instant) -> Answer {
        let name = self.verifier.challenge_name();
        let challenges = self.verifier.challenges(stale, now);
        let headers = challenges.into_iter().map(|value| (name, value)).collect();
        Answer::Refused(self.verifier.challenge_status(), headers)
    }

    /// Counts one more, and says how many that makes.
    fn counts_wrong(&mut self, source: IpAddr, now: Instant) -> u32 {
        if self.wrong.len() >= ADDRESSES && !self.wrong.contains_key(&source) {
            self.wrong.clear();
        }
        let (count, last) = self.wrong.entry(source).or_insert((0, now));
        if now.since(*last) > WINDOW {
            *count = 0;
        }
        (*count, *last) = (*count + 1, now);
        *count
    }
}
