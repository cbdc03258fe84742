//! Challenges of HTTP digest: who asks, for what, and how it may be answered.
//!
//! Source: RFC 3261 §20.27, §20.44, §22; RFC 7616 §3.3, §3.4; RFC 8760 §2. Reading only: the arithmetic is `sip`'s.

use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

use super::{HeaderName, Headers, Name};
use crate::scan::{self, Scanner};
use crate::span::Span;
use crate::value::{Value, as_text};
use crate::{Malformed, Text};

/// Longest realm that is read. Unit: bytes.
pub const MAX_REALM: usize = 256;
/// Longest nonce, opaque and other quoted value that is read. Unit: bytes.
pub const MAX_NONCE: usize = 1024;
/// Challenges in one message.
pub(super) const MAX_CHALLENGES: usize = 16;

/// Which hash a digest uses. `-sess` variants hash the session's nonces into the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// `MD5`, also meant where none is named.
    Md5,
    /// `MD5-sess`.
    Md5Sess,
    /// `SHA-256`.
    Sha256,
    /// `SHA-256-sess`.
    Sha256Sess,
    /// `SHA-512-256`.
    Sha512_256,
    /// `SHA-512-256-sess`.
    Sha512_256Sess,
}

impl Algorithm {
    const ALL: [Self; 6] = [
        Self::Md5,
        Self::Md5Sess,
        Self::Sha256,
        Self::Sha256Sess,
        Self::Sha512_256,
        Self::Sha512_256Sess,
    ];

    /// The name as the RFCs spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
            Self::Sha512_256 => "SHA-512-256",
            Self::Sha512_256Sess => "SHA-512-256-sess",
        }
    }

    /// The algorithm called `name`, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|known| name.eq_ignore_ascii_case(known.as_str()))
    }
}

/// How much of a message a digest covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Qop {
    /// Method and URI.
    Auth,
    /// The body too.
    AuthInt,
}

impl Qop {
    /// The name as the RFCs spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    /// The qop called `name`, in any case.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Auth, Self::AuthInt]
            .into_iter()
            .find(|known| name.trim().eq_ignore_ascii_case(known.as_str()))
    }
}

/// `Digest realm="…", nonce="…"`: a scheme and its parameters, kept as written.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    scheme: Text,
    params: Bytes,
}

impl Challenge {
    /// The scheme as written.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether the scheme is Digest.
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }

    /// The value of parameter `name`, without quotes and escapes.
    pub fn param(&self, name: &str) -> Option<String> {
        pairs(&self.params)
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| scan::unquote(value).into_owned())
    }

    /// Who asks; empty when it does not say.
    pub fn realm(&self) -> String {
        self.param("realm").unwrap_or_default()
    }

    /// What to hash in; empty when it does not say.
    pub fn nonce(&self) -> String {
        self.param("nonce").unwrap_or_default()
    }

    /// What to send back as it is.
    pub fn opaque(&self) -> Option<String> {
        self.param("opaque")
    }

    /// Whether only the nonce was too old, so that the same password may be tried again.
    pub fn is_stale(&self) -> bool {
        self.param("stale")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The algorithm: MD5 when it names none, `None` when it names one this crate does not know.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self.param("algorithm") {
            Some(name) => Algorithm::named(&name),
            None => Some(Algorithm::Md5),
        }
    }

    /// The qop values offered, those this crate knows. Empty means RFC 2069's old form, unless
    /// [`param`](Self::param) finds `qop` all the same: then none can be satisfied.
    pub fn qop(&self) -> Vec<Qop> {
        let list = self.param("qop").unwrap_or_default();
        list.split(',').filter_map(Qop::named).collect()
    }
}

/// One challenge. A line with several is read by [`Headers::challenges`].
impl Value for Challenge {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(&bytes);
        let challenge = scan_challenge(&mut scanner, &bytes)?;
        match scanner.is_done() {
            true => Ok(challenge),
            false => scanner.fail("challenge"),
        }
    }
}

/// Reads one scheme with its parameters; the scanner ends before the next scheme.
fn scan_challenge(scanner: &mut Scanner<'_>, bytes: &Bytes) -> Result<Challenge, Malformed> {
    let scheme = scanner.token("auth-scheme")?;
    scanner.spaces();
    let start = scanner.at();
    let mut end = start;
    while !scanner.is_done() {
        let before = scanner.clone();
        let Some((name, value)) = scan_pair(scanner)? else {
            *scanner = before;
            break;
        };
        let max = match name.of(bytes).eq_ignore_ascii_case(b"realm") {
            true => MAX_REALM,
            false => MAX_NONCE,
        };
        if value.of(bytes).len() > max + 2 {
            return Err(Malformed::new("auth-param size", value.start()));
        }
        end = value.end();
        while scanner.take_spaced(b',') {}
        scanner.spaces();
    }
    let params = Span::new(start, end);
    if core::str::from_utf8(params.of(bytes)).is_err() {
        return Err(Malformed::new("UTF-8", start));
    }
    Ok(Challenge {
        scheme: Text::new(scheme.share(bytes))?,
        params: params.share(bytes),
    })
}

