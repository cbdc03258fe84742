//! One event state that we publish, and keep published (RFC 3903).
//!
//! | file | holds |
//! | --- | --- |
//! | [`machine`] | publish, modify, refresh, remove; what an answer means |
//! | [`words`] | what it is told and what it asks for |

pub mod machine;
#[cfg(test)]
mod tests;
pub mod words;

pub use machine::{Memory, Publication};
pub use words::{Cause, Document, Input, News, Output, Publish};
