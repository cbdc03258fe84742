//! When two SIP URIs are the same. Source: RFC 3261 §19.1.4.

use super::SipUri;
use super::escape::one;

/// Parameters that make a difference even when only one URI has them.
const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl SipUri {
    /// Whether both name the same resource. Not transitive, as the RFC says itself.
    pub fn equivalent(&self, other: &Self) -> bool {
        self.is_secure() == other.is_secure()
            && same(self.user(), other.user(), false)
            && same(self.password(), other.password(), false)
            && self.host().is(other.host())
            && self.port() == other.port()
            && agree(self, other)
            && agree(other, self)
            && headers_in(self, other)
            && headers_in(other, self)
    }
}

/// What `a` says in parameters is not contradicted by `b`.
fn agree(a: &SipUri, b: &SipUri) -> bool {
    // Of a name that stands twice, which may not be, the first counts: a URI is always itself.
    a.params().all(|(name, _)| match b.param(name) {
        Some(found) => same(a.param(name), Some(found), true),
        None => !DECISIVE
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name)),
    })
}

/// Every header of `a` stands in `b` too.
fn headers_in(a: &SipUri, b: &SipUri) -> bool {
    a.headers().all(|(name, value)| {
        b.headers()
            .any(|(other, found)| same(Some(name), Some(other), true) && same(value, found, false))
    })
}

fn same(a: Option<&str>, b: Option<&str>, ignore_case: bool) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => canonical(a, ignore_case).eq(canonical(b, ignore_case)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Escaped and plain characters are equal, except for the reserved ones, which differ.
fn canonical(text: &str, ignore_case: bool) -> impl Iterator<Item = (u8, bool)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    core::iter::from_fn(move || {
        bytes.get(at)?;
        let (byte, len) = one(bytes, at);
        at += len;
        let reserved = b";/?:@&=+$,".contains(&byte);
        let byte = if ignore_case {
            byte.to_ascii_lowercase()
        } else {
            byte
        };
        Some((byte, reserved && len == 3))
    })
}
