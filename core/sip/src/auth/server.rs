//! Makes challenges, checks answers, forgets nonces.
//!
//! A nonce is a time, a count and a keyed hash over both: whoever floods us with requests makes us
//! remember nothing. What is remembered is how often a nonce that was answered has been used.

use super::digest::{Algorithm, Hash, Qop, Sum, hex, same};
use super::params::{self, Params};
use super::{Asker, MAX_NONCE, MAX_REALM, quoted};
use base::{Instant, Redacted, Rng};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Request};
use std::collections::BTreeMap;

/// Nonces in use that are remembered; past it the oldest count as stale.
const MAX_NONCES: usize = 65_536;
/// How long a nonce may be used. Unit: time.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// What a request proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is from this user.
    Good {
        /// Who.
        user: String,
    },
    /// It says nothing, or nothing for our realm: challenge it.
    Missing,
    /// The secret may be right, the nonce is used up: challenge it with `stale`.
    Stale,
    /// The secret is wrong, or the user unknown; which of both is nobody's business.
    Wrong,
}

/// The asking side of one realm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier {
    realm: String,
    asker: Asker,
    /// In the order in which they are offered.
    algorithms: Vec<Algorithm>,
    lifetime: Duration,
    key: Redacted<[u8; 32]>,
    next_nonce: u64,
    /// Highest use of each nonce that was answered, by the nonce's number.
    uses: BTreeMap<u64, u32>,
    /// Nonces numbered below this were forgotten.
    forgotten_below: u64,
}

impl Verifier {
    /// Asks for proof in `realm`, offering `algorithms` in this order (RFC 8760 §2.3: best first).
    pub fn new(realm: &str, asker: Asker, algorithms: &[Algorithm], rng: &mut Rng) -> Self {
        let mut key = [0; 32];
        rng.fill(&mut key);
        Self {
            realm: realm.to_owned(),
            asker,
            algorithms: algorithms.to_vec(),
            lifetime: NONCE_LIFETIME,
            key: Redacted::new(key),
            next_nonce: 0,
            uses: BTreeMap::new(),
            forgotten_below: 0,
        }
    }

    /// The same with another lifetime of its nonces.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The header that carries the challenges.
    pub fn challenge_name(&self) -> HeaderName {
        match self.asker {
            Asker::Server => HeaderName::WwwAuthenticate,
            Asker::Proxy => HeaderName::ProxyAuthenticate,
        }
    }

    /// The status that goes with them: 401 or 407.
    pub fn challenge_status(&self) -> sip_message::Status {
        match self.asker {
            Asker::Server => sip_message::Status::UNAUTHORIZED,
            Asker::Proxy => sip_message::Status::PROXY_AUTHENTICATION_REQUIRED,
        }
    }

    /// One header value per algorithm, all with one fresh nonce.
    pub fn challenges(&mut self, stale: bool, now: Instant) -> Vec<String> {
        let number = self.next_nonce;
        self.next_nonce += 1;
        let nonce = self.nonce(now.as_millis(), number);
        let stale = if stale { ", stale=true" } else { "" };
        let realm = quoted(&self.realm);
        let value = |algorithm: &Algorithm| {
            format!(
                "Digest realm={realm}, nonce=\"{nonce}\", algorithm={algorithm}, \
                 qop=\"auth,auth-int\"{stale}"
            )
        };
        self.algorithms.iter().map(value).collect()
    }

    /// Checks `request`. `password` says the secret of a user, if there is such a user.
    pub fn verify(
        &mut self,
        request: &Request,
        password: impl FnOnce(&str) -> Option<Redacted<String>>,
        now: Instant,
    ) -> Verdict {
        let Some(claim) = self.claim(request) else {
            return Verdict::Missing;
        };
        let Some((issued, number)) = self.read_nonce(&claim.nonce) else {
            return Verdict::Stale;
        };
        let secret = password(&claim.user);
        let known = secret.is_some();
        // Unknown users take as long as known ones.
        let secret = secret.unwrap_or_default();
        let sum = Sum {
            algorithm: claim.algorithm,
            user: &claim.user,
            realm: &self.realm,
            password: secret.reveal(),
            nonce: &claim.nonce,
            cnonce: &claim.cnonce,
            count: claim.count,
            qop: claim.qop,
            method: request.method().as_str(),
            uri: &claim.uri,
            body: request.body(),
        };
        let fits = same(&sum.response(), &claim.response.to_ascii_lowercase());
        if !fits || !known || !is_for(request, &claim.uri) {
            return Verdict::Wrong;
        }
        if now.since(Instant::from_millis(issued)) > self.lifetime || !self.count(number, &claim) {
            return Verdict::Stale;
        }
        Verdict::Good { user: claim.user }
    }

