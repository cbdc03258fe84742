//! A favourite as an address, and back.
//!
//! A number stands in a document as the SIP address of this number at the account's domain, so that every client of
//! the person can call it; a contact's name, which is no address, and a number that no address says, as URNs of ours.

use crate::roster::Key;
use sip_message::{Uri, escape_user, unescape};

/// Length of a favourite. Unit: characters. Source: core/store.
const LONGEST: usize = 256;
/// What a contact's name stands behind.
const BY_NAME: &str = "urn:offhook:name:";
/// What a number that is no address stands behind.
const BY_NUMBER: &str = "urn:offhook:number:";

/// The favourite of a number as people write it: at this domain the number, elsewhere the whole address.
pub(crate) fn key(number: &str, domain: &str) -> Key {
    if scheme(number).is_some() {
        let called = callable(number, domain);
        return Key::Number(called.unwrap_or_else(|| number.to_owned()));
    }
    let called = number.contains('@').then(|| format!("sip:{number}"));
    let called = called.filter(|uri| uri.parse::<Uri>().is_ok());
    let called = called.and_then(|uri| callable(&uri, domain));
    Key::Number(called.unwrap_or_else(|| number.to_owned()))
}

/// The schemes that are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Sip,
    Tel,
}

fn scheme(text: &str) -> Option<Scheme> {
    let (scheme, _) = text.split_once(':')?;
    match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => Some(Scheme::Sip),
        "tel" => Some(Scheme::Tel),
        _ => None,
    }
}

/// The number of an address that can be called; `None`: it is none, or longer than a favourite.
fn callable(uri: &str, domain: &str) -> Option<String> {
    let number = match scheme(uri)? {
        Scheme::Sip => at_home(uri, domain).unwrap_or_else(|| uri.to_owned()),
        Scheme::Tel => {
            let (_, number) = uri.split_once(':')?;
            let number = number.split(';').next().unwrap_or(number);
            return is_number(number).then(|| number.to_owned());
        }
    };
    is_text(&number).then_some(number)
}

/// The number of an address at `domain`, which may have a port; `None`: it is none.
fn at_home(text: &str, domain: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let sip = uri.sip()?;
    let home: Uri = format!("sip:{domain}").parse().ok()?;
    let home = home.sip()?;
    let (host, ours) = (sip.host().to_string(), home.host().to_string());
    let is_there = host.eq_ignore_ascii_case(&ours) && sip.port() == home.port();
    let is_plain = !sip.is_secure() && sip.password().is_none();
    let bare = sip.params().next().is_none() && sip.headers().next().is_none();
    let user = String::from_utf8(unescape(sip.user()?).into_owned()).ok()?;
    (is_plain && bare && is_there && is_number(&user)).then_some(user)
}

/// Whether nobody takes it for an address.
fn is_number(text: &str) -> bool {
    is_text(text) && !text.contains('@') && scheme(text).is_none()
}

/// How a favourite is written: so that it reads the same. What is no address of anybody is a URN of ours.
pub(crate) fn written(key: &Key, domain: &str) -> String {
    let (called, urn) = match key {
        Key::Name(name) => return format!("{BY_NAME}{}", escape_user(name)),
        Key::Number(number) if scheme(number).is_some() => (number.clone(), number),
        Key::Number(number) => (format!("sip:{}@{domain}", escape_user(number)), number),
    };
    match read(&called, domain).as_ref() == Some(key) {
        true => called,
        false => format!("{BY_NUMBER}{}", escape_user(urn)),
    }
}

/// The favourite of an address; `None`: it is none that can be called.
pub(crate) fn read(uri: &str, domain: &str) -> Option<Key> {
    let uri = uri.trim();
    let unescaped = |text: &str| {
        let text = String::from_utf8(unescape(text).into_owned()).ok()?;
        is_text(&text).then_some(text)
    };
    if let Some(name) = uri.strip_prefix(BY_NAME) {
        return unescaped(name).map(Key::Name);
    }
    if let Some(number) = uri.strip_prefix(BY_NUMBER) {
        return unescaped(number).map(|number| key(&number, domain));
    }
    callable(uri, domain).map(Key::Number)
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
    use proptest::prelude::*;

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

    #[test]
    fn m_112_a_domain_with_a_port_is_the_same_home() {
        for domain in ["pbx.test:5070", "[::1]:5070", "10.0.0.1:5070"] {
            let number = Key::Number("102".to_owned());
            let uri = format!("sip:102@{domain}");
            assert_eq!(written(&number, domain), uri);
            assert_eq!(read(&uri, domain), Some(number.clone()));
            assert_eq!(key(&format!("102@{domain}"), domain), number);
        }
        let away = Key::Number("sip:102@pbx.test:5060".to_owned());
        assert_eq!(key("102@pbx.test:5060", "pbx.test"), away);
    }

    /// As the store takes it: whatever people type.
    fn any_favourite() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[0-9*#+]{1,4}",
            "[a-c@:;%/? .]{1,3}",
            Just("sip:".to_owned()),
            Just("SIPS:".to_owned()),
            Just("tel:".to_owned()),
            Just("pbx.test".to_owned()),
            Just(":5070".to_owned()),
            Just("urn:offhook:name:".to_owned()),
            "\\PC{1,3}",
            Just("x".repeat(100)),
        ];
        let text = proptest::collection::vec(piece, 1..5);
        let text = text.prop_map(|pieces| pieces.concat().trim().to_owned());
        text.prop_filter("the store refuses it", |text| is_text(text))
    }

    proptest! {
        /// Whatever the store takes stands in the document so that it reads the same, and is shown as what it is.
        #[test]
        fn m_112_every_favourite_comes_back(
            text in any_favourite(),
            domain in prop_oneof![Just("pbx.test"), Just("pbx.test:5070"), Just("[::1]:5070"), Just("")],
        ) {
            let number = key(&text, domain);
            for key in [number.clone(), Key::Name(text.clone())] {
                prop_assert_eq!(read(&written(&key, domain), domain), Some(key));
            }
            let Key::Number(shown) = &number else { unreachable!() };
            prop_assert_eq!(key(shown, domain), number.clone());
        }
    }
}
