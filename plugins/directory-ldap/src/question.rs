//! A question, as a filter (RFC 4515) and as what an answer is compared with.

use crate::Options;
use crate::entry::Person;
use ldap3::ldap_escape;
use people::fold;
use serde::Deserialize;

/// Digits at the end of a number by which a server looks for it: what stands before is written in many ways.
const TAIL: usize = 6;
/// Letters that a pattern keeps, at least: with fewer it fits nearly everybody.
const KEPT: usize = 3;

/// What is asked. What is not known of it is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    text: Option<String>,
    number: Option<String>,
    pub(crate) all: bool,
    pub(crate) limit: Option<usize>,
}

impl Question {
    /// For the server; `None`: nothing is asked that a server could be asked.
    pub(crate) fn filter(&self, options: &Options) -> Option<String> {
        let numbers = || options.numbers().map(|(name, _)| name);
        let mut parts = Vec::new();
        if let Some(number) = &self.number {
            let digits = digits(number);
            let tail = digits.get(digits.len().saturating_sub(TAIL)..)?;
            if tail.is_empty() {
                return None;
            }
            // Whatever stands between the digits.
            let spread: Vec<String> = tail.chars().map(String::from).collect();
            for name in numbers() {
                parts.push(format!("({name}=*{}*)", spread.join("*")));
            }
        } else {
            let text = self.text.as_ref()?.trim();
            if text.is_empty() {
                return None;
            }
            let literal = ldap_escape(text);
            for name in [options.name.as_str(), options.organisation.as_str()] {
                parts.push(format!("({name}=*{literal}*)"));
                if let Some(pattern) = pattern(text) {
                    parts.push(format!("({name}=*{pattern}*)"));
                }
            }
            for name in numbers() {
                parts.push(format!("({name}=*{literal}*)"));
            }
        }
        let any = format!("(|{})", parts.concat());
        Some(match options.filter.trim() {
            "" => any,
            all => format!("(&{all}{any})"),
        })
    }

    /// Whether the person is one that was asked for: the server's filter lets more through.
    pub(crate) fn is_answered_by(&self, person: &Person) -> bool {
        if let Some(number) = &self.number {
            let wanted = digits(number);
            let mut numbers = person.numbers.iter();
            return numbers.any(|its| fold::is_same_number(&fold::digits(its), &wanted));
        }
        let Some(text) = &self.text else { return false };
        let wanted = fold::fold(text.trim());
        let has = |its: &str| fold::fold(its).contains(&wanted);
        let wanted_digits = fold::digits(text);
        let dials =
            |its: &String| !wanted_digits.is_empty() && fold::digits(its).contains(&wanted_digits);
        has(&person.name)
            || person.organisation.as_deref().is_some_and(has)
            || person.numbers.iter().any(|its| has(its) || dials(its))
    }
}

/// The number of an address, or of what was dialled.
fn digits(number: &str) -> String {
    fold::digits(fold::user_of(number))
}

/// The text with a gap where a letter may carry an accent, so that `muller` finds `Müller` at servers that do not
/// fold; `None`: too little is left.
fn pattern(text: &str) -> Option<String> {
    let mut kept = 0;
    let mut pattern = String::new();
    for c in fold::fold(text).chars() {
        let may_be_accented = matches!(
            c,
            'a' | 'c' | 'd' | 'e' | 'g' | 'i' | 'l' | 'n' | 'o' | 'r' | 's' | 't' | 'u' | 'y' | 'z'
        );
        let is_vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
        match is_vowel || (may_be_accented && !text.is_ascii()) {
            true if pattern.ends_with('*') => {}
            true => pattern.push('*'),
            false => {
                kept += 1;
                pattern += &ldap_escape(c.to_string());
            }
        }
    }
    (kept >= KEPT).then(|| pattern.trim_matches('*').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(question: &str) -> Option<String> {
        let options = Options {
            numbers: "telephoneNumber=work".to_owned(),
            filter: "(objectClass=person)".to_owned(),
            ..Options::default()
        };
        let question: Question = serde_json::from_str(question).unwrap();
        question.filter(&options)
    }

    #[test]
    fn a_question_becomes_a_filter_that_nobody_can_break_out_of_m_106() {
        let any = filter(r#"{"text":"*)(uid=*"}"#).unwrap();
        assert!(ldap3::parse_filter(&any).is_ok(), "{any}");
        assert!(
            any.starts_with(r"(&(objectClass=person)(|(cn=*\2a\29\28uid=\2a*)"),
            "{any}"
        );
        let muller = filter(r#"{"text":"Muller"}"#).unwrap();
        assert!(muller.contains("(cn=*m*ll*r*)"), "{muller}");
        let number = filter(r#"{"number":"sip:+49301234567@pbx"}"#).unwrap();
        assert!(
            number.contains("(telephoneNumber=*2*3*4*5*6*7*)"),
            "{number}"
        );
        for nothing in ["{}", r#"{"text":" "}"#, r#"{"number":"bob"}"#, r#"{"x":1}"#] {
            assert_eq!(filter(nothing), None, "{nothing}");
        }
    }
}
