//! One binding: register, refresh, supervise, back off, remove (RFC 3261 §10).
//!
//! The address of record is bound to one contact for as long as the user wants it. Loss of the server
//! is told within 15 s (M-005) because silence is measured, not transactions: a REGISTER alone would
//! wait 32 s. While the server is gone everything is sent once and nothing is resent, so that a
//! thousand phones do not fall over it when it comes back.
//!
//! | file | holds |
//! | --- | --- |
//! | `words` | what a binding is told and what it asks for |
//! | `state` | where a binding can stand, and everything it knows |
//! | `binding` | the machine: what moves it |
//! | `failure` | what happens when a try fails |
//! | `answer` | what a response to REGISTER means |
//! | `redirect` | a registrar that sends us elsewhere |
//! | [`standby`] | which of two servers is used |
//! | `supervision` | probes and silence |
//! | `request` | REGISTER and OPTIONS as messages |
//! | [`pace`] | how long to wait: refresh, retry, probe |

mod answer;
mod binding;
mod failure;
pub mod pace;
mod redirect;
mod request;
pub mod standby;
mod state;
mod supervision;
#[cfg(test)]
mod tests;
mod words;

pub use binding::Binding;
pub use standby::{Seat, Standby};
pub use state::{Attempt, Bound, Memory, State};
pub use words::{Account, Cause, Input, KeepAlive, Output, Status};
