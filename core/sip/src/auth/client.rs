//! Answers challenges, reuses nonces, and knows when the password is wrong.

use super::digest::{Algorithm, Hash, Qop, Sum};
use super::offer::{Offer, next_nonce, offers, offers_of, strongest};
use super::{Asker, quoted};
use base::{Instant, Redacted, Rng};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Host, Request, Response, Status, Uri};

/// Realms one account answers to; a proxy and a registrar are two.
const MAX_SPACES: usize = 4;
/// Challenges in a row that one realm may answer with before it counts as a loop.
const MAX_REFUSALS: u32 = 3;
/// How long a realm that once asked for a stronger hash may not ask for a weaker one.
const NO_DOWNGRADE_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// Letters of a cnonce: 130 bits.
const CNONCE_LETTERS: usize = 26;

/// What an account proves itself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Name to authenticate as, which may differ from the name that is dialled.
    pub user: String,
    /// The secret.
    pub password: Redacted<String>,
    /// The only realm to answer to; `None` answers any realm of the account's own hops.
    pub realm: Option<String>,
}

/// One realm of one asker, and how it wants to be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Space {
    asker: Asker,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    qop: Qop,
    /// Uses of the nonce so far.
    count: u32,
    /// Kept with the nonce: `-sess` binds the secret to both.
    cnonce: String,
    /// The best hash this realm ever asked for, and when.
    strongest: (Hash, Instant),
    /// Challenges since the last success.
    refusals: u32,
}

/// Which nonce a request was sent with; comes back when that request is challenged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    asker: Asker,
    realm: String,
    nonce: String,
    /// Whether the nonce had been accepted for an earlier request.
    reused: bool,
}

/// Headers to add to a request.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// Names and values.
    pub headers: Vec<(HeaderName, String)>,
    /// To keep with the request until its final response.
    pub used: Vec<Used>,
}

/// Why a challenge is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The account has no password.
    NoCredentials,
    /// The server has seen our answer to a fresh nonce and does not take it.
    WrongPassword,
    /// The server calls every nonce stale.
    Loop,
    /// The challenge is from a hop that is not the account's own: it may be after the password.
    ForeignHop,
    /// The challenge names another realm than the account's.
    ForeignRealm,
    /// The realm used to ask for a stronger hash.
    Downgrade,
    /// No challenge can be read, or none asks for something we can do.
    Unsupported,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoCredentials => "the account has no password",
            Self::WrongPassword => "it does not take the password",
            Self::Loop => "it calls every answer out of date",
            Self::ForeignHop => "who asks is no server of the account",
            Self::ForeignRealm => "it asks for another realm than the account's",
            Self::Downgrade => "it asks for a weaker proof than it did before",
            Self::Unsupported => "it asks in a way that is not understood here",
        })
    }
}

/// Authentication of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    credentials: Option<Credentials>,
    own_hops: Vec<String>,
    spaces: Vec<Space>,
}

impl Authenticator {
    /// For an account that sends to `own_hops` (registrar, outbound proxy) and answers nobody else.
    pub fn new(credentials: Option<Credentials>, own_hops: &[Host]) -> Self {
        Self {
            credentials,
            own_hops: own_hops.iter().map(|h| plain(&h.to_string())).collect(),
            spaces: Vec::new(),
        }
    }

    /// One of the account's own servers has named another one. Past the bound it stays a stranger.
    pub fn trust(&mut self, host: &Host) {
        const MAX_HOPS: usize = 16;
        let name = plain(&host.to_string());
        if self.own_hops.len() < MAX_HOPS && !self.own_hops.contains(&name) {
            self.own_hops.push(name);
        }
    }

    /// Whether a request to `next_hop` stays with the account's own servers.
    pub fn is_own_hop(&self, next_hop: &Uri) -> bool {
        let Some(host) = next_hop.host() else {
            return false;
        };
        self.own_hops.contains(&plain(&host.to_string()))
    }

