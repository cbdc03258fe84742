//! A number with pauses and digits that are sent once it has been answered (M-062).
//!
//! `+1555,,1234#`: call `+1555`, and when it answers wait 2 s for each comma, then send `1234#`. Source: K-169.

use base::Duration;

/// What one comma stands for. Unit: time.
pub const PAUSE: Duration = Duration::from_secs(2);
/// Most commas. Source: ours; a minute of waiting.
const PAUSES: usize = 30;
/// Most digits behind the number. Source: ours; as many as one command sends.
const DIGITS: usize = 64;

/// Why a dial string cannot be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing stands before the first comma.
    #[error("no number stands before the first comma")]
    NoNumber,
    /// A sign that is no key.
    #[error(
        "{sign:?} at place {at} is no key: allowed after the first comma are 0-9 * # A-D and commas"
    )]
    NoKey {
        /// The sign.
        sign: char,
        /// Its place, from 1. Unit: characters.
        at: usize,
    },
    /// More commas or digits than there may be.
    #[error("at most {PAUSES} commas and {DIGITS} digits may follow the number")]
    TooLong,
}

/// One thing that is done after the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nothing, for so long.
    Wait(Duration),
    /// Keys: 0–9, *, #, A–D.
    Keys(String),
}

/// A number and what is done after its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialString {
    /// Whom to call, as written.
    pub number: String,
    /// In this order; empty for a plain number.
    pub after: Vec<Stage>,
}

impl DialString {
    /// Reads the text; one without a comma is a plain number or address.
    pub fn read(text: &str) -> Result<Self, Refused> {
        // Of an address a comma is part (RFC 3261 §25.1, user-unreserved).
        let is_number = |text: &str| crate::number::plain(text).is_some();
        let Some((number, rest)) = text
            .split_once(',')
            .filter(|(n, _)| is_number(n) || n.trim().is_empty())
        else {
            let number = text.trim().to_owned();
            return Ok(Self {
                number,
                after: Vec::new(),
            });
        };
        if number.trim().is_empty() {
            return Err(Refused::NoNumber);
        }
        let mut after = vec![Stage::Wait(PAUSE)];
        let (mut pauses, mut digits) = (1, 0);
        let first = number.chars().count() + 2;
        for (place, sign) in rest.chars().enumerate() {
            let key = sign.to_ascii_uppercase();
            match sign {
                ',' => {
                    pauses += 1;
                    match after.last_mut() {
                        Some(Stage::Wait(wait)) => *wait += PAUSE,
                        Some(Stage::Keys(_)) | None => after.push(Stage::Wait(PAUSE)),
                    }
                }
                _ if key.is_ascii_digit() || "*#ABCD".contains(key) => {
                    digits += 1;
                    match after.last_mut() {
                        Some(Stage::Keys(keys)) => keys.push(key),
                        Some(Stage::Wait(_)) | None => after.push(Stage::Keys(key.to_string())),
                    }
                }
                _ if crate::number::is_mark(sign) => {}
                _ => {
                    let at = first + place;
                    return Err(Refused::NoKey { sign, at });
                }
            }
            if pauses > PAUSES || digits > DIGITS {
                return Err(Refused::TooLong);
            }
        }
        Ok(Self {
            number: number.trim().to_owned(),
            after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Stage {
        Stage::Keys(text.to_owned())
    }

    /// M-062: a call, then digits after two pauses of 2 s.
    #[test]
    fn m_062_pauses_and_digits_follow_the_answer() {
        let read = DialString::read("+1555,,1234#").unwrap();
        assert_eq!(read.number, "+1555");
        assert_eq!(read.after, [Stage::Wait(2 * PAUSE), keys("1234#")]);
        let read = DialString::read(" 0800 1,001,*7a-5 ,").unwrap();
        assert_eq!(read.number, "0800 1");
        let wait = Stage::Wait(PAUSE);
        assert_eq!(
            read.after,
            [wait.clone(), keys("001"), wait.clone(), keys("*7A5"), wait]
        );
    }

    #[test]
    fn addresses_and_plain_numbers_have_nothing_to_follow() {
        for text in [
            "600",
            "alice",
            "sip:a,b@pbx.example",
            "alice,bob@pbx.example",
        ] {
            let read = DialString::read(text).unwrap();
            assert_eq!((read.number.as_str(), read.after.len()), (text, 0));
        }
    }

    #[test]
    fn what_is_no_key_is_told_with_its_place() {
        assert_eq!(DialString::read(",12"), Err(Refused::NoNumber));
        let wrong = DialString::read("12,3x4").unwrap_err();
        assert_eq!(wrong, Refused::NoKey { sign: 'x', at: 5 });
        assert!(wrong.to_string().starts_with("'x' at place 5 is no key"));
        let longest = format!("1{}{}", ",".repeat(30), "5".repeat(64));
        assert_eq!(DialString::read(&longest).unwrap().after.len(), 2);
        assert_eq!(
            DialString::read(&format!("{longest},")),
            Err(Refused::TooLong)
        );
        assert_eq!(
            DialString::read(&format!("{longest}5")),
            Err(Refused::TooLong)
        );
    }
}
