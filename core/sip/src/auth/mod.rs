//! Digest authentication, both sides (RFC 7616, RFC 8760, RFC 2617).
//!
//! | file | holds |
//! | --- | --- |
//! | [`digest`] | the arithmetic |
//! | [`client`] | answers challenges, reuses nonces, knows when the password is wrong |
//! | `offer` | what a challenge offers, and which offer to take |
//! | `params` | challenges and credentials, taken apart |
//! | [`server`] | makes challenges, checks answers, forgets nonces |
//!
//! Left out on purpose: Basic (RFC 8760 §2.6 forbids it) and `userhash` (no registrar asks for it).

pub mod client;
pub mod digest;
mod offer;
mod params;
pub mod server;
#[cfg(test)]
mod tests;

pub use client::{Authenticator, Credentials, Digest, Proof, Refusal, Used};
pub use server::{Verdict, Verifier};

use serde::{Deserialize, Serialize};

/// Longest realm that is read. Unit: bytes.
pub const MAX_REALM: usize = 256;
/// Longest nonce or opaque that is read. Unit: bytes.
pub const MAX_NONCE: usize = 1024;

/// Who wants to know who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Asker {
    /// The other end, by 401: WWW-Authenticate and Authorization.
    Server,
    /// A hop between, by 407: Proxy-Authenticate and Proxy-Authorization.
    Proxy,
}

/// `text` as a quoted-string.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}
