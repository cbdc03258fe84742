//! Somebody's address, as rights read it: user and domain alone, in one spelling.

use core::fmt;
use core::net::Ipv6Addr;
use sip_message::{Uri, escape_user, unescape};

/// Somebody. Two spellings of one address are the same person (RFC 3261 §19.1.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Person {
    /// Without escapes.
    user: Vec<u8>,
    /// In lower case.
    pub(super) domain: String,
}

/// The address of whoever watches, as rights are written: user and domain alone, without port and parameters. `None`: it
/// is nobody's.
pub fn person(uri: &str) -> Option<String> {
    Person::read(uri, "").map(|person| person.to_string())
}

/// An address that rights name, as a URI that others compare letter by letter.
pub fn uri_of(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((user, domain)) => format!("sip:{}@{domain}", escape_user(unescape(user))),
        None => format!("sip:{address}"),
    }
}

/// The user of an address, escaped so that a line of words and commas holds it.
fn escaped(user: &[u8]) -> String {
    escape_user(user)
        .replace('*', "%2A")
        .replace(',', "%2C")
        .replace(';', "%3B")
}

/// A host in one spelling: in lower case, without the dot at its end (RFC 3261 §25.1, `hostname`), an address as its
/// shortest.
fn domain(host: &str) -> String {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match bare.and_then(|bare| bare.parse::<Ipv6Addr>().ok()) {
        Some(address) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => format!("[{address}]"),
        },
        None => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
    }
}

/// What stands before the colon is a scheme that we read.
fn has_scheme(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    ["sip", "sips"]
        .into_iter()
        .any(|ours| scheme.eq_ignore_ascii_case(ours))
}

impl Person {
    /// `20@example.com`, `sip:20@example.com:5070`, or `20` at `home`.
    pub(super) fn read(text: &str, home: &str) -> Option<Self> {
        let text = text.trim();
        let whole = match text.split_once('@') {
            _ if has_scheme(text) => text.to_owned(),
            Some((user, _)) if !user.contains(':') => format!("sip:{text}"),
            None if !text.contains(':') => format!("sip:{text}@{home}"),
            Some(_) | None => return None,
        };
        let uri: Uri = whole.parse().ok()?;
        let uri = uri.sip()?;
        let user = uri.user().filter(|user| !user.is_empty())?;
        Some(Self {
            user: unescape(user).into_owned(),
            domain: domain(&uri.host().to_string()),
        })
    }

    /// Somebody at a domain whom no right names.
    pub(super) fn nobody_at(domain: &str) -> Self {
        Self {
            // No server has one, and no URI one that is empty.
            user: Vec::new(),
            domain: domain.to_ascii_lowercase(),
        }
    }

    /// How a right has it, whose people are at `home` if it names no domain: one spelling of each address.
    pub(super) fn written(text: &str) -> Option<String> {
        let read = Self::read(text, "home.invalid")?;
        match text.contains('@') {
            true => Some(read.to_string()),
            false => Some(escaped(&read.user)),
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", escaped(&self.user), self.domain)
    }
}
