//! Numbers without the marks that people write into them, and which of them are the same.

use crate::Location;

/// Longest number, before and after rules. Unit: bytes. Source: ours; a `tel:` number is rarely longer than 32.
pub const LONGEST: usize = 256;

/// Digits, `+`, `*` and `#`: what can be dialled.
pub const fn is_dialled(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '*' | '#')
}

/// What people write between digits. Source: RFC 3966 §5.1.1, and the blanks and slashes of paper.
pub const fn is_mark(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2011}')
}

/// The number that `text` writes, without marks; `None` when it is no number but a name.
pub fn plain(text: &str) -> Option<String> {
    let number: String = text.chars().filter(|c| !is_mark(*c)).collect();
    let fits = number.chars().all(is_dialled) && number.chars().any(|c| c != '+');
    (fits && number.rfind('+').is_none_or(|at| at == 0)).then_some(number)
}

/// Whether two callers are the same: equal as E.164 where the country is known, else by their digits without an
/// international prefix, else letter by letter without regard to case (K-100).
pub fn same(one: &str, other: &str, location: Option<&Location>) -> bool {
    match (plain(one), plain(other)) {
        (Some(one), Some(other)) => comparable(&one, location) == comparable(&other, location),
        (None, None) => one.eq_ignore_ascii_case(other),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn comparable(number: &str, location: Option<&Location>) -> String {
    let known = location.and_then(|location| location.e164(number));
    let number = known.unwrap_or_else(|| number.to_owned());
    let digits = number.strip_prefix('+').or(number.strip_prefix("00"));
    digits.unwrap_or(&number).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_names_are_no_numbers() {
        assert_eq!(plain("+1 (555) 123-1234").as_deref(), Some("+15551231234"));
        assert_eq!(plain("*69#").as_deref(), Some("*69#"));
        for name in ["", " - ", "+", "alice", "12+3", "++1", "1-800-FLOWERS"] {
            assert_eq!(plain(name), None, "{name}");
        }
    }

    /// K-100: as +, as 00 and with marks it is the same caller; another number is another.
    #[test]
    fn the_same_caller_in_other_words() {
        for other in [
            "+12223334455",
            "0012223334455",
            "+1 222 333-4455",
            "12223334455",
        ] {
            assert!(same("+12223334455", other, None), "{other}");
        }
        assert!(!same("+12223334455", "+12223334456", None));
        assert!(same("Alice", "alice", None) && !same("alice", "12", None));
        let germany = Location::germany("711");
        assert!(same("+49711123456", "0711 123456", Some(&germany)));
        assert!(same("+49711123456", "123456", Some(&germany)));
        assert!(!same("+49711123456", "0711 123456", None));
    }
}
