//! Addresses with a name and parameters: From, To, Contact, Route, Record-Route and others.
//!
//! Source: RFC 3261 §20.10, §25.1 (`name-addr`, `addr-spec`).

use bytes::Bytes;
use core::fmt;
use std::borrow::Cow;

use crate::scan::{self, Scanner};
use crate::span::Span;
use crate::uri::Uri;
use crate::value::{Value, as_text};
use crate::{Malformed, params};

/// `"Display name" <uri>;parameters`, kept as written.
#[derive(Clone)]
pub struct NameAddr {
    text: Bytes,
    display: Span,
    uri: Uri,
    params: Span,
    tag: Span,
}

impl NameAddr {
    /// `<uri>` alone.
    pub fn new(uri: &Uri) -> Self {
        Self::made(format!("<{uri}>"))
    }

    /// `"display" <uri>`. Quotes and line ends in `display` do no harm.
    pub fn named(display: &str, uri: &Uri) -> Self {
        Self::made(format!("{} <{uri}>", scan::quote(display)))
    }

    /// The same with a parameter added, or its value changed. An empty value stands for none.
    /// A value that is no token is quoted.
    pub fn with_param(&self, name: &str, value: &str) -> Self {
        debug_assert!(scan::all_token(name.as_bytes()));
        let plain = value.bytes().all(scan::is_param);
        let value = match value {
            "" => String::new(),
            _ if plain => format!("={value}"),
            _ => format!("={}", scan::quote(value)),
        };
        Self::made(format!("{};{name}{value}", self.without_param(name)))
    }

    /// The same with `tag` as its tag. `tag` must be a token.
    pub fn with_tag(&self, tag: &str) -> Self {
        self.with_param("tag", tag)
    }

    /// The same without parameters called `name`.
    pub fn without_param(&self, name: &str) -> Self {
        let mut text = match self.display() {
            Some(display) => format!("{} <{}>", scan::quote(&display), self.uri),
            None => format!("<{}>", self.uri),
        };
        for (found, value) in self.params() {
            if !found.eq_ignore_ascii_case(name) {
                let equals = if value.is_some() { "=" } else { "" };
                text.push_str(&format!(";{found}{equals}{}", value.unwrap_or_default()));
            }
        }
        Self::made(text)
    }

    /// Made by us, from checked or quoted pieces.
    fn made(text: String) -> Self {
        let parsed: Result<Self, Malformed> = text.parse();
        parsed.expect("pieces that were checked or quoted make a name-addr")
    }

    /// The name for people, without quotes and escapes. Bytes that are no text become U+FFFD.
    pub fn display(&self) -> Option<Cow<'_, str>> {
        if self.display.is_empty() {
            return None;
        }
        Some(match String::from_utf8_lossy(self.display.of(&self.text)) {
            Cow::Borrowed(text) => scan::unquote(text),
            Cow::Owned(text) => Cow::Owned(scan::unquote(&text).into_owned()),
        })
    }

    /// Who.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The dialog tag.
    pub fn tag(&self) -> Option<&str> {
        Some(self.tag.text(&self.text)).filter(|tag| !tag.is_empty())
    }

    /// The value of parameter `name` as written, empty for one without a value.
    /// Case of the name does not matter.
    pub fn param(&self, name: &str) -> Option<&str> {
        params::find(self.params.of(&self.text), name)
    }

    /// The value of parameter `name` without quotes and escapes.
    pub fn unquoted_param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.param(name).map(scan::unquote)
    }

    /// All parameters in order.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        params::pairs(self.params.of(&self.text))
    }

    /// Seconds until the binding ends, as a Contact says it. What is too large is the largest.
    pub fn expires(&self) -> Option<u32> {
        self.param("expires").and_then(super::seconds)
    }

    /// Preference among several. Unit: thousandths. Range: 0 to 1000.
    pub fn q(&self) -> Option<u16> {
        self.param("q").and_then(thousandths)
    }
}

/// `qvalue` of RFC 3261 §25.1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u16 = whole.parse().ok()?;
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    let value = whole.checked_mul(1000)?.checked_add(fraction)?;
    (value <= 1000).then_some(value)
}

impl Value for NameAddr {
    fn parse(text: Bytes) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(&text);
        let (display, uri) = scan_address(&mut scanner, &text)?;
        let mut tag = Span::default();
        let params = params::check(&mut scanner, &text, |name, value| {
            if name.eq_ignore_ascii_case("tag") {
                tag = value;
            }
        })?;
        let uri =
            Uri::parse_checked(uri.share(&text)).map_err(|error| error.shifted(uri.start()))?;
        Ok(Self {
            display,
            uri,
            params,
            tag,
            text,
        })
    }
}

