//! Digest arithmetic: nothing but hashing.
//!
//! Source: RFC 7616 §3.4, RFC 8760 §2.1 (SHA-256 and SHA-512-256 in SIP), RFC 2617 §3.2.2 (MD5, no qop).

use core::fmt;
use core::str::FromStr;
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Sha256, Sha512_256};

/// A hash function, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Hash {
    /// RFC 1321; broken, and what most registrars still ask for.
    Md5,
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4, SHA-512 with its own start values, 256 bits long.
    Sha512_256,
}

impl Hash {
    /// Lower-case hexadecimal digest of `parts`, joined by colons.
    pub fn of(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 => hex(&joined::<Md5>(parts)),
            Self::Sha256 => hex(&joined::<Sha256>(parts)),
            Self::Sha512_256 => hex(&joined::<Sha512_256>(parts)),
        }
    }
}

fn joined<D: sha2::Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut hash = D::new();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// A digest algorithm as a challenge names it. Orders by strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Algorithm {
    /// What hashes.
    pub hash: Hash,
    /// Whether the secret is bound to the first nonce and cnonce: `-sess`.
    pub session: bool,
}

impl Algorithm {
    /// What is meant where a challenge names none. Source: RFC 7616 §3.3.
    pub const MD5: Self = Self::plain(Hash::Md5);
    /// RFC 8760 §2.1.
    pub const SHA_256: Self = Self::plain(Hash::Sha256);
    /// RFC 8760 §2.1.
    pub const SHA_512_256: Self = Self::plain(Hash::Sha512_256);

    const fn plain(hash: Hash) -> Self {
        Self {
            hash,
            session: false,
        }
    }

    /// The same with `-sess`.
    pub const fn with_session(self) -> Self {
        Self {
            hash: self.hash,
            session: true,
        }
    }

    /// As a header spells it.
    pub const fn name(self) -> &'static str {
        match (self.hash, self.session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512_256, false) => "SHA-512-256",
            (Hash::Sha512_256, true) => "SHA-512-256-sess",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// We do not know this algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Self::MD5, Self::SHA_256, Self::SHA_512_256]
            .into_iter()
            .flat_map(|plain| [plain, plain.with_session()])
            .find(|known| known.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownAlgorithm)
    }
}

/// Quality of protection: what of the request the response vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Qop {
    /// Method and URI, without a count of uses: RFC 2069, kept by RFC 2617.
    None,
    /// Method and URI.
    Auth,
    /// Method, URI and body.
    AuthInt,
}

impl Qop {
    /// As a header spells it; nothing for [`Qop::None`].
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Auth => Some("auth"),
            Self::AuthInt => Some("auth-int"),
        }
    }
}

/// Everything that goes into one response.
#[derive(Debug, Clone, Copy)]
pub struct Sum<'a> {
    /// Algorithm of the challenge.
    pub algorithm: Algorithm,
    /// Account name in this realm.
    pub user: &'a str,
    /// Realm of the challenge, unquoted.
    pub realm: &'a str,
    /// The secret.
    pub password: &'a str,
    /// Nonce of the challenge, unquoted.
    pub nonce: &'a str,
    /// Our nonce.
    pub cnonce: &'a str,
    /// How often this nonce has been used, this time included. Range: from 1.
    pub count: u32,
    /// What is vouched for.
    pub qop: Qop,
    /// Method of the request.
    pub method: &'a str,
    /// Digest URI as the header says it.
    pub uri: &'a str,
    /// Body of the request; only `auth-int` reads it.
    pub body: &'a [u8],
}

