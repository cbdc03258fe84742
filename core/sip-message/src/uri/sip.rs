//! `sip:` and `sips:` URIs.

use core::fmt;

use super::escape;
use crate::host::scan_port;
use crate::scan::{Scanner, is_token};
use crate::span::Span;
use crate::{Host, Malformed, Text};

/// A `sip:` or `sips:` URI. Source: RFC 3261 §19.1.
#[derive(Clone)]
pub struct SipUri {
    text: Text,
    secure: bool,
    user: Option<Span>,
    password: Option<Span>,
    host: Host,
    port: Option<u16>,
    /// From the first semicolon up to the question mark or the end.
    params: Span,
    /// After the question mark.
    headers: Span,
}

impl SipUri {
    /// The URI of `user` at `host`; without `user`, of the domain itself. Escapes what has to be.
    pub fn new(user: Option<&str>, host: &Host, port: Option<u16>) -> Self {
        let mut text = String::from("sip:");
        if let Some(user) = user {
            text.push_str(&super::escape_user(user));
            text.push('@');
        }
        text.push_str(&host.to_string());
        if let Some(port) = port {
            text.push_str(&format!(":{port}"));
        }
        Self::made(text)
    }

    /// The same with a parameter added: `;name=value`, or `;name` for an empty value.
    /// What may not stand in a parameter is escaped.
    pub fn with_param(&self, name: &str, value: &str) -> Self {
        let all = self.text.as_str();
        let (front, back) = all.split_at(self.params.end().min(all.len()));
        let equals = if value.is_empty() { "" } else { "=" };
        let (name, value) = (escape_param(name), escape_param(value));
        Self::made(format!("{front};{name}{equals}{value}{back}"))
    }

    /// The same without parameters called `name`.
    pub fn without_param(&self, name: &str) -> Self {
        let all = self.text.as_str();
        let mut text = all[..self.params.start()].to_owned();
        for (found, value) in self.params() {
            if !found.eq_ignore_ascii_case(name) {
                let equals = if value.is_some() { "=" } else { "" };
                text.push_str(&format!(";{found}{equals}{}", value.unwrap_or_default()));
            }
        }
        text.push_str(&all[self.params.end()..]);
        Self::made(text)
    }

    /// The same with a header after the question mark, such as Replaces in a Refer-To URI.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mark = if self.headers.is_empty() { '?' } else { '&' };
        let (name, value) = (escape_header(name), escape_header(value));
        Self::made(format!("{}{mark}{name}={value}", self.text))
    }

    /// The same without headers, as a Request-URI has to be.
    pub fn without_headers(&self) -> Self {
        let all = self.text.as_str();
        let end = self.params.end().min(all.len());
        Self::made(all[..end].to_owned())
    }

    /// The same with `sips:` or `sip:` in front.
    pub fn with_secure(&self, secure: bool) -> Self {
        let scheme = if secure { "sips" } else { "sip" };
        let rest = self
            .text
            .as_str()
            .split_once(':')
            .map_or("", |(_, rest)| rest);
        Self::made(format!("{scheme}:{rest}"))
    }

    /// The address of record: user, host and port, without password, parameters and headers.
    pub fn without_extras(&self) -> Self {
        let mut text = format!("{}:", if self.secure { "sips" } else { "sip" });
        if let Some(user) = self.user() {
            text.push_str(&format!("{user}@"));
        }
        text.push_str(&self.host.to_string());
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        Self::made(text)
    }

    /// Made by us, from checked or escaped pieces.
    fn made(text: String) -> Self {
        let parsed: Result<Self, Malformed> = text.parse();
        parsed.expect("pieces that were checked or escaped make a URI")
    }

    /// Reads the URI in `text`, whose scheme ends at `at`.
    pub(super) fn scan(text: Text, secure: bool, at: usize) -> Result<Self, Malformed> {
        let bytes = text.bytes();
        let (user, password, start) = scan_user(bytes, at)?;
        let mut scanner = Scanner::starting(bytes, start);
        let host = Host::scan(&mut scanner, bytes)?;
        let port = scan_port(&mut scanner, bytes)?;
        let params = scan_params(&mut scanner)?;
        let headers = scan_headers(&mut scanner)?;
        Ok(Self {
            text,
            secure,
            user,
            password,
            host,
            port,
            params,
            headers,
        })
    }

    /// Whether it is `sips:`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The user part, escapes and all; [`super::unescape`] takes them off.
    pub fn user(&self) -> Option<&str> {
        self.user.map(|span| span.text(self.text.bytes()))
    }

    /// The password, escapes and all. RFC 3261 advises against it.
    pub fn password(&self) -> Option<&str> {
        self.password.map(|span| span.text(self.text.bytes()))
    }

    /// Name or address.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Port, if it says one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// All parameters in order, escapes and all.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let text = self.params.text(self.text.bytes());
        pairs(text.split(';').skip(1))
    }

    /// The value of parameter `name`, empty for one without a value. Case does not matter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or_default())
    }

    /// Whether it is a loose router (RFC 3261 §16.12).
    pub fn is_loose_router(&self) -> bool {
        self.param("lr").is_some()
    }

    /// The transport parameter.
    pub fn transport(&self) -> Option<crate::Transport> {
        self.param("transport").map(crate::Transport::named)
    }

    /// Headers after the question mark, escapes and all. None of them ever takes effect by itself.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let text = self.headers.text(self.text.bytes());
        pairs(text.split('&').filter(|pair| !pair.is_empty()))
    }

    /// The whole, as written.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

