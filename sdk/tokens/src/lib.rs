//! Tokens that let programs in: made, kept as hashes in one file, and what each may ask.
//!
//! What it is not: it listens nowhere and asks nobody. The command line makes tokens with it, whoever serves programs
//! looks them up.
//!
//! | file | holds |
//! | --- | --- |
//! | [`token`] | a token's text, and its hash |
//! | [`scope`] | [`Scope`]: what a command needs |
//! | [`file`](mod@file) | [`TokenFile`]: who has which token, on disk |

pub mod file;
pub mod scope;
pub mod token;

pub use file::{Error, Grant, TokenFile};
pub use scope::Scope;
pub use token::{Hash, Token};
