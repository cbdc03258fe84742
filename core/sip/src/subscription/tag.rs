//! The tags of subscriptions: told from those of sessions by their spelling alone.

use base::Rng;
use core::fmt;
use serde::{Deserialize, Serialize};

/// From tag of a SUBSCRIBE of ours, so that whoever hands out requests knows a NOTIFY for a lamp from one for a transfer
/// without a table.
pub type WatchTag = Spelled<'s'>;

/// A tag of ours: 64 random bits behind a letter that no tag of a session has, and no other kind of tag.
///
/// Source: RFC 3261 §19.3 asks for at least 32 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spelled<const LETTER: char>(u64);

impl<const LETTER: char> Spelled<LETTER> {
    /// Digits after the letter.
    const DIGITS: usize = 16;

    /// A new tag.
    pub fn draw(rng: &mut Rng) -> Self {
        Self(rng.number())
    }

    /// Reads a tag that we may have given out.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(LETTER)?;
        let ours = digits.len() == Self::DIGITS
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !ours {
            return None;
        }
        u64::from_str_radix(digits, 16).ok().map(Self)
    }
}

impl<const LETTER: char> fmt::Display for Spelled<LETTER> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{LETTER}{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::LocalTag;

    #[test]
    fn a_tag_of_a_subscription_is_none_of_a_session() {
        let mut rng = Rng::from_number(5);
        let tag = WatchTag::draw(&mut rng);
        let text = tag.to_string();
        assert_eq!(WatchTag::read(&text), Some(tag));
        assert_eq!(LocalTag::read(&text), None);
        let session = LocalTag::draw(&mut rng).to_string();
        assert_eq!(WatchTag::read(&session), None);
        assert_eq!(WatchTag::read("s+00000000000000f"), None);
        assert_eq!(WatchTag::read("s"), None);
    }
}
