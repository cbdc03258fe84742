//! What a directory is asked, and whom it means.

use crate::fold;
use control::Contact;
use serde::Deserialize;

/// A question of `offhook.directory/1`. What is not known of it is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Question {
    /// Who has this in name, organisation or number?
    pub text: Option<String>,
    /// Whose number or address is this?
    pub number: Option<String>,
    /// Everybody.
    pub all: bool,
    /// So many at most.
    pub limit: Option<usize>,
}

impl Question {
    /// Reads it. Errors: it is no question; in words.
    pub fn read(query: &str) -> Result<Self, String> {
        serde_json::from_str(query).map_err(|why| format!("the question: {why}"))
    }

    /// Whether it asks for this person.
    pub fn means(&self, person: &Contact) -> bool {
        if self.all {
            return true;
        }
        if let Some(number) = &self.number {
            let wanted = fold::digits(fold::user_of(number));
            let mut numbers = person.numbers.iter();
            return numbers.any(|its| fold::is_same_number(&fold::digits(its), &wanted));
        }
        let Some(text) = &self.text else { return false };
        let (wanted, digits) = (fold::fold(text), fold::digits(text));
        let has = |its: &str| fold::fold(its).contains(&wanted);
        let dials = |its: &String| !digits.is_empty() && fold::digits(its).contains(&digits);
        has(&person.name)
            || person.organisation.as_deref().is_some_and(has)
            || person.numbers.iter().any(|its| has(its) || dials(its))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_meant_by_name_organisation_and_number_m_105() {
        let person = Contact {
            name: "Jürgen Müller".to_owned(),
            organisation: Some("Acme".to_owned()),
            numbers: vec!["+49 (30) 123-4567".to_owned()],
            ..Contact::default()
        };
        for (question, means) in [
            (r#"{"text":"muller"}"#, true),
            (r#"{"text":"ACM"}"#, true),
            (r#"{"text":"3012"}"#, true),
            (r#"{"text":"bob"}"#, false),
            (r#"{"number":"sip:0301234567@pbx"}"#, true),
            (r#"{"number":"0301234568"}"#, false),
            (r#"{"all":true}"#, true),
            ("{}", false),
        ] {
            let question = Question::read(question).unwrap();
            assert_eq!(question.means(&person), means, "{question:?}");
        }
    }
}
