//! Scripts in, traces out.

mod features;
mod flows;
mod races;
mod solo;
mod swarm;
pub(crate) mod world;
