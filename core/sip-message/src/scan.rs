//! Walks over the bytes of one value: characters, quoted strings, lists.

use crate::Malformed;
use crate::span::Span;

const TOKEN: u8 = 1;
const PARAM: u8 = 2;
const URI: u8 = 4;
const HOST: u8 = 8;

/// What each byte may be part of.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class(byte as u8);
        byte += 1;
    }
    table
}

const fn class(byte: u8) -> u8 {
    let alphanumeric = byte.is_ascii_alphanumeric();
    let mut class = 0;
    if alphanumeric
        || matches!(
            byte,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        )
    {
        class |= TOKEN;
    }
    if (byte.is_ascii_graphic() || byte >= 0x80)
        && !matches!(byte, b';' | b',' | b'"' | b'<' | b'>' | b'=')
    {
        class |= PARAM;
    }
    if byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'\\' | b'^' | b'`') {
        class |= URI;
    }
    if alphanumeric || matches!(byte, b'-' | b'.' | b'_') {
        class |= HOST;
    }
    class
}

/// `token` of RFC 3261 §25.1.
pub(crate) fn is_token(byte: u8) -> bool {
    CLASS[byte as usize] & TOKEN != 0
}

/// May stand in an unquoted parameter value: `token`, `host` and what peers really send.
pub(crate) fn is_param(byte: u8) -> bool {
    CLASS[byte as usize] & PARAM != 0
}

/// May stand in a URI.
pub(crate) fn is_uri(byte: u8) -> bool {
    CLASS[byte as usize] & URI != 0
}

/// May stand in a host name. The underscore is not RFC 3261's, but is out there.
pub(crate) fn is_host(byte: u8) -> bool {
    CLASS[byte as usize] & HOST != 0
}

/// White space inside a value. Folds were made spaces when the message was parsed.
pub(crate) fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Whether `bytes` is one token.
pub(crate) fn all_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token(byte))
}

/// `bytes` without white space at either end.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    trim_span(bytes, Span::new(0, bytes.len())).of(bytes)
}

/// `span` of `bytes` without white space at either end.
pub(crate) fn trim_span(bytes: &[u8], span: Span) -> Span {
    let (mut start, mut end) = (span.start(), span.end().min(bytes.len()));
    while start < end && is_space(bytes[start]) {
        start += 1;
    }
    while end > start && is_space(bytes[end - 1]) {
        end -= 1;
    }
    Span::new(start, end)
}

/// A decimal number: digits only, no sign, no more than `max`.
pub(crate) fn number(bytes: &[u8], max: u64) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for &byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    (value <= max).then_some(value)
}

/// A position in a value.
#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn starting(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> Span {
        Span::new(self.at, self.bytes.len())
    }

    /// A complaint about this position.
    pub(crate) fn fail<T>(&self, what: &'static str) -> Result<T, Malformed> {
        Err(Malformed::new(what, self.at))
    }

    /// Goes over white space.
    pub(crate) fn spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Goes over `byte` if it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }

    /// Goes over `byte` with white space around it, if it is next.
    pub(crate) fn take_spaced(&mut self, byte: u8) -> bool {
        let before = self.at;
        self.spaces();
        if self.take(byte) {
            self.spaces();
            return true;
        }
        self.at = before;
        false
    }

    /// Goes over all bytes that are `fit`; may be none.
    pub(crate) fn run(&mut self, fit: fn(u8) -> bool) -> Span {
        let start = self.at;
        while self.peek().is_some_and(fit) {
            self.at += 1;
        }
        Span::new(start, self.at)
    }

    /// Goes over one token.
    pub(crate) fn token(&mut self, what: &'static str) -> Result<Span, Malformed> {
        let span = self.run(is_token);
        if span.is_empty() {
            return self.fail(what);
        }
        Ok(span)
    }

    /// Goes over a quoted string; the span includes its quotes. The opening quote is next.
    pub(crate) fn quoted(&mut self) -> Result<Span, Malformed> {
        let start = self.at;
        let mut at = start + 1;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                None => return self.fail("quoted-string"),
                Some(hit) if rest[hit] == b'"' => {
                    self.at = at + hit + 1;
                    return Ok(Span::new(start, self.at));
                }
                Some(hit) => at += hit + 2,
            }
        }
    }
}

/// The text inside a quoted string, escapes taken off; other text as it is.
pub(crate) fn unquote(text: &str) -> std::borrow::Cow<'_, str> {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return text.into();
    };
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => plain.extend(chars.next()),
            _ => plain.push(char),
        }
    }
    plain.into()
}

/// Writes `text` as a quoted string. Line ends become spaces: they must never leave us.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '\r' | '\n' => quoted.push(' '),
            '"' | '\\' | '\0'..='\x1f' | '\x7f' => quoted.extend(['\\', char]),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// The values of a comma-separated list. Commas in quotes and angle brackets do not separate.
#[derive(Debug, Clone)]
pub(crate) struct List<'a> {
    bytes: &'a [u8],
    at: Option<usize>,
}

impl<'a> List<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: Some(0) }
    }
}

impl Iterator for List<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let start = self.at?;
        let mut at = start;
        let mut bracketed = false;
        let mut scanner = Scanner::new(self.bytes);
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            // Brackets and quotes are rarer than commas in what peers send, but decide.
            let Some(hit) = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'"' | b'<' | b'>'))
            else {
                self.at = None;
                return Some(trim_span(self.bytes, Span::new(start, self.bytes.len())));
            };
            at += hit;
            match self.bytes[at] {
                b'"' => {
                    scanner.at = at;
                    // An open quote swallows the rest; whoever parses the value complains.
                    at = scanner.quoted().map_or(self.bytes.len(), Span::end);
                    continue;
                }
                b'<' => bracketed = true,
                b'>' => bracketed = false,
                _ if !bracketed => {
                    self.at = Some(at + 1);
                    return Some(trim_span(self.bytes, Span::new(start, at)));
                }
                _ => {}
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<&str> {
        List::new(text.as_bytes())
            .map(|span| span.text(text.as_bytes()))
            .collect()
    }

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        assert_eq!(
            list(r#""a, \", b" <sip:x,y@z> , <sip:q>;p="1,2""#),
            [r#""a, \", b" <sip:x,y@z>"#, r#"<sip:q>;p="1,2""#]
        );
        assert_eq!(list("a,,b"), ["a", "", "b"]);
        assert_eq!(list("a, \"open"), ["a", "\"open"]);
    }

    #[test]
    fn numbers_never_wrap() {
        assert_eq!(number(b"0068", 255), Some(68));
        assert_eq!(number(b"256", 255), None);
        assert_eq!(number(b"18446744073709551616", u64::MAX), None);
        assert_eq!(number(b"-1", u64::MAX), None);
        assert_eq!(number(b"+5", u64::MAX), None);
        assert_eq!(number(b"", u64::MAX), None);
    }

    #[test]
    fn quoting_round_trips() {
        for text in ["", "plain", "with \"quotes\" and \\", "ünïcode"] {
            assert_eq!(unquote(&quote(text)), text);
        }
        assert_eq!(quote("a\r\nEvil: 1"), "\"a  Evil: 1\"");
    }
}
