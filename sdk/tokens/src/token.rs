//! A token's text, and its hash.

use core::fmt::{self, Write as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a token's text begins with, so that programs that look for leaked secrets find it.
const PREFIX: &str = "oht_";
/// Unit: bytes.
const LENGTH: usize = 32;

/// A token: 256 random bits, as text. It is shown once, to the person who makes it; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one. Fails where the system gives no random bytes.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", hex(&bytes))))
    }

    /// The text, to be handed on.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// SHA-256 of a token's text (FIPS 180-4). A token has 256 bits: a plain hash of it cannot be guessed back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// Of whatever somebody presents as a token.
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }

    /// Whether both are the same; how long that takes says nothing about where they differ.
    pub fn is(&self, other: &Self) -> bool {
        let differ = self.0.iter().zip(&other.0);
        differ.fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hex(&hash.0)
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const BAD: &str = "a hash is 64 hexadecimal digits";
        if text.len() != 64 || !text.is_ascii() {
            return Err(BAD);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| BAD)?;
        }
        Ok(Self(bytes))
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m067_tokens_are_256_bits_and_never_print() {
        let (one, other) = (Token::draw().unwrap(), Token::draw().unwrap());
        assert_eq!(one.reveal().len(), PREFIX.len() + 2 * LENGTH);
        assert!(!one.hash().is(&other.hash()));
        assert!(one.hash().is(&Hash::of(one.reveal())));
        assert_eq!(format!("{one:?}"), "Token(***)");
    }

    #[test]
    fn a_hash_is_what_the_standard_says_and_reads_back() {
        // FIPS 180-4: SHA-256 of "abc".
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hash = Hash::of("abc");
        assert_eq!(String::from(hash), text);
        assert!(Hash::try_from(text.to_owned()).unwrap().is(&hash));
        for bad in ["", "ba", &text[1..], &format!("{}zz", &text[2..])] {
            assert!(Hash::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
