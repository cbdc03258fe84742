//! One subscription, subscriber's side: ask, refresh, poll, hear, end (RFC 6665).
//!
//! What is told is what the notifier says, in its order, and above all when it is no longer known: after
//! an expiry, a refresh without an answer or without the NOTIFY that must follow it. What a document means
//! is [`crate::lamp`]'s.
//!
//! | file | holds |
//! | --- | --- |
//! | `words` | what a subscription is told and what it asks for |
//! | `state` | where it can stand, and everything it knows |
//! | `machine` | the machine: what moves it |
//! | `notify` | NOTIFY: dialogs made by it, order, Subscription-State |
//! | `answer` | what a response to SUBSCRIBE means |
//! | `request` | SUBSCRIBE as a message |
//! | `failure` | what happens when it is lost |
//! | [`pace`] | how long to wait: refresh, retry, poll |
//! | [`tag`] | the tags by which its NOTIFYs find it |

mod answer;
mod failure;
mod machine;
mod notify;
pub mod pace;
mod request;
mod state;
pub mod tag;
#[cfg(test)]
mod tests;
mod words;

pub use machine::Subscription;
pub use state::{Attempt, Leg, Memory, State};
pub use tag::WatchTag;
pub use words::{Cause, Ended, Input, News, Output, Package, RELATED, Watch};
