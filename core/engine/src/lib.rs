//! Puts parts together and runs them; knows none by name.
//!
//! What it is not: it holds no rule about SIP, calls or media. Those are in the machines that the
//! parts drive; this crate gives them mailboxes, sockets, threads, a clock and listeners.
//!
//! | file | holds |
//! | --- | --- |
//! | [`run`] | [`Builder`], from a host's list to a running [`Core`] |
//! | [`supervise`] | [`Supervised`](supervise::Supervised), a part that survives its panics; also for simulation |
//! | `runner` | the one actor: runs any part |
//! | `wiring` | who receives which word |
//! | [`network`] | the signalling sockets |
//! | [`voice`] | the media threads and what they play with |
//! | `places` | servers that keep profiles, beside the store |
//! | [`plugins`] | what is told of plugins, and their timers |
//! | [`hub`], [`listener`], [`ladders`] | events with numbers, snapshots, ladders |
//! | [`commands`], `socket` | commands to words; the control socket |
//! | [`faces`] | plugins of the kind ui, as clients of the control words |
//! | `kept` | the store beside the parts |
//! | `nameless` | records without a name are looked up when somebody sees them |
//! | `coded` | what a server made of a code that it was dialled by |
//! | `said` | what the log says of events |
//! | `worker` | what takes time, on a thread of its own |
//! | `tasks` | what was spawned for one engine, and ends with it |
//! | `memory` | gives the memory of a peak back |
//! | [`clock`], [`error`] | the one clock; why an engine does not start |

// A word that cannot be delivered goes back to its sender, whole.
#![allow(clippy::result_large_err)]

pub mod clock;
mod coded;
pub mod commands;
pub mod error;
pub mod faces;
pub mod hub;
mod kept;
pub mod ladders;
mod lamps;
pub mod listener;
mod memory;
mod nameless;
mod names;
pub mod network;
pub(crate) mod peers;
pub mod places;
mod plugins;
pub mod run;
mod runner;
mod said;
mod socket;
pub mod supervise;
mod tasks;
mod tried;
pub mod voice;
mod wiring;
mod worker;

pub use clock::Clock;
pub use error::Error;
pub use faces::Face;
pub use hub::Identity;
pub use network::Listen;
pub use run::{Builder, Core};
