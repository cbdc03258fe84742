//! What lists of people share, be they kept here or asked over the net.
//!
//! What it is not: it keeps nothing and asks nobody.
//!
//! | file | holds |
//! | --- | --- |
//! | [`fold`] | names without case and accents, numbers as they are dialled |
//! | [`vcard`] | contacts as vCards (RFC 6350) |

pub mod fold;
pub mod vcard;
