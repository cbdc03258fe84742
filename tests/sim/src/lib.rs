//! The whole phone in a seeded world with virtual time, and scripted peers for it to talk to.
//!
//! What it is not: it knows no rule of SIP of its own and proves nothing by itself; tests do. No
//! thread, no clock, no socket: the same seed and the same calls give the same events, byte for byte,
//! and [`World::hash`] says so in one number.
//!
//! | file | holds |
//! | --- | --- |
//! | [`world`] | [`World`]: phones and peers, run by one queue |
//! | [`phone`] | [`Phone`]: every part, wired and supervised as in a host |
//! | [`peer`] | scripted peers, written over `sip_message` alone |
//! | [`proxy`] | a stateless proxy with a registrar |
//! | [`names`] | the name server's table |
//! | [`flow`] | a flow shown as a ladder and tried over many bad networks |
//! | [`ladder`] | what was sent and told, as a picture; golden files |
//! | [`space`] | [`Space`], events in order of time; wake-ups |
//! | [`net`] | nodes, addresses, datagram sockets, partitions |
//! | [`stream`] | connections that lose nothing but time, and break |
//! | [`link`] | what a link does to packets; the same model as the relay with real sockets |
//! | [`trace`] | [`Trace`], the hash of everything that happened; [`log`], what a ladder shows of it |

// A word that cannot be delivered goes back to its sender, whole.
#![allow(clippy::result_large_err)]

pub mod flow;
pub mod ladder;
pub mod link;
pub mod log;
pub mod names;
pub mod net;
pub mod peer;
pub mod phone;
pub mod proxy;
pub mod space;
pub mod stream;
pub mod trace;
pub mod world;

pub use flow::{Bounds, Ends, Flow};
pub use link::{Jitter, LinkSettings, Loss};
pub use net::{NodeId, Refusal};
pub use peer::{Leg, Peer, Registrar, Script};
pub use phone::brittle::NAME as BRITTLE;
pub use phone::lame::{DEAF, DUMB};
pub use phone::{Phone, Settings};
pub use proxy::Proxy;
pub use space::Space;
pub use stream::{Ended, StreamEvent, StreamId};
pub use trace::Trace;
pub use world::World;
