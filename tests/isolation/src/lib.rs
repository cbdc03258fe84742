//! What the tests of isolation share: the program, the faulty plugins, and calls.

pub mod build;
pub mod call;

pub use build::{catalogue, faulty, program};
pub use call::Call;
