//! Reliable provisional responses and session timers: RSeq, RAck, Session-Expires, Min-SE.
//!
//! Source: RFC 3262 §7, RFC 4028 §4 and §5.

use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

use super::event::TokenParams;
use super::typed::Number;
use super::{CSeq, HeaderName, Headers, seconds};
use crate::Malformed;
use crate::scan::{self, Scanner};
use crate::value::{Value, as_text};

/// Which reliable response of which request a PRACK acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq of the response.
    pub rseq: u32,
    /// The CSeq of the response.
    pub cseq: CSeq,
}

impl Value for RAck {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(&bytes);
        let digits = scanner.run(|byte| byte.is_ascii_digit());
        let rseq = scan::number(digits.of(&bytes), u64::from(u32::MAX));
        let (Some(rseq), Some(b' ' | b'\t')) = (rseq, scanner.peek()) else {
            return Err(Malformed::new("RAck", 0));
        };
        scanner.spaces();
        let cseq = scanner.rest();
        Ok(Self {
            rseq: rseq as u32,
            cseq: CSeq::parse(cseq.share(&bytes)).map_err(|error| error.shifted(cseq.start()))?,
        })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

/// Who refreshes a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refresher {
    /// Whoever sent the request that says so.
    Uac,
    /// Whoever answers it.
    Uas,
}

/// How long a session lives without a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires {
    /// Unit: s. Range: from 90 on, by RFC 4028 §4; not enforced here.
    pub seconds: u32,
    /// Who refreshes, once that is settled.
    pub refresher: Option<Refresher>,
}

impl Value for SessionExpires {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let found = TokenParams::parse(bytes)?;
        let seconds = seconds(found.token()).ok_or(Malformed::new("delta-seconds", 0))?;
        let refresher = match found.param("refresher") {
            Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        };
        Ok(Self { seconds, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refresher = match self.refresher {
            Some(Refresher::Uac) => ";refresher=uac",
            Some(Refresher::Uas) => ";refresher=uas",
            None => "",
        };
        write!(f, "{}{refresher}", self.seconds)
    }
}

/// Seconds first, parameters after: the lower bound of Min-SE.
struct MinSe(u32);

impl Value for MinSe {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        SessionExpires::parse(bytes).map(|found| Self(found.seconds))
    }
}

as_text!(RAck, SessionExpires);

impl Headers {
    /// The number of a reliable response.
    pub fn rseq(&self) -> Result<Option<u32>, Malformed> {
        let found = self.single::<Number>(HeaderName::RSeq)?;
        Ok(found.map(|number| number.0))
    }

    /// What a PRACK acknowledges.
    pub fn rack(&self) -> Result<Option<RAck>, Malformed> {
        self.single(HeaderName::RAck)
    }

    /// How long the session lives without a refresh.
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, Malformed> {
        self.single(HeaderName::SessionExpires)
    }

    /// The shortest session life the sender takes. Unit: s.
    pub fn min_se(&self) -> Result<Option<u32>, Malformed> {
        let found = self.single::<MinSe>(HeaderName::MinSE)?;
        Ok(found.map(|found| found.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    #[test]
    fn they_come_apart_and_round_trip() {
        let rack: RAck = "776656 1 INVITE".parse().unwrap();
        assert_eq!((rack.rseq, rack.cseq.number), (776_656, 1));
        assert_eq!(rack.cseq.method, Method::Invite);
        assert_eq!(rack.to_string().parse(), Ok(rack));

        let expires: SessionExpires = "1800 ;refresher=UAS;x".parse().unwrap();
        assert_eq!(expires.to_string(), "1800;refresher=uas");
        for text in ["", "x", "-1", "1;;"] {
            assert!(text.parse::<SessionExpires>().is_err(), "{text}");
        }
        for text in ["1", "1 1", "4294967296 1 INVITE", "1 INVITE"] {
            assert!(text.parse::<RAck>().is_err(), "{text}");
        }
    }
}