    /// Proves `request`, which goes to `next_hop`, to every realm that asked before. Empty when
    /// nobody asked yet, and for foreign hops.
    pub fn authorize(&mut self, request: &Request, next_hop: &Uri, rng: &mut Rng) -> Proof {
        let mut proof = Proof::default();
        if !self.is_own_hop(next_hop) {
            return proof;
        }
        let Some(credentials) = &self.credentials else {
            return proof;
        };
        for space in &mut self.spaces {
            proof.used.push(Used {
                asker: space.asker,
                realm: space.realm.clone(),
                nonce: space.nonce.clone(),
                reused: space.count > 0 && space.refusals == 0,
            });
            space.begin(rng);
            let name = match space.asker {
                Asker::Server => HeaderName::Authorization,
                Asker::Proxy => HeaderName::ProxyAuthorization,
            };
            let body: &[u8] = request.body();
            let what = (request.method().as_str(), request.uri_text(), body);
            proof.headers.push((name, space.answer(credentials, what)));
        }
        proof
    }

    /// Takes a 401 or 407 to a request that went to `next_hop` with `used`.
    ///
    /// On success the caller authorizes the request anew, with a new CSeq, and sends it again.
    pub fn challenged(
        &mut self,
        response: &Response,
        used: &[Used],
        next_hop: &Uri,
        now: Instant,
    ) -> Result<(), Refusal> {
        if !self.is_own_hop(next_hop) {
            return Err(Refusal::ForeignHop);
        }
        let Some(credentials) = &self.credentials else {
            return Err(Refusal::NoCredentials);
        };
        let asker = match response.status() {
            Status::PROXY_AUTHENTICATION_REQUIRED => Asker::Proxy,
            _ => Asker::Server,
        };
        let offers = offers(response, asker);
        if offers.is_empty() {
            return Err(Refusal::Unsupported);
        }
        let mine = |offer: &&Offer| credentials.realm.as_ref().is_none_or(|r| *r == offer.realm);
        let mut realms: Vec<&str> = Vec::new();
        for offer in offers.iter().filter(mine) {
            if !realms.contains(&offer.realm.as_str()) {
                realms.push(&offer.realm);
            }
        }
        if realms.is_empty() {
            return Err(Refusal::ForeignRealm);
        }
        let mut outcome = Err(Refusal::Unsupported);
        for realm in realms {
            let best = strongest(offers.iter().filter(|o| o.realm == realm));
            let taken = self.take(asker, best, used, now);
            match taken {
                Ok(()) => outcome = Ok(()),
                // One realm that refuses us for good decides, whatever the others say.
                Err(why) => return Err(why),
            }
        }
        outcome
    }

    fn take(
        &mut self,
        asker: Asker,
        offer: &Offer,
        used: &[Used],
        now: Instant,
    ) -> Result<(), Refusal> {
        let sent = used
            .iter()
            .find(|u| u.asker == asker && u.realm == offer.realm);
        if let Some(sent) = sent {
            // A nonce that worked before may simply have run out without the server saying so.
            let may_have_run_out = offer.stale || sent.reused;
            if sent.nonce == offer.nonce || !may_have_run_out {
                return Err(Refusal::WrongPassword);
            }
        }
        let known = self
            .spaces
            .iter()
            .position(|s| s.asker == asker && s.realm == offer.realm);
        let (strongest, refusals) = match known.map(|place| &self.spaces[place]) {
            Some(space) => (space.strongest, space.refusals + 1),
            None => ((offer.algorithm.hash, now), 1),
        };
        if refusals > MAX_REFUSALS {
            return Err(Refusal::Loop);
        }
        let strongest = if offer.algorithm.hash >= strongest.0 {
            (offer.algorithm.hash, now)
        } else if now.since(strongest.1) < NO_DOWNGRADE_FOR {
            return Err(Refusal::Downgrade);
        } else {
            (offer.algorithm.hash, now)
        };
        let space = Space::of(asker, offer, strongest, refusals);
        match known {
            Some(place) => self.spaces[place] = space,
            None => {
                if self.spaces.len() >= MAX_SPACES {
                    self.spaces.remove(0);
                }
                self.spaces.push(space);
            }
        }
        Ok(())
    }

