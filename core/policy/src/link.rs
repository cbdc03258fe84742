//! A URI that somebody clicked: `tel:`, `sip:`, `sips:`, `callto:` (M-064).
//!
//! Whoever wrote the page wrote the URI, so it is read as what a stranger says: one URI, short, of a known scheme,
//! without header fields, without anything that could be an option or a second line.

use crate::dial_string::DialString;
use crate::number;
use sip_message::{Uri, unescape};

#[cfg(test)]
mod tests;

/// Longest URI. Unit: bytes. Source: ours.
pub const LONGEST: usize = 256;
/// Longest `phone-context`. Unit: bytes.
const CONTEXT: usize = 64;
/// Schemes that start a call.
pub const SCHEMES: [&str; 4] = ["tel", "sip", "sips", "callto"];

/// Why a URI starts no call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too long.
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    /// Another scheme, or none.
    #[error("its scheme is none of tel, sip, sips, callto")]
    Scheme,
    /// `im:`.
    #[error("im: starts a chat, and this phone has none")]
    Chat,
    /// Control characters, quotes or brackets, written out or as `%0D`.
    #[error("it has {0:?}, which no number and no address has")]
    Sign(char),
    /// No number.
    #[error("it has no number that can be dialled")]
    Number,
    /// No SIP address.
    #[error("it has no SIP address")]
    Address,
}

/// What a clicked URI calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is dialled: `tel:` with a number, or a SIP URI without all that a stranger could hide in one.
    pub to: String,
    /// It has keys that switch things at many PBXs, or digits for after the answer: nobody should call it unasked.
    pub is_risky: bool,
}

impl Link {
    /// Reads the one argument that a browser or a desktop hands over.
    pub fn read(uri: &str) -> Result<Self, Refused> {
        if uri.len() > LONGEST {
            return Err(Refused::TooLong);
        }
        let (scheme, rest) = uri.split_once(':').ok_or(Refused::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme == "im" {
            return Err(Refused::Chat);
        }
        if !SCHEMES.contains(&scheme.as_str()) {
            return Err(Refused::Scheme);
        }
        let decoded = String::from_utf8_lossy(&unescape(rest)).into_owned();
        let bad = |c: &char| c.is_control() || "\"'`<>\\{}|^\u{fffd}".contains(*c);
        if let Some(sign) = decoded.chars().find(bad) {
            return Err(Refused::Sign(sign));
        }
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        match scheme.as_str() {
            "tel" => telephone(rest),
            "callto" => called(rest),
            _ => address(&format!("{scheme}:{rest}")),
        }
    }
}

/// Whether a dialled text is a link of telephony: what it means is for [`Link::read`] to say.
pub fn is_telephone(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    ["tel", "callto"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// A number with parameters (RFC 3966 §3); one with an extension becomes a number with digits behind it.
fn telephone(rest: &str) -> Result<Link, Refused> {
    let text = String::from_utf8_lossy(&unescape(rest)).into_owned();
    // Header fields are of SIP URIs; whoever writes them here means nothing good.
    let text = text.split('?').next().unwrap_or_default();
    let mut parts = text.split(';');
    let written = parts.next().unwrap_or_default();
    let param = |part: &str, name: &str| {
        let (key, value) = part.split_once('=')?;
        let is = key.trim().eq_ignore_ascii_case(name);
        is.then(|| value.trim().to_owned())
    };
    let params: Vec<&str> = parts.collect();
    let find = |name| params.iter().find_map(|part| param(part, name));
    let mut dial = DialString::read(written).map_err(|_| Refused::Number)?;
    dial.number = number::plain(&dial.number).ok_or(Refused::Number)?;
    if let Some(context) = find("phone-context") {
        dial.number = in_context(&dial.number, &context)?;
    }
    let is_risky = dial.number.contains(['*', '#']) || !dial.after.is_empty();
    let behind = written.split_once(',').map(|(_, after)| after.to_owned());
    let extension = find("ext").map(|ext| number::plain(&ext).ok_or(Refused::Number));
    let behind = match (behind, extension.transpose()?) {
        (Some(after), _) => format!(",{after}"),
        (None, Some(extension)) => format!(",{extension}"),
        (None, None) => String::new(),
    };
    let to = format!("tel:{}{behind}", dial.number);
    Ok(Link { to, is_risky })
}

/// A local number in its context: one that begins with `+` is put before it, a domain says nothing for us.
fn in_context(written: &str, context: &str) -> Result<String, Refused> {
    if context.len() > CONTEXT {
        return Err(Refused::TooLong);
    }
    match number::plain(context) {
        Some(global) if global.starts_with('+') && !written.starts_with('+') => {
            Ok(format!("{global}{written}"))
        }
        Some(_) | None => Ok(written.to_owned()),
    }
}

/// `callto:` is a number, a SIP URI, an address or a name.
fn called(rest: &str) -> Result<Link, Refused> {
    let lower = rest.to_ascii_lowercase();
    if lower.starts_with("sip:") || lower.starts_with("sips:") {
        return address(rest);
    }
    if rest.contains('@') {
        return address(&format!("sip:{rest}"));
    }
    telephone(rest)
}

/// A SIP URI of which user, host, port and transport are left: header fields, methods, passwords and other ways
/// that a stranger would have us take are dropped.
fn address(text: &str) -> Result<Link, Refused> {
    let Ok(Uri::Sip(uri)) = text.parse::<Uri>() else {
        return Err(Refused::Address);
    };
    let transport = ["udp", "tcp", "tls"].into_iter().find(|known| {
        uri.param("transport")
            .is_some_and(|t| t.eq_ignore_ascii_case(known))
    });
    let bare = uri.without_extras();
    let bare = match transport {
        Some(transport) => bare.with_param("transport", transport),
        None => bare,
    };
    let is_risky = uri.user().is_some_and(|user| {
        let user = unescape(user);
        user.contains(&b'*') || user.contains(&b'#')
    });
    Ok(Link {
        to: bare.as_str().to_owned(),
        is_risky,
    })
}
