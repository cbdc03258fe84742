//! Credentials: the answer to a digest challenge.
//!
//! Source: RFC 3261 §20.7, §20.28; RFC 7616 §3.4.

use bytes::Bytes;
use core::fmt;

use super::auth::MAX_CHALLENGES;
use super::{Algorithm, Challenge, HeaderName, Headers, Name, Qop};
use crate::Malformed;
use crate::scan::quote;
use crate::value::{Value, as_text};

/// What answers a digest challenge. All strings without quotes and escapes.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestResponse {
    /// Who answers.
    pub username: String,
    /// Copied from the challenge.
    pub realm: String,
    /// Copied from the challenge.
    pub nonce: String,
    /// The Request-URI as hashed.
    pub uri: String,
    /// The hash, in hexadecimal.
    pub response: String,
    /// Named when the challenge named one.
    pub algorithm: Option<Algorithm>,
    /// Copied from the challenge.
    pub opaque: Option<String>,
    /// What the hash covers, with the numbers that go with it; absent in RFC 2069's old form.
    pub protection: Option<Protection>,
}

/// What RFC 7616 adds to the old form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// What the hash covers.
    pub qop: Qop,
    /// The client's own nonce.
    pub cnonce: String,
    /// How often the nonce has been used, this time included.
    pub nonce_count: u32,
}

impl Value for DigestResponse {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let found = Challenge::parse(bytes)?;
        if !found.is_digest() {
            return Err(Malformed::new("digest-response", 0));
        }
        let needed = |name: &'static str| found.param(name).ok_or(Malformed::new(name, 0));
        let algorithm = match found.param("algorithm") {
            Some(name) => Some(Algorithm::named(&name).ok_or(Malformed::new("algorithm", 0))?),
            None => None,
        };
        let protection = match found.param("qop") {
            Some(name) => Some(Protection {
                qop: Qop::named(&name).ok_or(Malformed::new("qop", 0))?,
                cnonce: needed("cnonce")?,
                nonce_count: u32::from_str_radix(&needed("nc")?, 16)
                    .map_err(|_| Malformed::new("nc", 0))?,
            }),
            None => None,
        };
        Ok(Self {
            username: needed("username")?,
            realm: needed("realm")?,
            nonce: needed("nonce")?,
            uri: needed("uri")?,
            response: needed("response")?,
            algorithm,
            opaque: found.opaque(),
            protection,
        })
    }
}

impl fmt::Display for DigestResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Digest username={}, realm={}, nonce={}, uri={}, response={}",
            quote(&self.username),
            quote(&self.realm),
            quote(&self.nonce),
            quote(&self.uri),
            quote(&self.response)
        )?;
        if let Some(algorithm) = self.algorithm {
            write!(f, ", algorithm={}", algorithm.as_str())?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque={}", quote(opaque))?;
        }
        match &self.protection {
            Some(protection) => write!(
                f,
                ", qop={}, cnonce={}, nc={:08x}",
                protection.qop.as_str(),
                quote(&protection.cnonce),
                protection.nonce_count
            ),
            None => Ok(()),
        }
    }
}

/// Hides who, and the hash.
impl fmt::Debug for DigestResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest realm={:?}", self.realm)
    }
}

as_text!(DigestResponse);

impl Headers {
    /// Digest answers to earlier challenges, in Authorization.
    pub fn authorizations(&self) -> Vec<DigestResponse> {
        self.lines(Name::Known(HeaderName::Authorization))
            .take(MAX_CHALLENGES)
            .filter_map(|field| self.read(field.value).ok())
            .collect()
    }

    /// The same in Proxy-Authorization.
    pub fn proxy_authorizations(&self) -> Vec<DigestResponse> {
        self.lines(Name::Known(HeaderName::ProxyAuthorization))
            .take(MAX_CHALLENGES)
            .filter_map(|field| self.read(field.value).ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_round_trips_and_shows_no_secret() {
        let answer = DigestResponse {
            username: "al\"ice".into(),
            realm: "a".into(),
            nonce: "n".into(),
            uri: "sip:a.example".into(),
            response: "00ff".into(),
            algorithm: Some(Algorithm::Sha512_256),
            opaque: Some("o".into()),
            protection: Some(Protection {
                qop: Qop::Auth,
                cnonce: "c".into(),
                nonce_count: 26,
            }),
        };
        let text = answer.to_string();
        assert!(
            text.ends_with(
                "algorithm=SHA-512-256, opaque=\"o\", qop=auth, cnonce=\"c\", nc=0000001a"
            )
        );
        assert_eq!(text.parse(), Ok(answer.clone()));
        assert_eq!(format!("{answer:?}"), "Digest realm=\"a\"");
    }
}
