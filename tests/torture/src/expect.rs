//! What has to become of a case: a grammar of a few lines for each kind of slot.
//!
//! Written from RFC 3261 §25.1 and the caps of the engine, apart from the parser it judges.

use crate::Class;
use crate::anomaly::Put;
use crate::template::{Built, Kind, Slot};

/// Longest datagram, and longest line of the head. Unit: bytes.
const DATAGRAM: usize = 64 * 1024;
const LINE: usize = 8 * 1024;
/// Hops a message may have.
const VIAS: usize = 64;

const BAD: Class = Class::Refused(400);

/// What has to become of `built`, which has `put` in `slot`.
pub(crate) fn class(slot: &Slot, put: &Put, built: &Built) -> Class {
    if built.bytes.len() > DATAGRAM {
        return Class::Dropped;
    }
    let value = match put {
        Put::Absent => return absent(slot),
        Put::Value(_) if slot.kind == Kind::Body => return Class::Accepted,
        Put::Value(value) => value,
    };
    if built.line > LINE {
        return if in_start_line(slot) {
            Class::Dropped
        } else {
            BAD
        };
    }
    match line_end(value) {
        LineEnd::None => of_value(slot, value, built.body),
        LineEnd::Fold if in_start_line(slot) => Class::Dropped,
        LineEnd::Fold => of_value(slot, b"a b", built.body),
        LineEnd::StrayCr if in_start_line(slot) => Class::Either,
        LineEnd::StrayCr => BAD,
        LineEnd::Other => Class::Either,
    }
}

enum LineEnd {
    None,
    Fold,
    StrayCr,
    Other,
}

fn line_end(value: &[u8]) -> LineEnd {
    if value == b"a\r\n b" {
        return LineEnd::Fold;
    }
    match (value.contains(&b'\r'), value.contains(&b'\n')) {
        (false, false) => LineEnd::None,
        (true, false) => LineEnd::StrayCr,
        (_, true) => LineEnd::Other,
    }
}

fn in_start_line(slot: &Slot) -> bool {
    slot.name.starts_with("uri-") || slot.name.starts_with("version") || slot.name == "method"
}

/// The line with this slot is missing.
fn absent(slot: &Slot) -> Class {
    let needed = ["from-", "to-", "call-id", "cseq-"];
    if in_start_line(slot) {
        return Class::Dropped;
    }
    if needed.iter().any(|start| slot.name.starts_with(start)) {
        return BAD;
    }
    if slot.kind == Kind::MediaType {
        return Class::Refused(415); // a body of no kind
    }
    Class::Accepted // also without the first hop: the other one takes its place
}

fn of_value(slot: &Slot, value: &[u8], body: usize) -> Class {
    let usual = value == slot.usual.as_bytes();
    let ok = |fine: bool| if fine { Class::Accepted } else { BAD };
    match slot.kind {
        Kind::Method if usual => Class::Accepted,
        Kind::Method if is_token(value) => Class::Refused(501),
        Kind::Method => Class::Dropped,
        Kind::Scheme if usual => Class::Accepted,
        Kind::Scheme if is_scheme(value) => Class::Refused(416),
        Kind::Scheme => BAD,
        Kind::AnyScheme => ok(is_scheme(value)),
        Kind::User => ok(!value.is_empty() && value[0] != b':' && is_uri(value)),
        Kind::Password => ok(is_uri(value)),
        Kind::Host => ok(is_host(value)),
        Kind::Port => ok(number(value, 65535).is_some_and(|port| port > 0)),
        Kind::UriParamName => ok(!value.is_empty() && is_uri_param(value)),
        Kind::UriParamValue => ok(is_uri_param(value)),
        Kind::UriHeaders => ok(value.is_empty()),
        Kind::VersionName if usual => Class::Accepted,
        Kind::VersionNumber if usual => Class::Accepted,
        Kind::VersionName | Kind::VersionNumber => Class::Dropped,
        Kind::Word => ok(value.eq_ignore_ascii_case(slot.usual.as_bytes())),
        Kind::Exact => ok(usual),
        Kind::Token => ok(is_token(value)),
        Kind::ParamValue => ok(is_param_value(value)),
        Kind::OtherVia => ok(hops(value) < VIAS),
        Kind::Number(max) => ok(number(value, max).is_some()),
        Kind::Quoted => ok(!value.contains(&b'"') && value.last() != Some(&b'\\')),
        Kind::Display => ok(value.iter().all(|&byte| is_display(byte))),
        Kind::CallId => ok(is_call_id(value)),
        Kind::MediaType if usual => Class::Accepted,
        Kind::MediaType => Class::Refused(415),
        Kind::ContentLength => ok(number(value, body as u64).is_some()),
        Kind::Require if requires_only(value, b"100rel") => Class::Accepted,
        Kind::Require => Class::Refused(420),
        Kind::Accept if usual => Class::Accepted,
        Kind::Accept => Class::Refused(406),
        Kind::Free | Kind::Body => Class::Accepted,
    }
}

fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

fn is_token(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|&byte| is_token_char(byte))
}

fn is_scheme(value: &[u8]) -> bool {
    let fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    value.first().is_some_and(u8::is_ascii_alphabetic) && value.iter().all(fit)
}

/// Characters of a URI, and whole escapes.
fn is_uri(value: &[u8]) -> bool {
    let fit = |byte: &u8| byte.is_ascii_graphic() && !b"<>\"\\^`".contains(byte);
    let escape = |at: usize| {
        value[at] != b'%'
            || value
                .get(at + 1..at + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    value.iter().all(fit) && (0..value.len()).all(escape)
}

fn is_uri_param(value: &[u8]) -> bool {
    let fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"[]/:&+$-_.!~*'()%".contains(byte);
    value.iter().all(fit) && is_uri(value)
}

fn is_host(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    if let Some(inside) = text.strip_prefix('[') {
        let address = inside.strip_suffix(']');
        return address.is_some_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let label = text.rsplit('.').next().unwrap_or_default();
    if label.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<std::net::Ipv4Addr>().is_ok();
    }
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

fn number(value: &[u8], max: u64) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.then(|| text.parse().ok())??;
    (number <= max).then_some(number)
}

fn is_param_value(value: &[u8]) -> bool {
    let fit = |byte: &u8| (byte.is_ascii_graphic() || *byte >= 0x80) && !b";,\"<>=".contains(byte);
    !value.is_empty() && value.iter().all(fit) && std::str::from_utf8(value).is_ok()
}

/// Values between commas that stand in no brackets and quotes.
fn hops(value: &[u8]) -> usize {
    let quoted = value.contains(&b'"') || value.contains(&b'<');
    let commas = value.iter().filter(|&&byte| byte == b',').count();
    if quoted { 1 } else { 1 + commas }
}

fn is_display(byte: u8) -> bool {
    is_token_char(byte) || byte == b' ' || byte == b'\t' || byte >= 0x80
}

fn is_call_id(value: &[u8]) -> bool {
    let fit = |byte: &u8| byte.is_ascii_graphic() || *byte >= 0x80;
    !value.is_empty() && value.iter().all(fit) && std::str::from_utf8(value).is_ok()
}

/// Every value between commas is `known`, or nothing.
fn requires_only(value: &[u8], known: &[u8]) -> bool {
    value.split(|&byte| byte == b',').all(|tag| {
        let tag = tag.trim_ascii();
        tag.is_empty() || tag.eq_ignore_ascii_case(known)
    })
}
