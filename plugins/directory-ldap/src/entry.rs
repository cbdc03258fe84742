//! An entry as a person.

use crate::Options;
use ldap3::SearchEntry;
use serde::Serialize;

/// Numbers of one person.
const NUMBERS: usize = 16;

/// Somebody, as an answer has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) numbers: Vec<String>,
    pub(crate) labels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organisation: Option<String>,
    pub(crate) id: String,
}

impl Person {
    /// `None`: it has no name or no number.
    pub(crate) fn of(entry: SearchEntry, options: &Options) -> Option<Self> {
        let values = |name: &str| {
            // Names of attributes know no case (RFC 4512 §2.5).
            let mut all = entry.attrs.iter();
            let found = all.find(|(its, _)| its.eq_ignore_ascii_case(name));
            found
                .map(|(_, values)| values.as_slice())
                .unwrap_or_default()
        };
        let name = values(&options.name).first()?.trim().to_owned();
        let numbers = options.numbers().flat_map(|(attribute, label)| {
            let each = values(attribute)
                .iter()
                .map(|number| number.trim().to_owned());
            each.map(move |number| (number, label.to_owned()))
        });
        let numbers = numbers.filter(|(number, _)| !number.is_empty());
        let (numbers, labels): (Vec<String>, Vec<String>) = numbers.take(NUMBERS).unzip();
        if name.is_empty() || numbers.is_empty() {
            return None;
        }
        Some(Self {
            name,
            numbers,
            labels,
            organisation: values(&options.organisation).first().cloned(),
            id: entry.dn.clone(),
        })
    }
}
