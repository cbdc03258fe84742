//! Tables that are not promised yet: a change needs a new revision in the id, and the old one may go.
//!
//! Each is promoted out of here, with its id unchanged, by the release that brings its first user.

pub mod address;
pub mod nat;
pub mod security;
pub mod tone;
