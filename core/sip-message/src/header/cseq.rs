//! CSeq: which request of a dialog this is. Source: RFC 3261 §20.16.

use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

use crate::scan::{self, Scanner};
use crate::value::Value;
use crate::{Malformed, Method};

/// Sequence number and method.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CSeq {
    /// Range: 0 to 2^31 − 1 (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The request's method.
    pub method: Method,
}

/// Largest sequence number.
pub const MAX_CSEQ: u32 = (1 << 31) - 1;

impl Value for CSeq {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(&bytes);
        let digits = scanner.run(|byte| byte.is_ascii_digit());
        let number = scan::number(digits.of(&bytes), u64::from(MAX_CSEQ))
            .ok_or(Malformed::new("CSeq number", 0))?;
        if !scanner.peek().is_some_and(scan::is_space) {
            return scanner.fail("CSeq");
        }
        scanner.spaces();
        let method = scanner.rest();
        let method =
            Method::parse(method.share(&bytes)).map_err(|error| error.shifted(method.start()))?;
        Ok(Self {
            number: number as u32,
            method,
        })
    }
}

impl core::str::FromStr for CSeq {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        crate::value::from_text(text)
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_31_bits_are_a_sequence_number() {
        let cseq: CSeq = "0009   INVITE".parse().unwrap();
        assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
        assert_eq!("2147483647 BYE".parse::<CSeq>().unwrap().number, MAX_CSEQ);
        for text in [
            "2147483648 BYE",
            "-1 BYE",
            "1",
            "1 ",
            "BYE",
            "1BYE",
            "1 BYE x",
            "",
        ] {
            assert!(text.parse::<CSeq>().is_err(), "{text}");
        }
    }
}