/// Display name and URI; the scanner ends before the parameters.
fn scan_address(scanner: &mut Scanner<'_>, text: &[u8]) -> Result<(Span, Span), Malformed> {
    if scanner.peek() == Some(b'"') {
        let display = scanner.quoted()?;
        scanner.spaces();
        return Ok((display, scan_bracketed(scanner)?));
    }
    if memchr::memchr(b'<', text).is_some() {
        let display = scanner.run(is_display);
        let uri = scan_bracketed(scanner)?;
        return Ok((scan::trim_span(text, display), uri));
    }
    // Without brackets, everything from the first semicolon on belongs to the header, and a
    // question mark or comma may not stand in the URI (RFC 3261 §20).
    let uri = scanner.run(|byte| scan::is_uri(byte) && !matches!(byte, b';' | b'?' | b','));
    if uri.is_empty() {
        return scanner.fail("addr-spec");
    }
    Ok((Span::default(), uri))
}

/// `<uri>`.
fn scan_bracketed(scanner: &mut Scanner<'_>) -> Result<Span, Malformed> {
    if !scanner.take(b'<') {
        return scanner.fail("name-addr");
    }
    let uri = scanner.run(scan::is_uri);
    if uri.is_empty() || !scanner.take(b'>') {
        return scanner.fail("addr-spec");
    }
    Ok(uri)
}

/// A display name without quotes: tokens with white space between. Bytes beyond ASCII are not
/// RFC 3261's, but are out there, in UTF-8 and Latin-1.
fn is_display(byte: u8) -> bool {
    scan::is_token(byte) || scan::is_space(byte) || byte >= 0x80
}

impl PartialEq for NameAddr {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for NameAddr {}

impl From<&Uri> for NameAddr {
    fn from(uri: &Uri) -> Self {
        Self::new(uri)
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

/// Hides who.
impl fmt::Debug for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = self.tag().map(|tag| format!(";tag={tag}"));
        write!(f, "<{:?}>{}", self.uri, tag.unwrap_or_default())
    }
}

as_text!(NameAddr);

/// All Contact values of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: every binding there is (RFC 3261 §10.2.2).
    All,
    /// In their order; may be empty.
    List(Vec<NameAddr>),
}

impl Contacts {
    /// The first address.
    pub fn first(&self) -> Option<&NameAddr> {
        self.list().first()
    }

    /// The addresses; none for `*`.
    pub fn list(&self) -> &[NameAddr] {
        match self {
            Self::All => &[],
            Self::List(contacts) => contacts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_addr(text: &str) -> NameAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_forms_of_rfc_3261_come_apart() {
        let full = name_addr(r#""J \"R\" \\" <sip:j@a.example;lr> ; tag = 98asjd8;x="q;r""#);
        assert_eq!(full.display().unwrap(), r#"J "R" \"#);
        assert_eq!(full.uri().to_string(), "sip:j@a.example;lr");
        assert_eq!(full.tag(), Some("98asjd8"));
        assert_eq!(full.param("X"), Some("\"q;r\""));
        assert_eq!(full.unquoted_param("x").unwrap(), "q;r");

        let bare = name_addr("sip:j@a.example ;   tag    = 19");
        assert_eq!(bare.display(), None);
        assert_eq!(bare.tag(), Some("19"));
        assert_eq!(bare.uri().to_string(), "sip:j@a.example");

        assert_eq!(
            name_addr("caller<sip:c@a.example>").display().unwrap(),
            "caller"
        );
        assert_eq!(
            name_addr("A. Bell <sip:c@a.example>").display().unwrap(),
            "A. Bell"
        );
    }

    #[test]
    fn a_latin_1_name_is_shown_as_far_as_it_can_be() {
        let text = Bytes::from_static(b"\"M\xfcller\" <sip:m@a.example>;tag=1");
        assert_eq!(
            NameAddr::parse(text).unwrap().display().unwrap(),
            "M\u{fffd}ller"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "<>",
            "\"open <sip:a@b>",
            "a, b <sip:a@b>",
            "<sip:a@b",
            "sip:a@b>",
            "\"a\"",
            "\"a\" sip:a@b",
            "<sip:a@b>;;",
            "<sip:a@b>;tag=",
            "<sip:a@b> x",
            "sip:a@b?h=v",
            "< sip:a@b >",
            "</a>",
            "<a>",
            "sip:a@b;tag=\"x",
        ] {
            assert!(text.parse::<NameAddr>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_we_make_reads_back() {
        let uri = "sip:a@b.example;lr".parse().unwrap();
        let made = NameAddr::named("Evil\r\nVia: \"x\"", &uri)
            .with_tag("t1")
            .with_tag("t2");
        assert_eq!(
            made.to_string(),
            "\"Evil  Via: \\\"x\\\"\" <sip:a@b.example;lr>;tag=t2"
        );
        assert_eq!(made.display().unwrap(), "Evil  Via: \"x\"");
        let instance = NameAddr::new(&uri).with_param("+sip.instance", "<urn:uuid:1>");
        assert_eq!(
            instance.unquoted_param("+sip.instance").unwrap(),
            "<urn:uuid:1>"
        );
    }

    #[test]
    fn preferences_are_thousandths() {
        let q = |value: &str| name_addr(&format!("<sip:a@b>;q={value}")).q();
        assert_eq!(q("0.33"), Some(330));
        assert_eq!(q("1"), Some(1000));
        assert_eq!(q("1.001"), None);
        assert_eq!(q("0.1234"), None);
    }
}
