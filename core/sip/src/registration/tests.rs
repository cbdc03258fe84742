//! Bindings against a registrar over a simulated link, both with real endpoints.

mod herd;
mod loss;
mod normal;
mod world;
