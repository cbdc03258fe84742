//! `%` escapes.

use std::borrow::Cow;

/// The bytes behind `text`: `%41` becomes `A`. Once only, and `%00` stays a byte of its own.
pub fn unescape(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return text.as_bytes().into();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (byte, len) = one(bytes, at);
        plain.push(byte);
        at += len;
    }
    plain.into()
}

/// The byte at `at` with its escape taken off, and how many bytes it took.
pub(super) fn one(bytes: &[u8], at: usize) -> (u8, usize) {
    let digit = |offset: usize| {
        let byte = bytes.get(at + offset).copied().unwrap_or_default();
        char::from(byte).to_digit(16)
    };
    match (bytes[at], digit(1), digit(2)) {
        (b'%', Some(high), Some(low)) => ((high * 16 + low) as u8, 3),
        (byte, ..) => (byte, 1),
    }
}

/// `text` made fit to be the user part of a URI. Source: RFC 3261 §25.1, `user`.
pub fn escape_user(text: impl AsRef<[u8]>) -> String {
    escape(text.as_ref(), |byte| {
        byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte)
    })
}

/// `text` with every byte that is not `fit` as its escape.
pub(crate) fn escape(text: &[u8], fit: fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for &byte in text {
        if fit(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
