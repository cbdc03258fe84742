//! `tel:` URIs.

use core::fmt;

use crate::scan::Scanner;
use crate::span::Span;
use crate::{Malformed, Text, params};

/// A telephone number as a URI. Source: RFC 3966.
#[derive(Clone, PartialEq, Eq)]
pub struct TelUri {
    text: Text,
    number: Span,
    params: Span,
}

impl TelUri {
    /// Reads the URI in `text`, whose scheme ends at `at`.
    pub(super) fn scan(text: Text, at: usize) -> Result<Self, Malformed> {
        let bytes = text.bytes();
        let mut scanner = Scanner::starting(bytes, at);
        scanner.take(b'+');
        let digits = scanner.run(is_digit);
        if digits.is_empty() {
            return scanner.fail("telephone-subscriber");
        }
        let number = Span::new(at, scanner.at());
        let params = params::check(&mut scanner, bytes, |_, _| {})?;
        Ok(Self {
            number,
            params,
            text,
        })
    }

    /// The number as written, with its separators.
    pub fn number(&self) -> &str {
        self.number.text(self.text.bytes())
    }

    /// Whether it is a number that means the same everywhere: one that starts with `+`.
    pub fn is_global(&self) -> bool {
        self.number().starts_with('+')
    }

    /// The number without its separators: `+` and digits.
    pub fn digits(&self) -> String {
        let separator = |char: &char| !matches!(char, '-' | '.' | '(' | ')');
        self.number().chars().filter(separator).collect()
    }

    /// The value of parameter `name`, such as `phone-context` or `ext`.
    pub fn param(&self, name: &str) -> Option<&str> {
        params::find(self.params.of(self.text.bytes()), name)
    }

    /// All parameters in order.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        params::pairs(self.params.of(self.text.bytes()))
    }

    /// Whether both are the same number. Source: RFC 3966 §4.
    pub fn equivalent(&self, other: &Self) -> bool {
        // Of a name that stands twice, which may not be, the first counts: a URI is always itself.
        let covers = |a: &Self, b: &Self| {
            a.params().all(|(name, _)| {
                let own = a.param(name).unwrap_or_default();
                b.param(name)
                    .is_some_and(|found| found.eq_ignore_ascii_case(own))
            })
        };
        self.digits().eq_ignore_ascii_case(&other.digits())
            && covers(self, other)
            && covers(other, self)
    }
}

/// `phonedigit-hex`, `*` and `#`, and visual separators.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || b"*#-.()".contains(&byte)
}

impl fmt::Display for TelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Hides whose.
impl fmt::Debug for TelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tel:***")
    }
}
