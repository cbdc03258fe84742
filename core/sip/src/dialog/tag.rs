//! The tags we give out.

use base::Rng;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A tag of ours: 64 random bits, so it alone finds the session it belongs to.
///
/// Source: RFC 3261 §19.3 asks for at least 32 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalTag(u64);

impl LocalTag {
    /// Digits of a tag as it stands on the wire.
    const DIGITS: usize = 16;

    /// A new tag.
    pub fn draw(rng: &mut Rng) -> Self {
        Self(rng.number())
    }

    /// Reads a tag that we may have given out.
    pub fn read(text: &str) -> Option<Self> {
        let ours = text.len() == Self::DIGITS
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !ours {
            return None;
        }
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Display for LocalTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_spelling_is_read() {
        let mut rng = Rng::from_number(3);
        let tag = LocalTag::draw(&mut rng);
        let text = tag.to_string();
        assert_eq!(LocalTag::read(&text), Some(tag));
        assert_eq!(LocalTag::read(&text[1..]), None);
        assert_eq!(LocalTag::read("+00000000000000f"), None);
        assert_eq!(LocalTag::read("00000000000000FF"), None);
    }
}
