//! Plugins that fail on order, one kind a build: for tests of what becomes of the call.
//!
//! What they are not: plugins for people.

#[cfg(feature = "audio")]
pub mod audio;
#[cfg(feature = "codec")]
pub mod codec;
#[cfg(feature = "dtmf")]
pub mod dtmf;
pub mod fault;
#[cfg(feature = "filter")]
pub mod filter;
#[cfg(feature = "nat")]
pub mod nat;
#[cfg(feature = "recorder")]
pub mod recorder;
pub mod scribble;
#[cfg(feature = "ui")]
pub mod ui;

pub use fault::{Fault, order, order_in_samples, order_in_text};
