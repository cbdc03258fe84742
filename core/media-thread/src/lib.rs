//! The only real-time code: legs, buses and their tick.
//!
//! What it is not: it decides nothing. Control prepares everything that needs memory (codecs,
//! sockets, buffers) and hands it over; here nothing allocates, locks, logs or waits. What is over
//! goes back to control to be dropped.
//!
//! A tick is 10 ms: read what arrived, decode one block of every leg, mix the buses, encode one
//! block of every leg, send. [`MediaEngine`] does it without a thread of its own making, so that the
//! simulation runs the same; [`run`] puts it on a real thread with real sockets.
//!
//! | file | holds |
//! | --- | --- |
//! | [`engine`] | [`MediaEngine`], orders in, ticks, reports out |
//! | [`order`] | what control may ask for: plain data |
//! | [`report`] | what it is told: plain data |
//! | [`kit`] | the live things that travel beside orders, made on control |
//! | [`sockets`] | [`MediaNet`], the sockets as the engine sees them |
//! | `leg` | one call's audio, both ways |
//! | `inbound` | from datagram to block |
//! | `outbound` | from block to datagram |
//! | `codec_slot` | a codec instance, and what is heard when it fails |
//! | [`keys`] | keys as tones, ours and the peer's |
//! | `reports` | reports on their way to control |
//! | `bus` | the mix of many legs and a device |
//! | `mix` | what a leg hears of its bus |
//! | [`filters`] | what sound passes between a bus and its device |
//! | [`tones`] | tones for the person, which no leg hears |
//! | [`tap`] | what is said and heard, on its way to a recorder |
//! | [`replace`] | another instance of a codec in a running call, and back if it fails |
//! | [`run`] | the thread: rings, deadlines, lateness |
//! | [`priority`] | how urgent a thread is, and what keeps it from taking the machine |
//! | [`stall`] | what becomes of ticks that come too late |
//! | `os` | what only the system can do for a thread that must be on time |

mod announced;
mod bus;
mod codec_slot;
pub mod engine;
pub mod error;
pub mod filters;
mod gone;
mod inbound;
pub mod keys;
pub mod kit;
mod leg;
mod mix;
pub mod order;
mod os;
mod outbound;
mod own;
pub mod priority;
pub mod replace;
pub mod report;
mod reports;
pub mod run;
pub mod sockets;
pub mod stall;
pub mod tap;
pub mod tones;

pub use engine::{Capacity, MediaEngine};
pub use error::Error;
pub use filters::{FilterChain, Side};
pub use keys::Ears;
pub use kit::{AudioKit, BusKit, Kit, LegKit, VoiceKit};
pub use order::{
    BusId, BusPlan, Chord, Direction, Events, Given, LegAudio, LegId, LegPlan, Order, Remote,
    VoicePlan,
};
pub use priority::{Granted, Priority};
pub use replace::{CodecKit, Replaced, WentWrong};
pub use report::{Counts, Report, Stalls, Told, Way};
pub use sockets::{Flow, MediaNet, Taker};
pub use tap::{TapSlot, Tapped};
pub use tones::{Slot, ToneKit};