fn pairs<'a>(
    parts: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    parts.map(|part| match part.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (part, None),
    })
}

/// User and password, where there is an `@`, and where the host begins. A second `@` is left to
/// fail in the host: what two readers might see differently is nobody's address.
fn scan_user(bytes: &[u8], at: usize) -> Result<(Option<Span>, Option<Span>, usize), Malformed> {
    let Some(len) = memchr::memchr(b'@', &bytes[at..]) else {
        return Ok((None, None, at));
    };
    let end = at + len;
    let colon = memchr::memchr(b':', &bytes[at..end]).map(|colon| at + colon);
    let user = Span::new(at, colon.unwrap_or(end));
    if user.is_empty() {
        return Err(Malformed::new("user", at));
    }
    let password = colon.map(|colon| Span::new(colon + 1, end));
    Ok((Some(user), password, end + 1))
}

fn scan_params(scanner: &mut Scanner<'_>) -> Result<Span, Malformed> {
    let start = scanner.at();
    while scanner.take(b';') {
        let name = scanner.run(is_param);
        if name.is_empty() {
            return scanner.fail("uri-parameter");
        }
        if scanner.take(b'=') {
            scanner.run(is_param);
        }
    }
    Ok(Span::new(start, scanner.at()))
}

fn scan_headers(scanner: &mut Scanner<'_>) -> Result<Span, Malformed> {
    if scanner.is_done() {
        return Ok(Span::default());
    }
    if !scanner.take(b'?') {
        return scanner.fail("SIP-URI");
    }
    let headers = scanner.rest();
    if headers.is_empty() {
        return scanner.fail("headers");
    }
    Ok(headers)
}

/// `paramchar` of RFC 3261 §25.1.
fn is_param(byte: u8) -> bool {
    (is_token(byte) && byte != b'`') || b"[]/:&+$()".contains(&byte)
}

/// `hnv-unreserved` and `unreserved` of RFC 3261 §25.1.
fn is_header(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"[]/?:+$-_.!~*'()".contains(&byte)
}

fn escape_header(text: &str) -> String {
    escape(text.as_bytes(), is_header)
}

fn escape_param(text: &str) -> String {
    escape(text.as_bytes(), |byte| is_param(byte) && byte != b'%')
}

impl PartialEq for SipUri {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SipUri {}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Hides who: logs show the host only.
impl fmt::Debug for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "sips" } else { "sip" };
        let user = if self.user.is_some() { "***@" } else { "" };
        write!(f, "{scheme}:{user}{}", self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}
