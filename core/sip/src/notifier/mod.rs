//! One subscription, notifier's side: taken or refused, told of every change, refreshed, ended (RFC 6665 §4.2).
//!
//! Who may watch is not decided here: a refusal is told by whoever knows the rules, and what a watcher sees is
//! what it is given.
//!
//! | file | holds |
//! | --- | --- |
//! | `ask` | what a SUBSCRIBE outside of a dialog asks for, and how it is refused |
//! | `content` | what a watcher is told, as a document |
//! | `machine` | the machine: NOTIFYs one after the other, refreshes, the end |
//! | `notify` | NOTIFY as a message, and what its answer means |
//! | `tag` | the tags by which refreshes find it |
//! | `words` | what it is told and what it asks for |

mod ask;
mod content;
mod machine;
mod notify;
mod tag;
#[cfg(test)]
mod tests;
mod words;

pub use ask::{Ask, Refused};
pub use content::Content;
pub use machine::{Memory, Notifier, Terms};
pub use tag::WatcherTag;
pub use words::{End, Input, Output, Over};
