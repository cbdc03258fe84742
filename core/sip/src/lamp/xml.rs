//! XML of strangers as a tree, with caps: no document type, no entities, no recursion.
//!
//! Source of the caps: ours; no notifier has so much to say of one phone.

use core::fmt;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// Longest document. Unit: bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// Elements within elements.
const MAX_DEPTH: usize = 32;
/// Elements of a document.
const MAX_ELEMENTS: usize = 20_000;
/// Attributes of an element.
const MAX_ATTRIBUTES: usize = 32;
/// Longest value of an attribute, and longest text of an element. Unit: bytes.
const MAX_VALUE: usize = 4096;

/// Why a document is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// It is not what its Content-Type says, or no XML.
    Malformed(&'static str),
    /// It is larger than anything that a notifier has to say.
    TooMuch(&'static str),
    /// It declares a document type, as only attacks do.
    DocumentType,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "the document has no valid {what}"),
            Self::TooMuch(what) => write!(f, "the document has too many {what}"),
            Self::DocumentType => f.write_str("the document declares a document type"),
        }
    }
}

/// One element. Names are without prefix.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    pub(crate) text: String,
    children: Vec<Element>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn all(&self) -> &[Element] {
        &self.children
    }

    /// The text of a child, without white space around it; `None`: there is none, or it is empty.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        let text = self.child(name)?.text.trim();
        (!text.is_empty()).then_some(text)
    }
}

/// Reads a document whose root is called `root`.
pub(crate) fn read(body: &[u8], root: &'static str) -> Result<Element, Bad> {
    if body.len() > MAX_BYTES {
        return Err(Bad::TooMuch("bytes"));
    }
    let text = core::str::from_utf8(body).map_err(|_| Bad::Malformed("text"))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut builder = Builder::default();
    loop {
        let event = reader.read_event();
        match event.map_err(|_| Bad::Malformed("XML"))? {
            Event::Start(start) => builder.open(&start)?,
            Event::Empty(start) => {
                builder.open(&start)?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(text) => builder.text(&text.xml_content(XmlVersion::Implicit1_0))?,
            Event::CData(text) => builder.text(&text.xml_content(XmlVersion::Implicit1_0))?,
            Event::GeneralRef(name) => {
                // Characters and the five that XML has; everything else would need a document type.
                let written = format!("&{};", name.xml_content(XmlVersion::Implicit1_0));
                let text = unescape(&written).map_err(|_| Bad::Malformed("reference"))?;
                builder.text(&text)?;
            }
            Event::DocType(_) => return Err(Bad::DocumentType),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let found = builder.root.filter(|_| builder.open.is_empty());
    found
        .filter(|found| found.name == root)
        .ok_or(Bad::Malformed("root element"))
}

#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Bad> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(Bad::TooMuch("elements"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Bad::TooMuch("levels"));
        }
        if self.root.is_some() {
            return Err(Bad::Malformed("single root"));
        }
        let mut element = Element {
            name: start.local_name().as_ref().to_owned(),
            ..Element::default()
        };
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| Bad::Malformed("attribute"))?;
            if element.attributes.len() >= MAX_ATTRIBUTES || attribute.value.len() > MAX_VALUE {
                return Err(Bad::TooMuch("attributes"));
            }
            let value = unescape(&attribute.value).map_err(|_| Bad::Malformed("attribute"))?;
            let name = attribute.key.local_name().as_ref().to_owned();
            element.attributes.push((name, value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Bad> {
        let element = self.open.pop().ok_or(Bad::Malformed("end of element"))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Bad> {
        let Some(element) = self.open.last_mut() else {
            return Ok(());
        };
        if element.text.len() + text.len() > MAX_VALUE {
            // White space between elements is nobody's text.
            if text.trim().is_empty() {
                return Ok(());
            }
            return Err(Bad::TooMuch("characters in a text"));
        }
        element.text.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &[u8], why: Bad) {
        assert_eq!(read(body, "a").err(), Some(why));
    }

    #[test]
    fn bombs_are_refused_as_soon_as_a_cap_is_reached() {
        refused("<a>".repeat(300_000).as_bytes(), Bad::TooMuch("levels"));
        refused(&vec![b' '; MAX_BYTES + 1], Bad::TooMuch("bytes"));
        let flat = format!("<a>{}</a>", "<b/>".repeat(200_000));
        refused(flat.as_bytes(), Bad::TooMuch("elements"));
        let many: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
        refused(format!("<a{many}/>").as_bytes(), Bad::TooMuch("attributes"));
        let long = format!("<a x='{}'/>", "y".repeat(1_000_000));
        refused(long.as_bytes(), Bad::TooMuch("attributes"));
        let long = format!("<a>{}</a>", "y".repeat(1_000_000));
        refused(long.as_bytes(), Bad::TooMuch("characters in a text"));
        let laughs = "<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;&l;'>]><a>&m;</a>";
        refused(laughs.as_bytes(), Bad::DocumentType);
        refused(b"<a>&m;</a>", Bad::Malformed("reference"));
        refused(b"<a>\xff</a>", Bad::Malformed("text"));
        refused(b"<a/><a/>", Bad::Malformed("single root"));
        refused(b"<b/>", Bad::Malformed("root element"));
        refused(b"<a><b></a>", Bad::Malformed("XML"));
        refused(b"<a><b>", Bad::Malformed("root element"));
        refused(b"", Bad::Malformed("root element"));
    }

    #[test]
    fn the_largest_that_is_allowed_is_read_whole() {
        let one = "<b c='d' e='f'>g</b>";
        let text = format!("<a>{}</a>", one.repeat(MAX_ELEMENTS - 1));
        assert_eq!(read(text.as_bytes(), "a").unwrap().all().len(), 19_999);
    }

    #[test]
    fn names_lose_their_prefix_and_texts_their_escapes() {
        let text =
            "\u{feff}<?xml version='1.0'?><p:a x:k='1 &lt; 2'><![CDATA[<&]]> &amp;&#65; </p:a>";
        let root = read(text.as_bytes(), "a").unwrap();
        assert_eq!(root.attribute("k"), Some("1 < 2"));
        assert_eq!(root.text, "<& &A ");
    }
}