impl Sum<'_> {
    /// The `response` of the client. Source: RFC 7616 §3.4.1.
    pub fn response(&self) -> String {
        self.sum(self.method)
    }

    /// The `rspauth` by which the server proves itself: as the response, without the method.
    /// Source: RFC 7616 §3.5.
    pub fn server_response(&self) -> String {
        self.sum("")
    }

    fn sum(&self, method: &str) -> String {
        let hash = self.algorithm.hash;
        let secret = self.secret();
        let what = match self.qop {
            Qop::None | Qop::Auth => hash.of(&[method.as_bytes(), self.uri.as_bytes()]),
            Qop::AuthInt => {
                let body = hash.of(&[self.body]);
                hash.of(&[method.as_bytes(), self.uri.as_bytes(), body.as_bytes()])
            }
        };
        let (secret, nonce) = (secret.as_bytes(), self.nonce.as_bytes());
        match self.qop.name() {
            None => hash.of(&[secret, nonce, what.as_bytes()]),
            Some(qop) => {
                let count = format!("{:08x}", self.count);
                let cnonce = self.cnonce.as_bytes();
                let (count, qop) = (count.as_bytes(), qop.as_bytes());
                hash.of(&[secret, nonce, count, cnonce, qop, what.as_bytes()])
            }
        }
    }

    fn secret(&self) -> String {
        let hash = self.algorithm.hash;
        let user = [
            self.user.as_bytes(),
            self.realm.as_bytes(),
            self.password.as_bytes(),
        ];
        let secret = hash.of(&user);
        if !self.algorithm.session {
            return secret;
        }
        let (nonce, cnonce) = (self.nonce.as_bytes(), self.cnonce.as_bytes());
        hash.of(&[secret.as_bytes(), nonce, cnonce])
    }
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1. (§3.9.2 as printed is truncated SHA-512, not SHA-512/256.)
    fn rfc7616(algorithm: Algorithm) -> Sum<'static> {
        Sum {
            algorithm,
            user: "Mufasa",
            realm: "http-auth@example.org",
            password: "Circle of Life",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            count: 1,
            qop: Qop::Auth,
            method: "GET",
            uri: "/dir/index.html",
            body: b"",
        }
    }

    #[test]
    fn m001_vectors_of_rfc_7616() {
        assert_eq!(
            rfc7616(Algorithm::MD5).response(),
            "8ca523f5e9506fed4657c9700eebdbec"
        );
        assert_eq!(
            rfc7616(Algorithm::SHA_256).response(),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn m001_vector_of_rfc_2617() {
        let sum = Sum {
            realm: "testrealm@host.com",
            password: "Circle Of Life",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            cnonce: "0a4f113b",
            ..rfc7616(Algorithm::MD5)
        };
        assert_eq!(sum.response(), "6629fae49393a05397450978507c4ef1");
        let old = Sum {
            qop: Qop::None,
            ..sum
        };
        // H(A1) and H(A2) of the same example, without count, cnonce and qop between them.
        let expected = Hash::Md5.of(&[
            b"939e7578ed9e3c518a452acee763bce9",
            b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
            b"39aff3a2bab6126f332b942af96d3366",
        ]);
        assert_eq!(old.response(), expected);
        assert_eq!(old.response(), "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn sha_512_256_is_not_cut_sha_512() {
        // FIPS 180-4 example: "abc".
        assert_eq!(
            Hash::Sha512_256.of(&[b"abc"]),
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
        );
    }

    #[test]
    fn session_integrity_and_plain_all_differ() {
        let plain = rfc7616(Algorithm::SHA_256);
        let session = Sum {
            algorithm: plain.algorithm.with_session(),
            ..plain
        };
        let whole = Sum {
            qop: Qop::AuthInt,
            ..plain
        };
        let body = Sum {
            body: b"v=0",
            ..whole
        };
        let all = [plain, session, whole, body].map(|s| s.response());
        for (place, one) in all.iter().enumerate() {
            assert!(all[place + 1..].iter().all(|other| other != one));
        }
        assert_ne!(plain.server_response(), plain.response());
    }

    #[test]
    fn names_go_both_ways_and_strength_orders() {
        for name in ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256"] {
            let known: Algorithm = name.parse().unwrap();
            assert_eq!(known.name(), name);
        }
        assert_eq!("sha-256".parse(), Ok(Algorithm::SHA_256));
        assert_eq!("AKAv1-MD5".parse::<Algorithm>(), Err(UnknownAlgorithm));
        assert!(Algorithm::MD5.with_session() < Algorithm::SHA_256);
        assert!(Algorithm::SHA_256 < Algorithm::SHA_512_256);
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }
}
