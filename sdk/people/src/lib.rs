//! What lists of people share, be they kept here or asked over the net.
//!
//! What it is not: it keeps nothing and asks nobody.
//!
//! | file | holds |
//! | --- | --- |
//! | [`fold`] | names without case and accents, numbers as they are dialled |
//! | [`Question`] | what a directory is asked, and whom it means |
//! | [`vcard`] | contacts as vCards (RFC 6350) |

pub mod fold;
pub mod question;
pub mod vcard;

pub use question::Question;
