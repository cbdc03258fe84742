//! Via: the way a response goes back.
//!
//! Source: RFC 3261 §20.42, RFC 3581 §3 (rport), RFC 5118 §4.5 (received with brackets).

use bytes::Bytes;
use core::fmt;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

use crate::host::scan_port;
use crate::scan::{self, Scanner};
use crate::span::Span;
use crate::value::{Value, as_text};
use crate::{Host, Malformed, Text, params};

/// What carries messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS.
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket under TLS.
    Wss,
    /// Anything else, as written.
    Other(Text),
}

impl Transport {
    /// The transport called `name`, in any case.
    pub fn named(name: &str) -> Self {
        Self::known(name.as_bytes()).unwrap_or_else(|| Self::Other(name.into()))
    }

    fn known(name: &[u8]) -> Option<Self> {
        const KNOWN: [(&[u8], Transport); 5] = [
            (b"UDP", Transport::Udp),
            (b"TCP", Transport::Tcp),
            (b"TLS", Transport::Tls),
            (b"WS", Transport::Ws),
            (b"WSS", Transport::Wss),
        ];
        let mut known = KNOWN.into_iter();
        known
            .find(|(text, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, transport)| transport)
    }

    /// The name as Via spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
            Self::Other(text) => text,
        }
    }

    /// Whether messages may get lost on it, so that they have to be sent again. Unknown ones may.
    pub fn is_reliable(&self) -> bool {
        match self {
            Self::Tcp | Self::Tls | Self::Ws | Self::Wss => true,
            Self::Udp | Self::Other(_) => false,
        }
    }

    /// Whether it is under TLS.
    pub fn is_secure(&self) -> bool {
        match self {
            Self::Tls | Self::Wss => true,
            Self::Udp | Self::Tcp | Self::Ws | Self::Other(_) => false,
        }
    }

    /// The port when none is said. Source: RFC 3261 §19.1.2, RFC 7118 §6.
    pub fn default_port(&self) -> u16 {
        match self {
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
            Self::Udp | Self::Tcp | Self::Other(_) => 5060,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One hop of the way back.
#[derive(Clone)]
pub struct Via {
    text: Bytes,
    transport: Transport,
    host: Host,
    port: Option<u16>,
    /// Where sent-by ends and parameters begin.
    params: Span,
    branch: Span,
    received: Span,
    /// Present without a value: asked for, not yet answered.
    rport: Option<Span>,
}

/// What every branch made after RFC 2543 starts with. Source: RFC 3261 §8.1.1.7.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

impl Via {
    /// A Via of our own. `branch` must be a token that starts with [`MAGIC_COOKIE`].
    /// Always asks for rport (RFC 3581).
    pub fn new(transport: &Transport, host: &Host, port: Option<u16>, branch: &str) -> Self {
        debug_assert!(scan::all_token(branch.as_bytes()) && branch.starts_with(MAGIC_COOKIE));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let text = format!("SIP/2.0/{transport} {host}{port};rport;branch={branch}");
        text.parse().expect("written by the grammar just above")
    }

    /// What carried the request.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Where its sender says it is.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port its sender says.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port its sender says, or its transport's own.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or_else(|| self.transport.default_port())
    }

    /// The transaction's name; `None` from RFC 2543 peers.
    pub fn branch(&self) -> Option<&str> {
        Some(self.branch.text(&self.text)).filter(|branch| !branch.is_empty())
    }

    /// The branch, if it names a transaction by itself (RFC 3261 §17.2.3).
    pub fn unique_branch(&self) -> Option<&str> {
        self.branch()
            .filter(|branch| branch.len() > MAGIC_COOKIE.len() && has_cookie(branch))
    }

    /// Where the request really came from, if that differed. Brackets are accepted.
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.received.text(&self.text);
        text.trim_matches(['[', ']']).parse().ok()
    }

    /// The port the request really came from.
    pub fn rport(&self) -> Option<u16> {
        let span = self.rport?;
        scan::number(span.of(&self.text), u64::from(u16::MAX)).map(|port| port as u16)
    }

    /// Whether the sender wants the response where the request came from (RFC 3581).
    pub fn wants_rport(&self) -> bool {
        self.rport.is_some()
    }

    /// The value of parameter `name`, empty for one without a value. Case does not matter.
    pub fn param(&self, name: &str) -> Option<&str> {
        params::find(self.params.of(&self.text), name)
    }

    /// All parameters in order.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        params::pairs(self.params.of(&self.text))
    }

    /// The same, with what the server saw written in: `received` when it differs from sent-by or
    /// rport was asked for, and the value of `rport`. Source: RFC 3261 §18.2.1, RFC 3581 §4.
    pub fn seen_from(&self, source: core::net::SocketAddr) -> Self {
        let head = &self.text[..self.params.start()];
        let mut text = String::from_utf8_lossy(head).trim_end().to_owned();
        for (name, value) in self.params() {
            let ours = ["received", "rport"];
            if !ours.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                let equals = if value.is_some() { "=" } else { "" };
                text.push_str(&format!(";{name}{equals}{}", value.unwrap_or_default()));
            }
        }
        if self.wants_rport() || self.host.ip() != Some(source.ip()) {
            text.push_str(&format!(";received={}", source.ip()));
        }
        if self.wants_rport() {
            text.push_str(&format!(";rport={}", source.port()));
        }
        text.parse().expect("a Via with parameters added is one")
    }
}

