//! A small PBX for the demo: a registrar with digest, and extensions that answer by themselves.
//!
//! What it is not: proof of SIP. It is built from the parts that it talks to, so both ends share their
//! mistakes; that is what the peers of `tests/interop` are for. It connects no phone with another.
//!
//! | file | holds |
//! | --- | --- |
//! | [`start`](fn@start), [`Settings`], [`Pbx`] | a running PBX, beside other engines in one system |
//! | [`users`] | who may register, by password |
//! | [`bindings`] | who is registered where, and how that changes (RFC 3261 §10.3) |
//! | [`gate`] | challenges, and when a wrong password is answered for good |
//! | [`registrar`] | the part that takes REGISTER |
//! | `door` | who may call and watch |
//! | [`extensions`] | what can be dialled, and what it does |
//! | `notifiers` | the part that is watched: lamps, mailboxes |
//! | `carol` | what 103's lamp shows, by the clock |
//! | `mailboxes` | messages: left at *98, heard at *97 |
//! | `operator` | calls that concern each other: park slots, the conference; keys told back |
//! | `sounds` | what Bob says, music, voices |
//! | [`error`] | why a PBX does not start |

pub mod bindings;
mod carol;
mod door;
pub mod error;
pub mod extensions;
pub mod gate;
mod mailboxes;
mod notifiers;
mod operator;
pub mod registrar;
mod sounds;
mod start;
pub mod users;

pub use error::Error;
pub use extensions::{EXTENSIONS, Extension};
pub use start::{Pbx, Settings, start};
pub use users::Users;
