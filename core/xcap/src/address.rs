//! A favourite as an address, and back.
//!
//! A number stands in a document as the SIP address of this number at the account's domain, so that every client of
//! the person can call it; a contact's name, which is no address, as a URN of ours.

use crate::roster::Key;
use sip_message::{Uri, escape_user, unescape};

/// Length of a favourite. Unit: characters. Source: core/store.
const LONGEST: usize = 256;
/// What a contact's name stands behind.
const BY_NAME: &str = "urn:offhook:name:";

/// The favourite of a number as people write it: at this domain the number, elsewhere the whole address.
pub(crate) fn key(number: &str, domain: &str) -> Key {
    let is_short = number.contains('@') && !number.contains(':');
    let number = match is_short {
        true => format!("sip:{number}"),
        false => number.to_owned(),
    };
    Key::Number(at_home(&number, domain).unwrap_or(number))
}

/// The number of an address at `domain`; `None`: it is none.
fn at_home(text: &str, domain: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let sip = uri.sip()?;
    let is_plain = !sip.is_secure() && sip.port().is_none() && sip.password().is_none();
    let bare = sip.params().next().is_none() && sip.headers().next().is_none();
    let ours = sip.host().to_string().eq_ignore_ascii_case(domain);
    let user = String::from_utf8(unescape(sip.user()?).into_owned()).ok()?;
    (is_plain && bare && ours && is_text(&user)).then_some(user)
}

/// How a favourite is written.
pub(crate) fn written(key: &Key, domain: &str) -> String {
    match key {
        Key::Name(name) => format!("{BY_NAME}{}", escape_user(name)),
        Key::Number(number) if number.contains(':') => number.clone(),
        Key::Number(number) => format!("sip:{}@{domain}", escape_user(number)),
    }
}

/// The favourite of an address; `None`: it is none that can be called.
pub(crate) fn read(uri: &str, domain: &str) -> Option<Key> {
    let uri = uri.trim();
    if let Some(name) = uri.strip_prefix(BY_NAME) {
        let name = String::from_utf8(unescape(name).into_owned()).ok()?;
        return is_text(&name).then_some(Key::Name(name));
    }
    let lower = uri.get(..5).map(str::to_ascii_lowercase)?;
    let number = match () {
        () if lower.starts_with("sip:") || lower == "sips:" => {
            at_home(uri, domain).unwrap_or_else(|| uri.to_owned())
        }
        () if lower.starts_with("tel:") => {
            let number = uri.get(4..)?;
            let number = number.split(';').next().unwrap_or(number);
            number.to_owned()
        }
        () => return None,
    };
    is_text(&number).then_some(Key::Number(number))
}

/// What the store takes.
fn is_text(text: &str) -> bool {
    let is_trimmed = text.trim() == text;
    let fits = !text.is_empty() && text.chars().count() <= LONGEST;
    is_trimmed && fits && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_favourite_is_an_address_and_back() {
        for (key, uri) in [
            (Key::Number("102".into()), "sip:102@pbx.test"),
            (Key::Number("*21#5".into()), "sip:*21%235@pbx.test"),
            (Key::Number("sip:a@b.test".into()), "sip:a@b.test"),
            (Key::Number("sips:a@pbx.test".into()), "sips:a@pbx.test"),
            (Key::Name("Änne B".into()), "urn:offhook:name:%C3%84nne%20B"),
        ] {
            assert_eq!(written(&key, "pbx.test"), uri);
            assert_eq!(read(uri, "pbx.test"), Some(key));
        }
        for (uri, number) in [
            ("SIP:102@PBX.test", Some("102")),
            (
                "sip:102@pbx.test;user=phone",
                Some("sip:102@pbx.test;user=phone"),
            ),
            ("tel:+49711123;phone-context=x", Some("+49711123")),
            ("pres:a@b", None),
            ("mailto:a@b", None),
            ("sip:%00@pbx.test", Some("sip:%00@pbx.test")),
            ("", None),
            ("ä", None),
        ] {
            let wanted = number.map(|number| Key::Number(number.to_owned()));
            assert_eq!(read(uri, "pbx.test"), wanted, "{uri}");
        }
        let home = Key::Number("102".to_owned());
        for number in ["102", "sip:102@pbx.test", "102@pbx.test"] {
            assert_eq!(key(number, "pbx.test"), home);
        }
        let away = Key::Number("sip:a@b.test".to_owned());
        assert_eq!(key("a@b.test", "pbx.test"), away);
    }
}