    /// Takes a final response that is no challenge: the proof was good, and the server may name the
    /// nonce it wants next (Authentication-Info, RFC 7616 §3.5).
    pub fn accepted(&mut self, response: &Response, used: &[Used]) {
        for space in &mut self.spaces {
            let proved = used
                .iter()
                .any(|u| u.asker == space.asker && u.realm == space.realm);
            if !proved {
                continue;
            }
            space.refusals = 0;
            let next = match space.asker {
                Asker::Server => next_nonce(response, "Authentication-Info"),
                Asker::Proxy => next_nonce(response, "Proxy-Authentication-Info"),
            };
            if let Some(nonce) = next.filter(|n| *n != space.nonce) {
                space.nonce = nonce;
                space.count = 0;
                space.cnonce = String::new();
            }
        }
    }

    /// Forgets every nonce, for instance when the password changes.
    pub fn forget(&mut self) {
        self.spaces.clear();
    }
}

impl Space {
    fn of(asker: Asker, offer: &Offer, strongest: (Hash, Instant), refusals: u32) -> Self {
        Self {
            asker,
            realm: offer.realm.clone(),
            nonce: offer.nonce.clone(),
            opaque: offer.opaque.clone(),
            algorithm: offer.algorithm,
            qop: offer.qop,
            count: 0,
            cnonce: String::new(),
            strongest,
            refusals,
        }
    }

    /// Another use of the nonce.
    fn begin(&mut self, rng: &mut Rng) {
        self.count = self.count.saturating_add(1);
        if !self.algorithm.session || self.cnonce.is_empty() {
            self.cnonce = rng.token(CNONCE_LETTERS);
        }
    }

    /// `what` is proved: method, URI as the request line has it, body.
    fn answer(&self, credentials: &Credentials, what: (&str, &str, &[u8])) -> String {
        let (method, uri, body) = what;
        let sum = Sum {
            algorithm: self.algorithm,
            user: &credentials.user,
            realm: &self.realm,
            password: credentials.password.reveal(),
            nonce: &self.nonce,
            cnonce: &self.cnonce,
            count: self.count,
            qop: self.qop,
            method,
            uri,
            body,
        };
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\", algorithm={}",
            quoted(&credentials.user),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(uri),
            sum.response(),
            self.algorithm,
        );
        if let Some(qop) = self.qop.name() {
            let (cnonce, count) = (&self.cnonce, self.count);
            value.push_str(&format!(", cnonce=\"{cnonce}\", qop={qop}, nc={count:08x}"));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(", opaque=");
            value.push_str(&quoted(opaque));
        }
        value
    }
}

/// Answers to one challenge of a server that speaks no SIP: HTTP has the same Digest (RFC 7616).
#[derive(Debug, Clone)]
pub struct Digest {
    credentials: Credentials,
    space: Space,
}

impl Digest {
    /// Of what the `WWW-Authenticate` lines of a 401 say. Whether the server may know the password is the caller's
    /// to decide.
    pub fn of<'a>(
        lines: impl IntoIterator<Item = &'a str>,
        credentials: &Credentials,
        now: Instant,
    ) -> Result<Self, Refusal> {
        let offers = offers_of(lines);
        let mine = |offer: &&Offer| credentials.realm.as_ref().is_none_or(|r| *r == offer.realm);
        if offers.is_empty() {
            return Err(Refusal::Unsupported);
        }
        if !offers.iter().any(|offer| mine(&offer)) {
            return Err(Refusal::ForeignRealm);
        }
        let offer = strongest(offers.iter().filter(mine));
        let space = Space::of(Asker::Server, offer, (offer.algorithm.hash, now), 1);
        Ok(Self {
            credentials: credentials.clone(),
            space,
        })
    }

    /// The `Authorization` of a request with this method, URI as its first line has it, and body. Each use counts.
    pub fn answer(&mut self, method: &str, uri: &str, body: &[u8], rng: &mut Rng) -> String {
        self.space.begin(rng);
        self.space.answer(&self.credentials, (method, uri, body))
    }
}

/// Hosts compare without case.
fn plain(host: &str) -> String {
    host.to_ascii_lowercase()
}
