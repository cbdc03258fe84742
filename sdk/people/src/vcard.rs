//! Contacts as vCards: versions 2.1, 3.0 and 4.0 are read, 4.0 is written (RFC 6350).
//!
//! Of a vCard are read FN or N, ORG, TEL and IMPP, and what we wrote ourselves into X-OFFHOOK-…; the rest stays behind.

use calcard::common::IanaString as _;
use calcard::vcard::{
    VCard, VCardEntry, VCardParameter, VCardParameterName, VCardParameterValue, VCardProperty,
    VCardValue, VCardVersion,
};
use calcard::{Entry, Parser};
use control::Contact;
use control::contacts::ContactKind;

const KIND: &str = "X-OFFHOOK-KIND";
const WATCH: &str = "X-OFFHOOK-WATCH";
const POSITION: &str = "X-OFFHOOK-POSITION";

/// Every vCard of a text, or why it cannot be used. `kind`: what they become that do not say.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser may have more to say some day"
)]
pub fn read(text: &str, kind: ContactKind) -> Vec<Result<Contact, String>> {
    let mut parser = Parser::new(text);
    let mut read = Vec::new();
    loop {
        match parser.entry() {
            Entry::VCard(card) => read.push(Ok(contact(&card, kind))),
            Entry::Eof => return read,
            Entry::ICalendar(_) => read.push(Err("it is a calendar, not a vCard".to_owned())),
            Entry::InvalidLine(line) => {
                let line = control::quoted(&line);
                read.push(Err(format!("a line outside of any vCard: {line}")));
            }
            Entry::UnterminatedComponent(_) => {
                read.push(Err("it ends without END:VCARD".to_owned()));
            }
            _ => read.push(Err("it is no vCard".to_owned())),
        }
    }
}

fn contact(card: &VCard, kind: ContactKind) -> Contact {
    let own = |name: &str| {
        let is_it = |entry: &&VCardEntry| matches!(&entry.name, VCardProperty::Other(other) if other.eq_ignore_ascii_case(name));
        let entry = card.entries.iter().find(is_it)?;
        texts(entry).next()
    };
    let (numbers, labels): (Vec<String>, Vec<String>) = card
        .entries
        .iter()
        .flat_map(|entry| {
            let label = label_of(entry);
            let numbers = numbers_of(entry).into_iter();
            numbers.map(move |number| (number, label.clone()))
        })
        .unzip();
    let is_labelled = labels.iter().any(|label| !label.is_empty());
    let said = own(KIND).and_then(|kind| serde_json::from_value(kind.into()).ok());
    let organisation = joined(card, &VCardProperty::Org, ", ");
    let name = joined(card, &VCardProperty::Fn, " ")
        .or_else(|| name_of(card))
        .or_else(|| organisation.clone())
        .or_else(|| numbers.first().cloned());
    Contact {
        id: String::new(),
        kind: said.unwrap_or(kind),
        name: name.unwrap_or_default(),
        organisation,
        mail: mail_of(card),
        numbers,
        labels: if is_labelled { labels } else { Vec::new() },
        watch: own(WATCH).is_some_and(|watch| watch == "1"),
        position: own(POSITION).and_then(|at| at.parse().ok()).unwrap_or(0),
        ..Contact::default()
    }
}

/// The first mail address.
fn mail_of(card: &VCard) -> Option<String> {
    let mail = texts(card.property(&VCardProperty::Email)?).next()?;
    let scheme = mail
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    Some(
        scheme
            .and_then(|_| mail.get(7..))
            .unwrap_or(&mail)
            .to_owned(),
    )
}

/// Numbers and addresses that can be called.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever is no number is no number"
)]
fn numbers_of(entry: &VCardEntry) -> Vec<String> {
    let is_sip = |text: &String| {
        let scheme = text.split(':').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")
    };
    let plain = |text: String| match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => {
            text.get(4..).unwrap_or_default().to_owned()
        }
        Some(_) | None => text,
    };
    match &entry.name {
        VCardProperty::Tel => texts(entry).map(plain).collect(),
        VCardProperty::Impp => texts(entry).filter(is_sip).collect(),
        _ => Vec::new(),
    }
}

