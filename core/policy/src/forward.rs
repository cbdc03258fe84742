//! Calls that are sent elsewhere (M-133), and those that would come back (K-177).

mod code;

pub use code::{Code, Kind, Refused, dialled};

use crate::number;
use base::Duration;
use sip_message::Uri;

/// How often a call may have been sent elsewhere before it is not sent on. Source: ours, as for redirections.
pub const HOPS: usize = 5;

/// Where calls are sent, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forwarding {
    /// All of them, at once (K-176).
    pub always: Option<String>,
    /// Those that come while a call is up.
    pub busy: Option<String>,
    /// Those that nobody answers for so long.
    pub no_answer: Option<(Duration, String)>,
}

/// Why a call is not sent where it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circle {
    /// The target is the account itself.
    Itself,
    /// The target is whoever calls.
    Caller,
    /// The call has been at the target already, or here.
    Before,
    /// It was sent elsewhere [`HOPS`] times.
    TooOften,
}

impl core::fmt::Display for Circle {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Itself => "forwarding would lead to the account itself",
            Self::Caller => "forwarding would lead back to the caller",
            Self::Before => "forwarding would lead to where the call was",
            Self::TooOften => "the call was forwarded too often",
        })
    }
}

/// Who is who when a call is to be sent elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    /// The account's own address, such as `sip:101@pbx.example`.
    pub own: &'a str,
    /// Whoever calls: number or address.
    pub caller: &'a str,
    /// Those who sent the call elsewhere before, as Diversion and History-Info tell it.
    pub diverted_by: &'a [String],
}

impl Hop<'_> {
    /// Whether sending the call to `target` would bring it back.
    pub fn circle(&self, target: &str) -> Option<Circle> {
        let domain = Party::read(self.own, None).domain;
        let party = |text: &str| Party::read(text, domain.as_deref());
        let (target, own) = (party(target), party(self.own));
        let before: Vec<Party> = self.diverted_by.iter().map(|text| party(text)).collect();
        if target.is(&own) {
            return Some(Circle::Itself);
        }
        if target.is(&party(self.caller)) {
            return Some(Circle::Caller);
        }
        if before.iter().any(|by| by.is(&target) || by.is(&own)) {
            return Some(Circle::Before);
        }
        (before.len() >= HOPS).then_some(Circle::TooOften)
    }
}

/// User and domain of a number or an address.
pub(crate) struct Party {
    pub(crate) user: String,
    domain: Option<String>,
}

impl Party {
    /// A bare number is at `home`.
    pub(crate) fn read(text: &str, home: Option<&str>) -> Self {
        let whole = match text.contains('@') && !text.contains(':') {
            true => format!("sip:{text}"),
            false => text.to_owned(),
        };
        match whole.parse::<Uri>() {
            Ok(Uri::Sip(uri)) => Self {
                user: uri.user().unwrap_or_default().to_owned(),
                domain: Some(uri.host().to_string().to_ascii_lowercase()),
            },
            Ok(Uri::Tel(uri)) => Self {
                user: uri.digits(),
                domain: None,
            },
            Ok(Uri::Other(_)) | Err(_) => Self {
                user: text.to_owned(),
                domain: home.map(str::to_owned),
            },
        }
    }

    fn is(&self, other: &Self) -> bool {
        // Telephone numbers are the same at every domain; names are not.
        let numbers = self.domain.is_none() || other.domain.is_none();
        let here = numbers || self.domain == other.domain;
        here && number::same(&self.user, &other.user, None)
    }
}

/// Whether a call can be sent to `text`: a number, a name or a SIP or tel URI, on one line.
pub fn is_target(text: &str) -> bool {
    let line = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if text.is_empty() || text.len() > number::LONGEST || !line {
        return false;
    }
    match text.split_once(':') {
        Some(_) => matches!(text.parse::<Uri>(), Ok(Uri::Sip(_) | Uri::Tel(_))),
        None => !text.contains(['<', '>', '"', '?', ';', ',']),
    }
}

/// The first circle among accounts of one machine: indices of those who send their calls to each other. Each
/// entry is the account's address and where it sends all calls.
pub fn circle_among(accounts: &[(&str, Option<&str>)]) -> Option<Vec<usize>> {
    let next = |from: usize| {
        let (own, target) = accounts.get(from)?;
        let home = Party::read(own, None).domain;
        let target = Party::read((*target)?, home.as_deref());
        let is = |(address, _): &(&str, Option<&str>)| Party::read(address, None).is(&target);
        accounts.iter().position(is)
    };
    for start in 0..accounts.len() {
        let mut way = vec![start];
        while let Some(at) = way.last().and_then(|at| next(*at)) {
            if at == start {
                return Some(way);
            }
            if way.contains(&at) {
                break;
            }
            way.push(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(target: &str, caller: &str, diverted_by: &[&str]) -> Option<Circle> {
        let diverted_by: Vec<String> = diverted_by.iter().map(|by| (*by).to_owned()).collect();
        let hop = Hop {
            own: "sip:101@pbx.example",
            caller,
            diverted_by: &diverted_by,
        };
        hop.circle(target)
    }

    /// K-177: a target that is the account itself is a circle, however it is written.
    #[test]
    fn a_call_is_not_sent_to_where_it_comes_from() {
        for own in ["101", "sip:101@pbx.example", "101@PBX.example", "tel:101"] {
            assert_eq!(circle(own, "500", &[]), Some(Circle::Itself), "{own}");
        }
        assert_eq!(circle("102", "500", &[]), None);
        assert_eq!(circle("sip:101@other.example", "500", &[]), None);
        assert_eq!(
            circle("500", "sip:500@pbx.example", &[]),
            Some(Circle::Caller)
        );
        assert_eq!(circle("+49711500", "0049711500", &[]), Some(Circle::Caller));
    }

    #[test]
    fn a_call_is_not_sent_to_where_it_has_been() {
        let been = |by: &[&str]| circle("102", "500", by);
        assert_eq!(been(&["sip:102@pbx.example"]), Some(Circle::Before));
        assert_eq!(been(&["sip:101@pbx.example"]), Some(Circle::Before));
        assert_eq!(been(&["sip:103@pbx.example"]), None);
        let others: Vec<String> = (200..205).map(|n| format!("sip:{n}@pbx.example")).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        assert_eq!(been(&others), Some(Circle::TooOften));
        assert_eq!(been(&others[..4]), None);
    }

    #[test]
    fn circles_of_accounts_are_found_before_any_call() {
        let accounts = [
            ("sip:1@a.example", Some("2")),
            ("sip:2@a.example", Some("sip:3@b.example")),
            ("sip:3@b.example", Some("sip:1@a.example")),
            ("sip:4@a.example", Some("1")),
        ];
        assert_eq!(circle_among(&accounts), Some(vec![0, 1, 2]));
        assert_eq!(circle_among(&accounts[..2]), None);
        assert_eq!(
            circle_among(&[("sip:1@a.example", Some("1"))]),
            Some(vec![0])
        );
        assert_eq!(circle_among(&[]), None);
    }

    /// K-177, K-139: a number or a URI on one line.
    #[test]
    fn targets_are_numbers_or_addresses() {
        for good in [
            "500",
            "+49711",
            "*69",
            "alice",
            "sip:500@host",
            "tel:+1555",
            "bob@host",
        ] {
            assert!(is_target(good), "{good}");
        }
        for wrong in [
            "",
            "a b",
            "500\r\nTo: x",
            "http://x",
            "<sip:1@x>",
            "sip:",
            "1?x=y",
        ] {
            assert!(!is_target(wrong), "{wrong:?}");
        }
    }
}