    /// Counts one use; `false` for a use that was counted before.
    fn count(&mut self, number: u64, claim: &Claim) -> bool {
        if number < self.forgotten_below {
            return false;
        }
        if let Some(highest) = self.uses.get(&number)
            && claim.count <= *highest
        {
            return false;
        }
        self.uses.insert(number, claim.count);
        while self.uses.len() > MAX_NONCES {
            if let Some((oldest, _)) = self.uses.pop_first() {
                self.forgotten_below = oldest + 1;
            }
        }
        true
    }

    /// What the request claims in our realm with an algorithm we offered.
    fn claim(&self, request: &Request) -> Option<Claim> {
        let name = match self.asker {
            Asker::Server => HeaderName::Authorization,
            Asker::Proxy => HeaderName::ProxyAuthorization,
        };
        let all = params::all(request.headers(), name);
        let ours = |c: &Claim| c.realm == self.realm && self.algorithms.contains(&c.algorithm);
        all.iter().filter_map(claim).find(ours)
    }

    fn nonce(&self, issued_ms: u64, number: u64) -> String {
        let plain = format!("{issued_ms:x}.{number:x}");
        let proof = self.seal(&plain);
        format!("{plain}.{proof}")
    }

    /// Time and number of a nonce of ours; `None` for any other.
    fn read_nonce(&self, nonce: &str) -> Option<(u64, u64)> {
        let (plain, proof) = nonce.rsplit_once('.')?;
        if !same(&self.seal(plain), proof) {
            return None;
        }
        let (issued, number) = plain.split_once('.')?;
        let number_of = |text| u64::from_str_radix(text, 16).ok();
        Some((number_of(issued)?, number_of(number)?))
    }

    /// Half of a keyed hash: the key goes in front of and behind what is sealed, so that the hash
    /// cannot be continued.
    fn seal(&self, plain: &str) -> String {
        let key = hex(self.key.reveal());
        let mut seal = Hash::Sha256.of(&[key.as_bytes(), plain.as_bytes(), key.as_bytes()]);
        seal.truncate(32);
        seal
    }
}

/// Whether the digest URI means the Request-URI; hops may have rewritten how it looks.
fn is_for(request: &Request, uri: &str) -> bool {
    if request.uri_text() == uri {
        return true;
    }
    match (request.uri(), uri.parse::<sip_message::Uri>()) {
        (Ok(asked), Ok(claimed)) => asked.equivalent(&claimed),
        (Ok(_) | Err(_), _) => false,
    }
}

/// What an Authorization header says.
struct Claim {
    user: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    algorithm: Algorithm,
    cnonce: String,
    qop: Qop,
    count: u32,
}

fn claim(header: &Params) -> Option<Claim> {
    let text = |name: &str| header.get(name).map(str::to_owned);
    if !header.scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let algorithm = match text("algorithm") {
        Some(name) => name.parse().ok()?,
        None => Algorithm::MD5,
    };
    let qop = match text("qop").as_deref() {
        None => Qop::None,
        Some("auth") => Qop::Auth,
        Some("auth-int") => Qop::AuthInt,
        Some(_) => return None,
    };
    let count = match qop {
        // Old clients do not count: their nonce is good once.
        Qop::None => 1,
        Qop::Auth | Qop::AuthInt => u32::from_str_radix(&text("nc")?, 16).ok()?,
    };
    Some(Claim {
        user: text("username").filter(|u| u.len() <= MAX_REALM)?,
        realm: text("realm").filter(|r| r.len() <= MAX_REALM)?,
        nonce: text("nonce").filter(|n| n.len() <= MAX_NONCE)?,
        uri: text("uri").filter(|u| u.len() <= MAX_NONCE)?,
        response: text("response").filter(|r| r.len() <= MAX_REALM)?,
        cnonce: text("cnonce")
            .filter(|c| c.len() <= MAX_NONCE)
            .unwrap_or_default(),
        algorithm,
        qop,
        count,
    })
}
