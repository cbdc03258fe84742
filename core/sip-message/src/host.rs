//! Hosts: names and addresses.

use bytes::Bytes;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use serde::{Deserialize, Serialize};

use crate::scan::{self, Scanner};
use crate::span::Span;
use crate::{Malformed, Text};

/// Where something is: a name to resolve, or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Host {
    /// A domain name, as written; compare it with [`Host::is`].
    Name(Text),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address; written in brackets.
    V6(Ipv6Addr),
}

impl Host {
    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(ip) => Some(IpAddr::V4(*ip)),
            Self::V6(ip) => Some(IpAddr::V6(*ip)),
        }
    }

    /// Whether both are the same host; the case of names does not matter.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a), Self::Name(b)) => a.eq_ignore_ascii_case(b),
            (Self::Name(_) | Self::V4(_) | Self::V6(_), _) => self == other,
        }
    }

    /// Reads `host` at the scanner's position in `value`.
    pub(crate) fn scan(scanner: &mut Scanner<'_>, value: &Bytes) -> Result<Self, Malformed> {
        if scanner.peek() == Some(b'[') {
            return scan_v6(scanner, value);
        }
        let start = scanner.at();
        let span = scanner.run(scan::is_host);
        let text = span.of(value);
        let Some(&last) = text.last() else {
            return scanner.fail("host");
        };
        if last.is_ascii_digit() && looks_like_v4(text) {
            return match span.text(value).parse() {
                Ok(ip) => Ok(Self::V4(ip)),
                Err(_) => Err(Malformed::new("IPv4address", start)),
            };
        }
        Ok(Self::Name(Text::ascii(span.share(value))))
    }
}

/// A host whose last label is a number is no name (RFC 3261 §25.1: `toplabel` starts with a
/// letter), so it has to be an address.
fn looks_like_v4(text: &[u8]) -> bool {
    let label = text.rsplit(|&byte| byte == b'.').next();
    label.is_some_and(|label| label.iter().all(u8::is_ascii_digit))
}

fn scan_v6(scanner: &mut Scanner<'_>, value: &Bytes) -> Result<Host, Malformed> {
    let start = scanner.at();
    scanner.take(b'[');
    let span = scanner.run(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.');
    match v6(span, value) {
        Some(ip) if scanner.take(b']') => Ok(Host::V6(ip)),
        _ => Err(Malformed::new("IPv6reference", start)),
    }
}

/// Three colons, which RFC 3261's grammar allows by mistake, are read as two (RFC 5118 §4.10).
fn v6(span: Span, value: &[u8]) -> Option<Ipv6Addr> {
    let text = span.text(value);
    text.parse()
        .or_else(|_| text.replacen(":::", "::", 1).parse())
        .ok()
}

/// Reads `:port` if a colon is next. Range: 1 to 65535.
pub(crate) fn scan_port(scanner: &mut Scanner<'_>, value: &[u8]) -> Result<Option<u16>, Malformed> {
    if !scanner.take(b':') {
        return Ok(None);
    }
    let span = scanner.run(|byte| byte.is_ascii_digit());
    match scan::number(span.of(value), u64::from(u16::MAX)) {
        Some(port) if port > 0 => Ok(Some(port as u16)),
        _ => Err(Malformed::new("port", span.start())),
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6(ip),
        }
    }
}

impl core::str::FromStr for Host {
    type Err = Malformed;
    /// Takes an IPv6 address with or without brackets.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if let Ok(ip) = text.parse::<Ipv6Addr>() {
            return Ok(Self::V6(ip));
        }
        let value = Bytes::copy_from_slice(text.as_bytes());
        let mut scanner = Scanner::new(&value);
        let host = Self::scan(&mut scanner, &value)?;
        if !scanner.is_done() {
            return scanner.fail("host");
        }
        Ok(host)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(ip) => ip.fmt(f),
            Self::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<Host, Malformed> {
        text.parse()
    }

    #[test]
    fn names_and_addresses() {
        assert_eq!(host("192.0.2.1").unwrap().to_string(), "192.0.2.1");
        assert_eq!(host("[2001:db8::1]").unwrap().to_string(), "[2001:db8::1]");
        assert_eq!(host("2001:db8::1").unwrap().to_string(), "[2001:db8::1]");
        assert_eq!(
            host("pbx-1.Example"),
            Ok(Host::Name("pbx-1.Example".into()))
        );
        assert!(host("a.example").unwrap().is(&host("A.EXAMPLE").unwrap()));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "999.0.0.1",
            "1.2.3",
            "[::1",
            "[1:2]",
            "a b",
            "a:5",
            "[::g]",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn three_colons_are_read_as_two() {
        assert_eq!(
            host("[2001:db8:::192.0.2.1]"),
            host("[2001:db8::192.0.2.1]")
        );
    }
}
