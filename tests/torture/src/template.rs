//! The INVITE that is spoiled, with a name for every place where it is.

use crate::anomaly::Put;

/// How many places there are.
pub(crate) const SLOTS: usize = 64;

/// What a slot may hold, as far as a user agent looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Method,
    /// Scheme of the Request-URI: one that nobody knows is 416.
    Scheme,
    /// Scheme elsewhere: one that nobody knows is as good.
    AnyScheme,
    User,
    Password,
    Host,
    Port,
    UriParamName,
    UriParamValue,
    UriHeaders,
    VersionName,
    VersionNumber,
    /// This word in any case.
    Word,
    /// This word exactly.
    Exact,
    Token,
    /// Unquoted parameter value.
    ParamValue,
    /// A hop that is only counted.
    OtherVia,
    /// A number up to this.
    Number(u64),
    /// Between quotes.
    Quoted,
    /// A display name without quotes.
    Display,
    CallId,
    MediaType,
    ContentLength,
    Require,
    Accept,
    /// Nobody looks at it before the call does.
    Free,
    /// Not in the head.
    Body,
}

/// One place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) usual: &'static str,
}

/// Text between slots, or a slot.
enum Piece {
    Text(&'static str),
    Slot(&'static str, Kind, &'static str),
}

/// A message with one slot spoiled.
pub(crate) struct Built {
    pub(crate) bytes: Vec<u8>,
    /// Size of the line the slot stands in, without its end.
    pub(crate) line: usize,
    /// Size of the body as it is.
    pub(crate) body: usize,
}

macro_rules! pieces {
    ($($kind:ident $(($max:expr))? $name:literal $usual:literal $text:literal)*) => {
        &[$(
            Piece::Slot($name, Kind::$kind $(($max))?, $usual),
            Piece::Text($text),
        )*]
    };
}

/// Head and body. Each line: kind, name, usual value, and the text behind it.
const HEAD: &[Piece] = pieces! {
    Method "method" "INVITE" " "
    Scheme "uri-scheme" "sip" ":"
    User "uri-user" "bob" ":"
    Password "uri-password" "pw" "@"
    Host "uri-host" "b.example" ":"
    Port "uri-port" "5060" ";"
    UriParamName "uri-param" "transport" "="
    UriParamValue "uri-value" "udp" ""
    UriHeaders "uri-headers" "" " "
    VersionName "version-name" "SIP" "/"
    VersionNumber "version" "2.0" "\r\nVia: "
    Word "via-protocol" "SIP" "/"
    Exact "via-version" "2.0" "/"
    Token "via-transport" "UDP" " "
    Host "via-host" "a.example" ":"
    Port "via-port" "5060" ";branch="
    ParamValue "via-branch" "z9hG4bK1" ";"
    Token "via-param" "rport" "\r\nv: "
    OtherVia "via-second" "SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK2" "\r\nMax-Forwards: "
    Number(255) "max-forwards" "70" "\r\nFrom: \""
    Quoted "from-display" "Alice" "\" <"
    AnyScheme "from-scheme" "sip" ":"
    User "from-user" "alice" "@"
    Host "from-host" "a.example" ">;tag="
    ParamValue "from-tag" "1928" ";"
    Token "from-param" "x" "="
    ParamValue "from-value" "y" "\r\nTo: "
    Display "to-display" "Bob" " <"
    AnyScheme "to-scheme" "sip" ":"
    User "to-user" "bob" "@"
    Host "to-host" "b.example" ":"
    Port "to-port" "5060" ">\r\nCall-ID: "
    CallId "call-id" "a84b4c76" "\r\nCSeq: "
    Number(0x7fff_ffff) "cseq-number" "314159" " "
    Exact "cseq-method" "INVITE" "\r\nContact: \""
    Quoted "contact-display" "Alice" "\" <"
    AnyScheme "contact-scheme" "sip" ":"
    User "contact-user" "alice" "@"
    Host "contact-host" "192.0.2.1" ":"
    Port "contact-port" "5060" ";transport="
    UriParamValue "contact-value" "udp" ">;q="
    ParamValue "contact-q" "0.5" ";expires="
    ParamValue "contact-expires" "3600" "\r\nContent-Type: "
    MediaType "type" "application" "/"
    MediaType "subtype" "sdp" "\r\nExpires: "
    Free "expires" "180" "\r\nSupported: "
    Free "supported" "timer" "\r\nRequire: "
    Require "require" "100rel" "\r\nSubject: "
    Free "subject" "hello" "\r\nUser-Agent: "
    Free "user-agent" "torture" "\r\nAccept: "
    Accept "accept" "application/sdp" "\r\nRecord-Route: "
    Free "record-route" "<sip:p.example;lr>" "\r\nContent-Length: "
    ContentLength "content-length" "" "\r\n\r\n"
};

const BODY: &[Piece] = pieces! {
    Body "sdp-version" "v=0" "\r\no="
    Body "sdp-user" "-" " "
    Body "sdp-session" "2890844526" " 1 IN IP4 "
    Body "sdp-address" "192.0.2.1" "\r\ns="
    Body "sdp-subject" "-" "\r\nc=IN IP4 "
    Body "sdp-connection" "192.0.2.1" "\r\nt="
    Body "sdp-time" "0 0" "\r\nm="
    Body "sdp-media" "audio" " "
    Body "sdp-port" "49170" " "
    Body "sdp-protocol" "RTP/AVP" " 0\r\na=rtpmap:"
    Body "sdp-rtpmap" "0 PCMU/8000" "\r\n"
};

/// All slots in order.
pub(crate) fn slots() -> Vec<Slot> {
    let slot = |piece: &Piece| match piece {
        Piece::Slot(name, kind, usual) => Some(Slot {
            name,
            kind: *kind,
            usual,
        }),
        Piece::Text(_) => None,
    };
    HEAD.iter().chain(BODY).filter_map(slot).collect()
}

/// The INVITE with `put` in the slot called `name`. Content-Length is right, unless it is the slot.
pub(crate) fn with(name: &str, put: &Put) -> Built {
    let (body, body_at) = fill(BODY, name, put, "");
    let (head, head_at) = fill(HEAD, name, put, &body.len().to_string());
    let line = match (head_at, body_at) {
        (Some(at), _) => line_around(&head, at).len(),
        (None, Some(at)) => line_around(&body, at).len(),
        (None, None) => 0,
    };
    Built {
        line,
        body: body.len(),
        bytes: [head, body].concat(),
    }
}

/// The text of `pieces`, and where in it `name` begins.
fn fill(pieces: &[Piece], name: &str, put: &Put, length: &str) -> (Vec<u8>, Option<usize>) {
    let mut text = Vec::new();
    let mut at = None;
    for piece in pieces {
        match piece {
            Piece::Text(between) => text.extend_from_slice(between.as_bytes()),
            Piece::Slot(slot, kind, usual) if *slot == name => {
                at = Some(text.len());
                if let Put::Value(value) = put {
                    if *kind == Kind::UriHeaders && !value.is_empty() {
                        text.push(b'?');
                    }
                    text.extend_from_slice(value);
                } else {
                    text.extend_from_slice(usual.as_bytes());
                }
            }
            Piece::Slot(_, Kind::ContentLength, _) => text.extend_from_slice(length.as_bytes()),
            Piece::Slot(_, _, usual) => text.extend_from_slice(usual.as_bytes()),
        }
    }
    if let (Put::Absent, Some(inside)) = (put, at) {
        let line = line_around(&text, inside);
        text.drain(line.start..(line.end + 2).min(text.len()));
        at = Some(line.start);
    }
    (text, at)
}

/// The line around `at`, without its end. Only CR LF ends a line here.
fn line_around(text: &[u8], at: usize) -> std::ops::Range<usize> {
    let end_in = |text: &[u8]| text.windows(2).position(|pair| pair == b"\r\n");
    let start = text[..at].windows(2).rposition(|pair| pair == b"\r\n");
    let start = start.map_or(0, |start| start + 2);
    start..end_in(&text[start..]).map_or(text.len(), |end| start + end)
}
