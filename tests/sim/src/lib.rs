//! A seeded world with virtual time: nodes, links and what travels between.
//!
//! What it is not: it runs no machine and knows no SIP. Whoever does (an executor of parts, a
//! scripted peer) takes one event after another from [`World::step`], and answers by sending and by
//! asking to be woken. No thread, no clock, no socket: the same seed and the same calls give the
//! same events, byte for byte, and [`World::trace`] says so in one number.
//!
//! | file | holds |
//! | --- | --- |
//! | [`world`] | [`World`], events in order of time; wake-ups |
//! | [`net`] | nodes, addresses, datagram sockets, partitions |
//! | [`stream`] | connections that lose nothing but time, and break |
//! | [`link`] | what a link does to packets; the same model as the relay with real sockets |
//! | [`trace`] | [`Trace`], the hash of everything that happened |

pub mod link;
pub mod net;
pub mod stream;
pub mod trace;
pub mod world;

pub use link::{Jitter, LinkSettings, Loss};
pub use net::{NodeId, Refusal};
pub use stream::{Ended, StreamEvent, StreamId};
pub use trace::Trace;
pub use world::{Event, World};