fn has_cookie(branch: &str) -> bool {
    branch
        .get(..MAGIC_COOKIE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(MAGIC_COOKIE))
}

impl Value for Via {
    fn parse(text: Bytes) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(&text);
        let transport = scan_protocol(&mut scanner, &text)?;
        let host = Host::scan(&mut scanner, &text)?;
        scanner.spaces();
        let port = scan_port(&mut scanner, &text)?;
        let (mut branch, mut received, mut rport) = (Span::default(), Span::default(), None);
        let params = params::check(&mut scanner, &text, |name, value| match name.len() {
            6 if name.eq_ignore_ascii_case("branch") => branch = value,
            8 if name.eq_ignore_ascii_case("received") => received = value,
            5 if name.eq_ignore_ascii_case("rport") => rport = Some(value),
            _ => {}
        })?;
        Ok(Self {
            transport,
            host,
            port,
            params,
            branch,
            received,
            rport,
            text,
        })
    }
}

/// `SIP / 2.0 / UDP`, and the white space after it.
fn scan_protocol(scanner: &mut Scanner<'_>, text: &Bytes) -> Result<Transport, Malformed> {
    let name = scanner.token("protocol-name")?;
    let slash = scanner.take_spaced(b'/');
    let version = scanner.token("protocol-version")?;
    if !slash || !name.of(text).eq_ignore_ascii_case(b"SIP") || version.of(text) != b"2.0" {
        return Err(Malformed::new("sent-protocol", name.start()));
    }
    if !scanner.take_spaced(b'/') {
        return scanner.fail("transport");
    }
    let transport = scanner.token("transport")?;
    if !scanner.peek().is_some_and(scan::is_space) {
        return scanner.fail("sent-by");
    }
    scanner.spaces();
    match Transport::known(transport.of(text)) {
        Some(transport) => Ok(transport),
        None => Text::new(transport.share(text)).map(Transport::Other),
    }
}

impl PartialEq for Via {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Via {}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

impl fmt::Debug for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

as_text!(Via);

#[cfg(test)]
mod tests {
    use super::*;

    fn via(text: &str) -> Via {
        text.parse().unwrap()
    }

    #[test]
    fn white_space_is_allowed_where_rfc_3261_allows_it() {
        let via = via("SIP  / 2.0  / TCP     spindle.example.com   ;  branch  =   z9hG4bK9ikj8");
        assert_eq!(via.transport(), &Transport::Tcp);
        assert_eq!(via.host().to_string(), "spindle.example.com");
        assert_eq!(via.branch(), Some("z9hG4bK9ikj8"));
        assert_eq!(via.port_or_default(), 5060);
    }

    #[test]
    fn received_reads_with_and_without_brackets() {
        let expected = "2001:db8::9:255".parse().ok();
        for value in ["[2001:db8::9:255]", "2001:db8::9:255"] {
            let text =
                format!("SIP/2.0/UDP [2001:db8::9:1]:5070;received={value};branch=z9hG4bKas3");
            assert_eq!(via(&text).received(), expected);
        }
    }

    #[test]
    fn what_the_server_saw_is_written_in() {
        let source = "192.0.2.7:40000".parse().unwrap();
        let asked = via("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKa;received=1.1.1.1");
        assert_eq!(
            asked.seen_from(source).to_string(),
            "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa;received=192.0.2.7;rport=40000"
        );
        assert_eq!(asked.seen_from(source).rport(), Some(40000));
        let same = via("SIP/2.0/TCP 192.0.2.7;branch=z9hG4bKa");
        assert_eq!(same.seen_from(source), same);
    }

    #[test]
    fn what_is_no_via_is_refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0 a",
            "SIP/2.0/UDP a;;b",
            "SIP/2.0/UDP a;",
            "SIP/7.0/UDP a",
            "HTTP/2.0/UDP a",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP a:0",
            "SIP/2.0/UDP a;branch=",
        ] {
            assert!(text.parse::<Via>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_cookie_makes_a_branch_unique() {
        assert_eq!(via("SIP/2.0/UDP a;branch=z9hG4bK").unique_branch(), None);
        assert_eq!(via("SIP/2.0/UDP a;branch=390skdjuw").unique_branch(), None);
        let own = Via::new(
            &Transport::Udp,
            &Host::from(IpAddr::from([10, 0, 0, 1])),
            None,
            "z9hG4bKx",
        );
        assert_eq!(own.unique_branch(), Some("z9hG4bKx"));
        assert!(own.wants_rport() && own.rport().is_none());
    }
}
