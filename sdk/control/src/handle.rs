//! Short names of what lives in the engine.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// A handle or key is not written as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {what}")]
pub struct BadHandle {
    /// What was read.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
}

/// A call as people name it, such as `c7k2`. Never given twice by one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallHandle(u64);

/// Digits of a call handle, without those that look alike (0 o 1 l).
const DIGITS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
/// At least so many digits follow the `c`.
const SHORTEST: usize = 3;
/// More digits than these would not fit the number.
const LONGEST: usize = 12;

impl CallHandle {
    /// The handle with this number, counted by the engine. Range: below 2^60.
    pub const fn from_number(number: u64) -> Self {
        Self(number & ((1 << 60) - 1))
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut text = Vec::with_capacity(SHORTEST);
        while rest > 0 || text.len() < SHORTEST {
            text.push(DIGITS[(rest % 32) as usize]);
            rest /= 32;
        }
        f.write_str("c")?;
        text.iter()
            .rev()
            .try_for_each(|&d| write!(f, "{}", char::from(d)))
    }
}

impl FromStr for CallHandle {
    type Err = BadHandle;

    fn from_str(text: &str) -> Result<Self, BadHandle> {
        let read = || {
            let digits = text.strip_prefix('c')?;
            let fits = (SHORTEST..=LONGEST).contains(&digits.len());
            let padded = digits.len() > SHORTEST && digits.starts_with('2');
            if !fits || padded {
                return None;
            }
            digits.bytes().try_fold(0_u64, |number, byte| {
                let digit = DIGITS.iter().position(|&d| d == byte)?;
                Some(number * 32 + digit as u64)
            })
        };
        read().map(Self).ok_or_else(|| BadHandle {
            text: text.to_owned(),
            what: "a call, such as c7k2",
        })
    }
}

/// An account, by the id it has in the settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountHandle(String);

impl AccountHandle {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountHandle {
    type Err = BadHandle;

    fn from_str(text: &str) -> Result<Self, BadHandle> {
        let of_handle = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        if (1..=64).contains(&text.len()) && text.chars().all(of_handle) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadHandle {
            text: text.to_owned(),
            what: "an account id: 1 to 64 of letters, digits, - _ . @",
        })
    }
}

/// A plugin, by the id in its manifest, such as `codec-g711`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginId(String);

impl PluginId {
    /// Longest id. Unit: bytes.
    pub const LONGEST: usize = 64;

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PluginId {
    type Err = BadHandle;

    fn from_str(text: &str) -> Result<Self, BadHandle> {
        let of_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if (1..=Self::LONGEST).contains(&text.len()) && text.chars().all(of_id) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadHandle {
            text: text.to_owned(),
            what: "a plugin's id: 1 to 64 of letters, digits, - _ .",
        })
    }
}

/// A command as the engine numbered it; events that it causes carry the same number.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CommandId(pub u64);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Chosen by whoever asks: the same key again is the same command, and is not carried out twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = BadHandle;

    fn from_str(text: &str) -> Result<Self, BadHandle> {
        if (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadHandle {
            text: text.to_owned(),
            what: "a key of 1 to 64 printable characters without space",
        })
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = BadHandle;
            fn try_from(text: String) -> Result<Self, BadHandle> {
                text.parse()
            }
        }
    )*};
}
as_text!(CallHandle, AccountHandle, PluginId, IdempotencyKey);

impl From<CallHandle> for String {
    fn from(handle: CallHandle) -> Self {
        handle.to_string()
    }
}

impl From<AccountHandle> for String {
    fn from(handle: AccountHandle) -> Self {
        handle.0
    }
}

impl From<PluginId> for String {
    fn from(id: PluginId) -> Self {
        id.0
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_handles_are_short_and_come_back() {
        let first: CallHandle = "c7k2".parse().unwrap();
        assert_eq!(first.to_string(), "c7k2");
        let next = CallHandle::from_number(first.number() + 1);
        assert_eq!(next.to_string(), "c7k3");
        for number in (0..70_000).chain([(1 << 60) - 1]) {
            let handle = CallHandle::from_number(number);
            assert_eq!(handle.to_string().parse(), Ok(handle));
        }
    }

    #[test]
    fn other_texts_are_no_handles() {
        for text in [
            "",
            "c",
            "c7",
            "7k2",
            "c7k0",
            "c7K2",
            "c2222",
            "caaaaaaaaaaaaa",
            "c7\u{e9}",
        ] {
            assert!(text.parse::<CallHandle>().is_err(), "{text}");
        }
        for text in ["", "a b", "\u{e9}", &"a".repeat(65)] {
            assert!(text.parse::<AccountHandle>().is_err(), "{text}");
            assert!(text.parse::<IdempotencyKey>().is_err(), "{text}");
        }
        assert!("alice@pbx.example".parse::<AccountHandle>().is_ok());
    }
}
