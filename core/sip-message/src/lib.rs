//! Bytes to SIP message and back.
//!
//! A [`Message`] is the bytes it came in and where everything stands in them. Cloning shares;
//! typed values are read when somebody asks for them, and keep the text they were read from.
//! Built messages have the same form.
//!
//! What it is not: it keeps no state between messages (that is `sip`), resolves nothing, and finds
//! session descriptions without reading them (SDP is `sdp`).
//!
//! ```
//! use sip_message::{HeaderName, Limits, Message, ResponseBuilder, Status, parse_datagram};
//!
//! let datagram = "OPTIONS sip:bob@192.0.2.7 SIP/2.0\r\n\
//!     Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport\r\n\
//!     From: <sip:alice@a.example>;tag=1\r\nTo: <sip:bob@b.example>\r\n\
//!     Call-ID: 1@a.example\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
//! let message = parse_datagram(datagram.into(), &Limits::DEFAULT)?;
//! let Message::Request(request) = message else { unreachable!() };
//! assert_eq!(request.headers().from()?.tag(), Some("1"));
//!
//! let response = ResponseBuilder::to(&request, Status::OK)
//!     .to_tag("2")
//!     .header(HeaderName::Allow, "OPTIONS, INVITE")
//!     .build();
//! assert!(response.bytes().starts_with(b"SIP/2.0 200 OK\r\nVia: "));
//! # Ok::<(), sip_message::Malformed>(())
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | `message` | [`Message`], [`Request`], [`Response`] |
//! | `parse` | from a datagram to spans |
//! | `stream` | [`Stream`]: framing on TCP and TLS |
//! | `write` | [`RequestBuilder`], [`ResponseBuilder`] |
//! | `body` | [`Part`]: a body, or several in one (RFC 5621) |
//! | `check` | [`check_request`]: what to refuse, and how |
//! | `header/` | [`Headers`], and one file per family of typed headers |
//! | `uri/` | [`Uri`]: `sip:`, `sips:`, `tel:`, comparison, escapes |
//! | `host` | [`Host`]: names and addresses |
//! | `params`, `scan`, `span`, `text`, `value` | what the typed values are made of |
//! | `method`, `status`, `limits`, `error` | [`Method`], [`Status`], [`Limits`], [`Malformed`] |

mod body;
mod check;
mod error;
mod header;
mod host;
mod limits;
mod message;
mod method;
mod params;
mod parse;
mod scan;
mod span;
mod status;
mod stream;
mod text;
mod uri;
mod value;
mod write;

pub use body::{
    Content, MAX_DEPTH, MAX_LIST_PARTS, MAX_PARTS, Part, Unusable, session_description,
};
pub use check::{Capabilities, Refusal, SESSIONS, check_request, check_response};
pub use error::Malformed;
pub use header::{
    Algorithm, CSeq, Challenge, Contacts, DigestResponse, Event, Header, HeaderName, Headers,
    MAGIC_COOKIE, MAX_CSEQ, MAX_NONCE, MAX_REALM, Name, NameAddr, Protection, Qop, RAck, Reason,
    Refresher, Replaces, SessionExpires, SubscriptionPhase, SubscriptionState, TargetDialog,
    Transport, Via, Warning,
};
pub use host::Host;
pub use limits::{Limits, MAX_CONTACTS, MAX_ROUTES, MAX_VALUES, MAX_VIAS};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use parse::parse_datagram;
pub use status::{Class, NotAStatus, Status};
pub use stream::{End, Frame, Stream};
pub use text::Text;
pub use uri::{SipUri, TelUri, Uri, escape_user, unescape};
pub use value::Value;
pub use write::{RequestBuilder, ResponseBuilder};
