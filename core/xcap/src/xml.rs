//! A document as a tree that is written as it was read, but for what is changed: elements and attributes of others
//! survive. No document type, no entities but XML's own, bounded.

use quick_xml::escape::{escape, partial_escape, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::fmt::Write as _;

/// Longest document. Unit: bytes. Source: ours; four profiles are some kilobytes.
pub const BYTES: usize = 1 << 20;
/// Elements within elements.
const DEPTH: usize = 32;
/// Elements of a document.
const ELEMENTS: usize = 20_000;
/// Attributes of an element.
const ATTRIBUTES: usize = 64;

/// What stands in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
    Comment(String),
}

/// One element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// As it is written, with its prefix.
    pub(crate) name: String,
    /// Its namespace; empty: none.
    pub(crate) space: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// As it is written, with its prefix.
    pub(crate) name: String,
    /// Its namespace; empty: that of its element.
    pub(crate) space: String,
    pub(crate) value: String,
}

impl Element {
    pub(crate) fn new(name: &str, space: &str) -> Self {
        Self {
            name: name.to_owned(),
            space: space.to_owned(),
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Whether it is called so in this namespace.
    pub(crate) fn is(&self, space: &str, name: &str) -> bool {
        self.space == space && local(&self.name) == name
    }

    /// Its prefix with the colon behind it; empty: none.
    pub(crate) fn prefix(&self) -> &str {
        self.name.find(':').map_or("", |at| &self.name[..=at])
    }

    pub(crate) fn attribute(&self, space: &str, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|a| a.is(space, name))?;
        Some(&found.value)
    }

    /// Sets an attribute, written as `written` where it is new; `None`: takes it away.
    pub(crate) fn set(&mut self, space: &str, written: &str, value: Option<String>) {
        let name = local(written);
        let Some(value) = value else {
            self.attributes.retain(|a| !a.is(space, name));
            return;
        };
        match self.attributes.iter_mut().find(|a| a.is(space, name)) {
            Some(known) => known.value = value,
            None => self.attributes.push(Attribute {
                name: written.to_owned(),
                space: space.to_owned(),
                value,
            }),
        }
    }

    /// The elements in it.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Comment(_) => None,
        })
    }

    pub(crate) fn elements_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Comment(_) => None,
        })
    }

    /// The text in it, without white space around it.
    pub(crate) fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) | Node::Comment(_) => None,
        });
        texts.collect::<String>().trim().to_owned()
    }

    /// Takes away the elements that `goes` names.
    pub(crate) fn remove(&mut self, goes: impl Fn(&Element) -> bool) {
        self.children
            .retain(|node| !matches!(node, Node::Element(element) if goes(element)));
    }
}

