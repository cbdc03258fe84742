//! A mock of every kind of plugin: counts its calls, and fails, stalls, corrupts or crashes on order.
//!
//! What they are not: library files; those that fail on order in a process of their own are made for
//! that. A host or test links this crate in and adds `mock::codec::ENTRY` and so on to its catalogue.
//!
//! | file | holds |
//! | --- | --- |
//! | [`orders`] | what a mock is told, and what it counted |
//! | [`codec`] | PCMU that does as it is told |
//! | [`audio`] | a sawtooth for a microphone |
//! | [`filter`], [`dtmf`], [`recorder`] | nothing done to the sound, events, a count of samples |
//! | [`directory`], [`ui`] | a directory, a face |
//! | [`drafts`] | nat, security, tone |

// The macros ask for a feature that only library files have: one library holds one entry, these are linked in.
#![allow(unexpected_cfgs)]

pub mod audio;
pub mod codec;
pub mod directory;
pub mod drafts;
pub mod dtmf;
pub mod filter;
pub mod orders;
pub mod recorder;
pub mod ui;

pub use orders::{Counts, Orders};

#[cfg(test)]
mod tests;
