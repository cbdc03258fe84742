//! The mail address of somebody who is listed, by the rule of an account, and the link that begins a mail.
//!
//! Source: requirements M-118 and M-119; RFC 5322 §3.4.1 for addresses, RFC 6068 §2 for links.

use core::fmt::Write as _;

/// Longest address. Unit: bytes. Source: RFC 5321 §4.5.3.1.3, less the brackets.
const LONGEST: usize = 254;

/// How addresses are made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// What stands before the @ is the user's name.
    pub user_as_local: bool,
    /// What stands behind it. `None`: nothing can be put there.
    pub domain: Option<String>,
}

/// What is known of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Who<'a> {
    /// As they are listed.
    pub name: &'a str,
    /// The number or address at which they are called.
    pub number: &'a str,
    /// What was written down as their mail: what stands before the @, or all of it.
    pub mail: Option<&'a str>,
}

impl Rule {
    /// Their address; `None`: there is none. Somebody outside, who is called at a SIP address, has the one that they
    /// are listed by. In the house the user's name goes before what was written down, where the rule says so.
    pub fn address(&self, who: &Who<'_>) -> Option<String> {
        let name = who.name.trim();
        if who.number.contains('@') && is_address(name) {
            return Some(name.to_owned());
        }
        let local = match self.user_as_local {
            true => user_of(who.number),
            false => who.mail?.trim(),
        };
        let address = match local.contains('@') {
            true => local.to_owned(),
            false => format!("{local}@{}", self.domain.as_ref()?),
        };
        is_address(&address).then_some(address)
    }
}

/// The name before the @ of a SIP address, or a number as it is.
fn user_of(number: &str) -> &str {
    let number = number.trim();
    let lower = number.get(..5).unwrap_or(number).to_ascii_lowercase();
    let rest = match (lower.starts_with("sip:"), lower.starts_with("sips:")) {
        (true, _) => number.get(4..),
        (_, true) => number.get(5..),
        (false, false) => Some(number),
    };
    let rest = rest.unwrap_or_default();
    rest.split_once('@').map_or(rest, |(user, _)| user)
}

/// Whether a mail could go there: words of RFC 5322 with dots between, and a domain.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let sign = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let word = |word: &str| !word.is_empty() && word.chars().all(sign);
    text.len() <= LONGEST && local.split('.').all(word) && is_domain(domain)
}

/// Whether it can stand behind the @: a name that is no address of a computer.
pub fn is_domain(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '-';
    let label = |label: &str| {
        let ends = label.starts_with('-') || label.ends_with('-');
        !label.is_empty() && label.len() <= 63 && !ends && label.chars().all(inner)
    };
    let is_number = text.parse::<core::net::Ipv4Addr>().is_ok();
    !is_number && text.split('.').all(label)
}

/// A link that begins a mail (RFC 6068 §2): everything but what may stand there as it is, is written in per cent.
pub fn link(address: &str) -> String {
    let mut link = String::from("mailto:");
    let last = address.rfind('@');
    for (at, byte) in address.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$'*+".contains(&byte);
        match plain || Some(at) == last {
            true => link.push(char::from(byte)),
            false => {
                // A string takes whatever is written into it.
                let _ = write!(link, "%{byte:02X}");
            }
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M-119: the four cases against the address that is expected, and none where there is no domain.
    #[test]
    fn m_119_addresses_by_the_four_cases() {
        let who = |name, number, mail| Who { name, number, mail };
        let carol = who("Carol", "sip:carol@pbx.test", Some("c.smith"));
        let whole = who("Carol", "101", Some("c.smith@other.test"));
        let outside = who("bob@partner.test", "sip:77@partner.test", None);
        let listed = who("bob@partner.test", "0711 5", None);
        for (user_as_local, domain, who, address) in [
            // The user's name, and the domain of the house.
            (true, Some("house.test"), carol, Some("carol@house.test")),
            (
                true,
                Some("house.test"),
                who("Dan", "102", None),
                Some("102@house.test"),
            ),
            // What was written down, with that domain.
            (false, Some("house.test"), carol, Some("c.smith@house.test")),
            // What was written down is all of it.
            (false, Some("house.test"), whole, Some("c.smith@other.test")),
            (false, None, whole, Some("c.smith@other.test")),
            // Somebody outside, who is listed by their mail.
            (true, Some("house.test"), outside, Some("bob@partner.test")),
            (false, None, outside, Some("bob@partner.test")),
            // Nothing to make one of.
            (true, None, carol, None),
            (false, None, carol, None),
            (false, Some("house.test"), who("Dan", "102", None), None),
            (false, Some("house.test"), listed, None),
            (
                false,
                Some("house.test"),
                who("Dan", "102", Some("a b")),
                None,
            ),
            (false, Some("10.0.0.1"), carol, None),
        ] {
            let rule = Rule {
                user_as_local,
                domain: domain.map(str::to_owned),
            };
            assert_eq!(rule.address(&who).as_deref(), address, "{rule:?} {who:?}");
        }
    }

    /// M-118: what has a meaning in a link is written in per cent (RFC 6068 §2).
    #[test]
    fn m_118_links_are_written_in_per_cent() {
        for (address, expected) in [
            ("carol@house.test", "mailto:carol@house.test"),
            ("a+b_c@house.test", "mailto:a+b_c@house.test"),
            (
                "a%b?c&d=e#f@house.test",
                "mailto:a%25b%3Fc%26d%3De%23f@house.test",
            ),
            ("jörg/x@house.test", "mailto:j%C3%B6rg%2Fx@house.test"),
        ] {
            assert!(is_address(address), "{address}");
            assert_eq!(link(address), expected);
        }
        for address in [
            "",
            "carol",
            "@house.test",
            "a..b@x",
            ".a@x",
            "a@-x",
            "a@x..y",
            "a\r\nb@x",
            "a@1.2.3.4",
        ] {
            assert!(!is_address(address), "{address:?}");
        }
    }
}