impl Attribute {
    fn is(&self, space: &str, name: &str) -> bool {
        self.space == space && local(&self.name) == name
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Reads a document. Errors: in words, after “the document”.
pub(crate) fn read(body: &[u8]) -> Result<Element, String> {
    if body.len() > BYTES {
        return Err(format!("is longer than {BYTES} bytes"));
    }
    let text = core::str::from_utf8(body).map_err(|_| "is no text in UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut tree = Tree::default();
    let broken = || "is no well-formed XML".to_owned();
    loop {
        match reader.read_event().map_err(|_| broken())? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close();
            }
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(text) => tree.text(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(name) => {
                let written = format!("&{};", name.xml_content(XmlVersion::Implicit1_0));
                tree.text(&unescape(&written).map_err(|_| broken())?);
            }
            Event::Comment(text) => {
                let text = text.xml_content(XmlVersion::Implicit1_0).into_owned();
                tree.put(Node::Comment(text));
            }
            Event::DocType(_) => return Err("declares a document type".to_owned()),
            Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let is_whole = tree.open.is_empty();
    tree.root.filter(|_| is_whole).ok_or_else(broken)
}

#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > ELEMENTS || self.open.len() >= DEPTH || self.root.is_some() {
            return Err("has more elements than a list of people".to_owned());
        }
        let bad = || "is no well-formed XML".to_owned();
        let mut element = Element::new(start.name().as_ref(), "");
        for found in start.attributes().with_checks(false) {
            let found = found.map_err(|_| bad())?;
            if element.attributes.len() >= ATTRIBUTES {
                return Err("has more attributes than a list of people".to_owned());
            }
            let value = unescape(&found.value).map_err(|_| bad())?;
            element.attributes.push(Attribute {
                name: found.key.as_ref().to_owned(),
                space: String::new(),
                value: value.into_owned(),
            });
        }
        element.space = self.space(&element, element.prefix());
        for at in 0..element.attributes.len() {
            let name = &element.attributes[at].name;
            let prefix = name.find(':').map_or("", |at| &name[..=at]);
            if !prefix.is_empty() {
                element.attributes[at].space = self.space(&element, prefix);
            }
        }
        self.open.push(element);
        Ok(())
    }

    /// What a prefix, with its colon, stands for in `element`, which stands in those that are open.
    fn space(&self, element: &Element, prefix: &str) -> String {
        let declared = match prefix.strip_suffix(':') {
            Some(prefix) => format!("xmlns:{prefix}"),
            None => "xmlns".to_owned(),
        };
        let all = core::iter::once(element).chain(self.open.iter().rev());
        let mut attributes = all.flat_map(|element| &element.attributes);
        let found = attributes.find(|a| a.name == declared);
        found.map_or_else(String::new, |a| a.value.clone())
    }

    fn close(&mut self) {
        if let Some(element) = self.open.pop() {
            match self.open.last_mut() {
                Some(above) => above.children.push(Node::Element(element)),
                None => self.root = Some(element),
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            match element.children.last_mut() {
                Some(Node::Text(known)) => known.push_str(text),
                _ => element.children.push(Node::Text(text.to_owned())),
            }
        }
    }

    fn put(&mut self, node: Node) {
        if let Some(element) = self.open.last_mut() {
            element.children.push(node);
        }
    }
}

/// The document of this root.
pub(crate) fn write(root: &Element) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_into(root, &mut text);
    text.push('\n');
    text
}

fn write_into(element: &Element, text: &mut String) {
    // A text takes all that is written into it.
    let _ = write!(text, "<{}", element.name);
    for Attribute { name, value, .. } in &element.attributes {
        // Line breaks and tabs would become blanks.
        let value = escape(value.as_str());
        let value = value.replace('\n', "&#10;").replace('\t', "&#9;");
        let _ = write!(text, " {name}=\"{value}\"");
    }
    if element.children.is_empty() {
        text.push_str("/>");
        return;
    }
    text.push('>');
    for child in &element.children {
        match child {
            Node::Element(element) => write_into(element, text),
            Node::Text(said) => text.push_str(&partial_escape(said.as_str())),
            Node::Comment(said) => {
                let _ = write!(text, "<!--{said}-->");
            }
        }
    }
    let _ = write!(text, "</{}>", element.name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let text = "<a:x xmlns:a=\"urn:a\" a:k=\"1 &lt; &quot;2&quot;&#10;\"><!-- note --><y xmlns=\"urn:b\">t &amp; \
                    &lt;u&gt;</y> <a:z/></a:x>";
        let read_one = read(text.as_bytes()).unwrap();
        assert!(read_one.is("urn:a", "x"));
        assert_eq!(read_one.attribute("urn:a", "k"), Some("1 < \"2\"\n"));
        let inner: Vec<&Element> = read_one.elements().collect();
        assert!(inner[0].is("urn:b", "y") && inner[1].is("urn:a", "z"));
        assert_eq!(inner[0].children, [Node::Text("t & <u>".to_owned())]);
        let written = write(&read_one);
        assert_eq!(read(written.as_bytes()).unwrap(), read_one);
        assert!(written.contains(text), "{written}");
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = "<a>".repeat(DEPTH + 1);
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS));
        let long = " ".repeat(5 << 20);
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        for text in [
            "",
            "no",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a>&nope;</a>",
            "<a k=\"&nope;\"/>",
            bomb,
            &deep,
            &wide,
            &long,
        ] {
            let refused = read(text.as_bytes());
            assert!(refused.is_err(), "{:.40}: {refused:?}", text);
        }
        assert!(read(b"<a>\xff</a>").is_err());
    }
}
