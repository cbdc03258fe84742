//! Bindings against a registrar over a simulated link, both with real endpoints.

mod fuzz;
mod herd;
mod loss;
mod normal;
mod world;
