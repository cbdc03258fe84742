//! What the tests of isolation share: the program, the faulty plugins, and calls.
// The macro that makes the device asks for a feature that only library files have.
#![allow(unexpected_cfgs)]

pub mod build;
pub mod call;
pub mod desk;

pub use build::{catalogue, faulty, program};
pub use call::Call;
