//! `multistatus` answers (RFC 4918 §13), read without regard to prefixes.
//!
//! Their size is the client's bound; depth and count are bounded here.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Elements within elements.
const DEPTH: usize = 32;
/// Resources of one answer.
const RESOURCES: usize = 50_000;

/// What an answer says of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) href: String,
    /// It is gone: its own status is 404.
    pub(crate) is_gone: bool,
    pub(crate) is_book: bool,
    pub(crate) etag: String,
    /// What changes whenever the collection does.
    pub(crate) tag: String,
    pub(crate) principal: String,
    pub(crate) home: String,
    pub(crate) card: String,
}

/// Every resource of an answer; `None`: it is none.
pub(crate) fn resources(body: &[u8]) -> Option<Vec<Resource>> {
    let text = core::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut said = String::new();
    let mut found: Vec<Resource> = Vec::new();
    let mut is_answer = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                opened(&name, &path, &mut found)?;
                is_answer |= path.is_empty() && name == "multistatus";
                path.push(name);
                said.clear();
                if path.len() > DEPTH {
                    return None;
                }
            }
            Event::Empty(start) => {
                opened(start.local_name().as_ref(), &path, &mut found)?;
            }
            Event::Text(text) => said.push_str(&text),
            Event::CData(text) => said.push_str(&text),
            Event::GeneralRef(entity) => said.push_str(&meant(&entity)?),
            Event::End(_) => {
                if let Some(resource) = found.last_mut() {
                    closed(&path, &said, resource);
                }
                path.pop();
                said.clear();
            }
            Event::DocType(_) => return None,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return (is_answer && path.is_empty()).then_some(found),
        }
    }
}

/// An entity: one of XML's own, or a character by its number.
fn meant(entity: &str) -> Option<String> {
    let of_number = |text: &str| match text.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    let letter = match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        other => char::from_u32(of_number(other.strip_prefix('#')?)?)?,
    };
    Some(letter.to_string())
}

fn opened(name: &str, path: &[String], found: &mut Vec<Resource>) -> Option<()> {
    if path.len() == 1 && name == "response" {
        if found.len() >= RESOURCES {
            return None;
        }
        found.push(Resource::default());
    }
    let within = path.last().map(String::as_str);
    if let (Some(resource), Some("resourcetype"), "addressbook") = (found.last_mut(), within, name)
    {
        resource.is_book = true;
    }
    Some(())
}

fn closed(path: &[String], said: &str, resource: &mut Resource) {
    let text = said.trim().to_owned();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["multistatus", "response", "href"] => resource.href = text,
        ["multistatus", "response", "status"] => resource.is_gone = text.contains(" 404"),
        [.., "prop", "getetag"] => resource.etag = text,
        [.., "prop", "sync-token"] => resource.tag = text,
        [.., "prop", "getctag"] if resource.tag.is_empty() => resource.tag = text,
        [.., "current-user-principal", "href"] => resource.principal = text,
        [.., "addressbook-home-set", "href"] => resource.home = text,
        [.., "prop", "address-data"] => resource.card = said.to_owned(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_do_not_matter_and_entities_are_letters() {
        let text = r#"<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:x">
            <d:response><d:href>/a%20b/</d:href><d:propstat><d:prop><d:resourcetype><d:collection/>
            <c:addressbook/></d:resourcetype><d:sync-token>t&amp;1</d:sync-token></d:prop>
            <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
            <d:response><d:href>/x</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>
            <d:response><d:href>/y</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag>
            <c:address-data>A&#13;
B</c:address-data></d:prop></d:propstat></d:response></d:multistatus>"#;
        let found = resources(text.as_bytes()).unwrap();
        assert!(found[0].is_book && found[0].tag == "t&1" && found[0].href == "/a%20b/");
        assert!(found[1].is_gone && !found[0].is_gone);
        assert_eq!(
            (found[2].etag.as_str(), found[2].card.as_str()),
            ("\"1\"", "A\r\nB")
        );
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let deep = "<a>".repeat(DEPTH + 1);
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aa\">]><multistatus>&a;</multistatus>";
        for text in [
            "",
            "<x/>",
            "<multistatus>",
            "no",
            "<multistatus>&nope;</multistatus>",
            &deep,
            bomb,
        ] {
            assert_eq!(resources(text.as_bytes()), None, "{text}");
        }
        assert_eq!(resources(b"\xff"), None);
    }
}
