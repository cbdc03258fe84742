//! Scripts in, traces out.

mod flows;
mod races;
pub(crate) mod world;
