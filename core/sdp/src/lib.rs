//! Session descriptions: text, types, offer and answer.
//!
//! What it is: bytes to [`SessionDescription`] and back (the crate sdp-types reads and writes the
//! lines), typed views of its media, and the offer/answer model of RFC 3264 as three pure
//! functions. What it is not: it has no state, no IO and no clock, and never calls a codec: a codec
//! says what it can do as plain data ([`Capability`], [`FmtpRule`]).
//!
//! | file | holds |
//! | --- | --- |
//! | [`description`] | [`SessionDescription`]: whole text, origin, version |
//! | [`media`] | [`MediaSection`], a typed view of one m= section; [`MediaKind`], [`Direction`] |
//! | [`format`] | [`Format`]: payload type, name, clock; the static numbers of RFC 3551 |
//! | [`fmtp`] | [`FmtpRule`]: how two sides' format parameters are brought together |
//! | [`capability`] | [`Capability`], [`LocalMedia`], [`LocalSession`]: what we can and want |
//! | [`negotiate`] | [`offer`], [`answer`], [`accept_answer`] and what they yield |
//! | [`parse`] | bytes to description: caps, and mending of what real phones get wrong |
//! | [`error`] | [`Error`], with the SIP status that says it |

pub mod capability;
pub mod description;
pub mod error;
pub mod fmtp;
pub mod format;
pub mod media;
pub mod negotiate;
pub mod parse;

pub use capability::{Capability, LocalMedia, LocalSession, Preference};
pub use description::{Origin, SessionDescription};
pub use error::{Error, Refusal};
pub use fmtp::{FmtpKind, FmtpRule};
pub use format::Format;
pub use media::{Address, Direction, MediaKind, MediaSection};
pub use negotiate::{
    Agreed, Negotiated, NegotiatedFormat, Outcome, Previous, TelephoneEvent, accept_answer, answer,
    offer,
};
