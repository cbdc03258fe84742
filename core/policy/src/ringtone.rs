//! Which ringtone a call has: by who calls, or by what the call asks for (M-139).
//!
//! Written `WHO, … => TONE`. WHO is a number, a contact (`dav:7`), all contacts of a list (`dav:*`), or `alert:WORD`
//! for calls whose Alert-Info says so. What is asked for is compared and never fetched: an address in Alert-Info is a
//! name (RFC 7462 §4), not a file to be loaded from whoever calls.

use crate::Location;
use crate::disturb::Who;
use crate::rewrite::{Contact, Source};

/// Most callers of one line.
const MOST: usize = 64;

/// A tone for some calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ringtone {
    of: Vec<Calls>,
    /// The tone, as it is written in the settings.
    pub tone: String,
}

/// Calls that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Calls {
    /// Of this caller.
    By(Who),
    /// Of everybody in a list of contacts.
    Listed(Source),
    /// That ask for it by this address, parameter or word.
    Asking(String),
}

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No arrow.
    #[error("{0:?} has no tone: written WHO, … => TONE")]
    NoTone(String),
    /// No caller.
    #[error(
        "{0:?} is no caller: allowed are numbers, SOURCE:NAME or SOURCE:* with ab, dav, ws, google, office365, qd, and alert:WORD"
    )]
    Caller(String),
    /// More than a line may have.
    #[error("a line names {MOST} callers at most")]
    TooMany,
}

impl Ringtone {
    /// Reads a line. Whether what stands behind the arrow is a tone is for whoever plays it.
    pub fn read(line: &str) -> Result<Self, Refused> {
        let (who, tone) = line
            .split_once("=>")
            .ok_or_else(|| Refused::NoTone(line.to_owned()))?;
        let of = who
            .split(',')
            .map(Calls::read)
            .collect::<Result<Vec<_>, _>>()?;
        match of.len() > MOST {
            true => Err(Refused::TooMany),
            false => Ok(Self {
                of,
                tone: tone.trim().to_owned(),
            }),
        }
    }

    /// Whether a call by `caller`, who is these contacts, with these values of Alert-Info has it.
    pub(crate) fn is_for(
        &self,
        (caller, contacts): (&str, &[Contact]),
        asked: &[String],
        here: Option<&Location>,
    ) -> bool {
        self.of.iter().any(|calls| match calls {
            Calls::By(who) => who.is(caller, contacts, here),
            Calls::Listed(source) => contacts.iter().any(|contact| contact.source == *source),
            Calls::Asking(word) => asked.iter().any(|value| value.eq_ignore_ascii_case(word)),
        })
    }
}

impl Calls {
    fn read(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        let refused = || Refused::Caller(text.to_owned());
        if let Some(word) = text.strip_prefix("alert:") {
            let word = word.trim();
            return match word.is_empty() {
                true => Err(refused()),
                false => Ok(Self::Asking(word.to_owned())),
            };
        }
        let list = text.strip_suffix(":*").map(Source::read);
        match list {
            Some(source) => source.map(Self::Listed).ok_or_else(refused),
            None => Who::read(text).map(Self::By).ok_or_else(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_for(line: &str, caller: &str, contacts: &[Contact], asked: &[&str]) -> bool {
        let asked: Vec<String> = asked.iter().map(|&word| word.to_owned()).collect();
        let line = Ringtone::read(line).unwrap();
        assert_eq!(line.tone, "sine(9,9,9)");
        line.is_for((caller, contacts), &asked, None)
    }

    #[test]
    fn m_139_a_line_is_for_callers_lists_and_what_a_call_asks_for() {
        let line =
            "600, dav:7, ws:*, alert:urn:alert:source:external, alert:Bellcore-dr3 => sine(9,9,9)";
        let contact = |source, identifier: &str| Contact {
            source,
            identifier: identifier.to_owned(),
            label: None,
        };
        assert!(is_for(line, "600", &[], &[]));
        assert!(!is_for(line, "601", &[], &[]));
        assert!(is_for(line, "601", &[contact(Source::Dav, "7")], &[]));
        assert!(!is_for(line, "601", &[contact(Source::Dav, "8")], &[]));
        assert!(is_for(
            line,
            "601",
            &[contact(Source::WebService, "8")],
            &[]
        ));
        assert!(is_for(line, "601", &[], &["x", "bellcore-DR3"]));
        assert!(is_for(line, "601", &[], &["urn:alert:source:external"]));
        assert!(!is_for(line, "601", &[], &["urn:alert:source:internal"]));
    }

    #[test]
    fn lines_that_cannot_be_are_refused_with_the_word() {
        let refused = |line: &str| Ringtone::read(line).unwrap_err();
        assert_eq!(refused("600"), Refused::NoTone("600".to_owned()));
        for word in ["", "bob", "alert:", "moon:*"] {
            let line = format!("600, {word} => sine(9,9,9)");
            assert_eq!(refused(&line), Refused::Caller(word.to_owned()));
        }
        let many = vec!["600"; MOST + 1].join(",");
        assert_eq!(refused(&format!("{many} => sine(9,9,9)")), Refused::TooMany);
    }
}
