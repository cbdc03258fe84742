//! Text without case and accents, as people look for it.

use icu_normalizer::DecomposingNormalizerBorrowed;

/// The text in lower case, without accents, letters that look like two as two: `Müller` and `MULLER` are `muller`,
/// `Straße` is `strasse`. Source: Unicode Standard Annex 15 (NFKD); the letters that it keeps whole are ours.
pub fn fold(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(&lower);
    let mut folded = String::with_capacity(apart.len());
    for c in apart.chars().filter(|c| !is_accent(*c)) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'þ' => folded.push_str("th"),
            _ => folded.push(c),
        }
    }
    folded
}

/// The blocks of combining marks.
const fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// The digits of a number with its `+`, `*` and `#`, without the marks that people write into it (RFC 3966 §5.1.1);
/// empty where it is no number.
pub fn digits(number: &str) -> String {
    let number = number.trim();
    let number = number
        .get(..4)
        .filter(|s| s.eq_ignore_ascii_case("tel:"))
        .map_or(number, |s| number.get(s.len()..).unwrap_or_default());
    let number = number.split(';').next().unwrap_or_default();
    let is_mark = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    match number.chars().all(|c| is_number(c) || is_mark(c)) {
        true => number.chars().filter(|c| is_number(*c)).collect(),
        false => String::new(),
    }
}

/// What is dialled of an address: its user part where it has one, without scheme, port and parameters.
pub fn user_of(uri: &str) -> &str {
    let schemes = ["sip:", "sips:", "tel:"];
    let scheme = schemes.iter().find(|scheme| {
        let begins = uri.get(..scheme.len());
        begins.is_some_and(|begins| begins.eq_ignore_ascii_case(scheme))
    });
    let rest = scheme.map_or(uri, |scheme| uri.get(scheme.len()..).unwrap_or_default());
    let user = rest.split_once('@').map_or(rest, |(user, _)| user);
    user.split(';').next().unwrap_or_default()
}

/// Address without scheme, parameters and port, in lower case.
pub fn address_of(uri: &str) -> String {
    let lower = uri.trim().to_lowercase();
    let rest = lower
        .strip_prefix("sips:")
        .or_else(|| lower.strip_prefix("sip:"));
    let rest = rest.unwrap_or(&lower);
    let rest = rest.split([';', '?', '>']).next().unwrap_or_default();
    match rest.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && port.chars().all(|c| c.is_ascii_digit()) => {
            host.to_owned()
        }
        _ => rest.to_owned(),
    }
}

/// Digits of a number that are the same in every country's way to write it, at least.
const NATIONAL: usize = 8;

/// Whether both are the number of the same phone: equal, or one is the other without its country or trunk prefix.
pub fn is_same_number(one: &str, other: &str) -> bool {
    if one.is_empty() || other.is_empty() {
        return false;
    }
    if one == other {
        return true;
    }
    let plain = |number: &str| number.trim_start_matches(['+', '0']).to_owned();
    let (one, other) = (plain(one), plain(other));
    one.len().min(other.len()) >= NATIONAL && (one.ends_with(&other) || other.ends_with(&one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_do_not_matter_m_105() {
        for (text, folded) in [
            ("Müller", "muller"),
            ("MU\u{308}LLER", "muller"),
            ("Straße", "strasse"),
            ("Ångström", "angstrom"),
            ("Łódź", "lodz"),
            ("Ørsted", "orsted"),
            ("Ngô Đình", "ngo dinh"),
            ("ИВАНОВ", "иванов"),
            ("ﬁle", "file"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn numbers_are_the_same_in_every_way_to_write_them() {
        for (one, other, same) in [
            ("+49 30 1234567", "0301234567", true),
            ("0049301234567", "+49-30-1234567", true),
            ("101", "101", true),
            ("101", "1101", false),
            ("4101", "101", false),
            ("", "", false),
            ("tel:+49301234567;ext=1", "0301234567", true),
        ] {
            assert_eq!(
                is_same_number(&digits(one), &digits(other)),
                same,
                "{one} {other}"
            );
        }
        assert_eq!(digits("sip:101@pbx"), "");
    }

    #[test]
    fn an_address_is_compared_without_port_and_parameters() {
        for uri in [
            "sip:Bob@PBX.test:5070;transport=tcp",
            "bob@pbx.test",
            "SIPS:bob@pbx.test",
        ] {
            assert_eq!(address_of(uri), "bob@pbx.test");
        }
        assert_eq!(user_of("sip:101@pbx.test"), "101");
        assert_eq!(user_of("tel:+4930;ext=1"), "+4930");
    }
}