/// What a number is for: the first of its types that says more than that it is a number.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever is no type is no label"
)]
fn label_of(entry: &VCardEntry) -> String {
    let types = entry.params.iter().filter_map(|param| match &param.value {
        VCardParameterValue::Type(of) => Some(of.as_str().to_lowercase()),
        VCardParameterValue::Text(text) if param.name == VCardParameterName::Type => {
            Some(text.to_lowercase())
        }
        _ => None,
    });
    let mut types = types.flat_map(|types| {
        let each: Vec<String> = types.split(',').map(str::to_owned).collect();
        each
    });
    let says = |of: &String| !matches!(of.as_str(), "voice" | "text" | "pref" | "");
    types.find(says).unwrap_or_default()
}

/// `N` has family, given, further names, what stands before and behind: as people say it.
fn name_of(card: &VCard) -> Option<String> {
    let entry = card.property(&VCardProperty::N)?;
    let part = |at: usize| {
        let value = entry.values.get(at)?;
        value.clone().into_text().map(|text| text.trim().to_owned())
    };
    let parts = [3, 1, 2, 0, 4].map(part).into_iter().flatten();
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn joined(card: &VCard, property: &VCardProperty, between: &str) -> Option<String> {
    let entry = card.property(property)?;
    let parts: Vec<String> = texts(entry).collect();
    (!parts.is_empty()).then(|| parts.join(between))
}

/// The texts of an entry, each on one line.
fn texts(entry: &VCardEntry) -> impl Iterator<Item = String> {
    let texts = entry
        .values
        .iter()
        .filter_map(|value| value.clone().into_text());
    let one_line = texts.map(|text| {
        let words = text.split(|c: char| c.is_control() || c.is_whitespace());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ")
    });
    one_line.filter(|text| !text.is_empty())
}

/// A contact as a vCard of version 4.0.
pub fn write(contact: &Contact) -> String {
    let text = |name: VCardProperty, text: &str| {
        VCardEntry::new(name).with_value(VCardValue::Text(text.to_owned()))
    };
    let own = |name: &str, value: &str| text(VCardProperty::Other(name.to_owned()), value);
    let mut entries = vec![text(VCardProperty::Fn, &contact.name)];
    entries.extend(
        contact
            .organisation
            .iter()
            .map(|org| text(VCardProperty::Org, org)),
    );
    let mail = contact.mail.iter();
    entries.extend(mail.map(|mail| text(VCardProperty::Email, mail)));
    for (at, number) in contact.numbers.iter().enumerate() {
        let is_number = !crate::fold::digits(number).is_empty();
        let mut entry = match is_number {
            true => text(VCardProperty::Tel, number),
            false if number.contains(':') => text(VCardProperty::Impp, number),
            false => text(VCardProperty::Impp, &format!("sip:{number}")),
        };
        if let Some(label) = contact.labels.get(at).filter(|label| !label.is_empty()) {
            let value = VCardParameterValue::Text(label.clone());
            entry.params.push(VCardParameter {
                name: VCardParameterName::Type,
                value,
            });
        }
        entries.push(entry);
    }
    entries.push(own(KIND, contact.kind.word()));
    if contact.watch {
        entries.push(own(WATCH, "1"));
    }
    if contact.position > 0 {
        entries.push(own(POSITION, &contact.position.to_string()));
    }
    let mut written = String::new();
    // A string takes whatever is written into it.
    let _ = VCard { entries }.write_to(&mut written, VCardVersion::V4_0);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K-121: the label of a number is that of its TYPE.
    #[test]
    fn labels_stand_beside_their_numbers() {
        let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nTEL;TYPE=WORK,VOICE:+49301\r\n\
                    TEL;TYPE=VOICE;TYPE=CELL:+49151\r\nTEL:110\r\nEND:VCARD\r\n";
        let ann = read(text, ContactKind::Personal).remove(0).unwrap();
        assert_eq!(ann.numbers, ["+49301", "+49151", "110"]);
        assert_eq!(ann.labels, ["work", "cell", ""]);
        let again = read(&write(&ann), ContactKind::Personal).remove(0).unwrap();
        assert_eq!(again, ann);
    }

    /// M-118: the first mail address is kept, and written again; a link is read as the address that it names.
    #[test]
    fn m_118_a_mail_address_comes_and_goes() {
        let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Carol\r\nTEL:101\r\nEMAIL:mailto:c@house.test\r\n\
                    EMAIL:other@house.test\r\nEND:VCARD\r\n";
        let mut read = read(card, ContactKind::Personal);
        let contact = read.remove(0).unwrap();
        assert_eq!(contact.mail.as_deref(), Some("c@house.test"));
        let written = write(&contact);
        assert!(written.contains("EMAIL:c@house.test"), "{written}");
    }
}