/// Reads `name=value`; `None` where the next word is a scheme instead.
fn scan_pair(scanner: &mut Scanner<'_>) -> Result<Option<(Span, Span)>, Malformed> {
    let name = scanner.token("auth-param")?;
    if !scanner.take_spaced(b'=') {
        return Ok(None);
    }
    let value = match scanner.peek() {
        Some(b'"') => scanner.quoted()?,
        _ => scanner.run(is_plain),
    };
    Ok(Some((name, value)))
}

/// An unquoted value. `=` and `/` are in values that should have been quoted.
fn is_plain(byte: u8) -> bool {
    scan::is_token(byte) || matches!(byte, b'=' | b'/' | b':' | b'@')
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let mut scanner = Scanner::new(bytes);
    core::iter::from_fn(move || {
        let (name, value) = scan_pair(&mut scanner).ok().flatten()?;
        while scanner.take_spaced(b',') {}
        Some((name.text(bytes), value.text(bytes)))
    })
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params = String::from_utf8_lossy(&self.params);
        write!(f, "{} {params}", self.scheme)
    }
}

/// Hides the nonce.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} realm={:?}", self.scheme, self.realm())
    }
}

as_text!(Challenge);

impl Headers {
    /// The challenges of a 401. Those that cannot be read are left out: another one may do.
    pub fn challenges(&self) -> Vec<Challenge> {
        self.all_challenges(HeaderName::WwwAuthenticate)
    }

    /// The challenges of a 407.
    pub fn proxy_challenges(&self) -> Vec<Challenge> {
        self.all_challenges(HeaderName::ProxyAuthenticate)
    }

    /// The value of parameter `name` in Authentication-Info, such as `nextnonce` (RFC 7616 §3.5).
    pub fn authentication_info(&self, name: &str) -> Option<String> {
        let value = self.first(HeaderName::AuthenticationInfo)?;
        pairs(value)
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| scan::unquote(value).into_owned())
    }

    fn all_challenges(&self, name: HeaderName) -> Vec<Challenge> {
        let mut found = Vec::new();
        for field in self.lines(Name::Known(name)) {
            let bytes = field.value.share(&self.bytes);
            let mut scanner = Scanner::new(&bytes);
            while !scanner.is_done() && found.len() < MAX_CHALLENGES {
                match scan_challenge(&mut scanner, &bytes) {
                    Ok(challenge) => found.push(challenge),
                    Err(_) => break,
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ResponseBuilder, Status};

    fn challenge(text: &str) -> Challenge {
        text.parse().unwrap()
    }

    #[test]
    fn what_rsip_cannot_read_is_read() {
        let found = challenge(
            r#"Digest realm="a \"b\", c", nonce="n,=1" ,qop="auth, auth-int",algorithm=SHA-256,stale=TRUE,opaque="""#,
        );
        assert!(found.is_digest() && found.is_stale());
        assert_eq!(found.realm(), "a \"b\", c");
        assert_eq!(found.nonce(), "n,=1");
        assert_eq!(found.qop(), [Qop::Auth, Qop::AuthInt]);
        assert_eq!(found.algorithm(), Some(Algorithm::Sha256));
        assert_eq!(found.opaque().as_deref(), Some(""));
        assert_eq!(
            challenge("Digest realm=\"a\"").algorithm(),
            Some(Algorithm::Md5)
        );
        assert_eq!(challenge("Digest algorithm=SHA3").algorithm(), None);
    }

    #[test]
    fn several_challenges_are_told_apart() {
        let response = ResponseBuilder::new(Status::UNAUTHORIZED)
            .header(
                HeaderName::WwwAuthenticate,
                r#"Digest realm="a", algorithm=SHA-256, Digest realm="a", algorithm=MD5"#,
            )
            .header(
                HeaderName::WwwAuthenticate,
                "NoOneKnowsThisScheme opaque-data=here",
            )
            .header(HeaderName::WwwAuthenticate, "\"broken")
            .build();
        let found = response.headers().challenges();
        let algorithms: Vec<_> = found.iter().map(Challenge::algorithm).collect();
        assert_eq!(
            algorithms[..2],
            [Some(Algorithm::Sha256), Some(Algorithm::Md5)]
        );
        assert_eq!(found[2].scheme(), "NoOneKnowsThisScheme");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn realm_and_nonce_have_caps() {
        let with = |name: &str, len: usize| {
            format!("Digest {name}=\"{}\"", "x".repeat(len)).parse::<Challenge>()
        };
        assert!(with("realm", MAX_REALM).is_ok());
        assert!(with("realm", MAX_REALM + 1).is_err());
        assert!(with("nonce", MAX_NONCE).is_ok());
        assert!(with("nonce", MAX_NONCE + 1).is_err());
    }
}
