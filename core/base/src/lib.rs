//! Words everyone shares: time, machines, timers, bounded tables, seeded randomness.
//!
//! What it is not: it has no clock, no IO, and depends on nothing else in the tree.
//!
//! | file | holds |
//! | --- | --- |
//! | [`instant`] | [`Instant`], nanoseconds since the engine started |
//! | [`machine`] | [`Machine`], inputs and time in, outputs and one deadline out |
//! | [`deadlines`] | [`Deadlines`], a few timers of one machine |
//! | [`timers`] | [`Timers`], one deadline each of many machines |
//! | [`bounded`] | queue and map that refuse instead of growing |
//! | [`keyed_hash`] | [`KeyedHash`], 128 bits that strangers cannot steer |
//! | [`key`] | [`Table`] and [`Key`], generational keys |
//! | [`redact`] | [`Redacted`], secrets that print as stars |
//! | [`rng`] | [`Rng`], the seeded source of tags, branches and SSRCs |
//! | [`units`] | numbers that carry their unit |

pub mod bounded;
pub mod deadlines;
pub mod instant;
pub mod key;
pub mod keyed_hash;
pub mod machine;
pub mod redact;
pub mod rng;
pub mod timers;
pub mod units;

pub use bounded::{BoundedMap, BoundedQueue, Full};
pub use core::time::Duration;
pub use deadlines::Deadlines;
pub use instant::Instant;
pub use key::{Key, Table};
pub use keyed_hash::KeyedHash;
pub use machine::Machine;
pub use redact::Redacted;
pub use rng::Rng;
pub use timers::Timers;
pub use units::{Hertz, PayloadType};
