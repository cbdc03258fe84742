//! Kinds that are not promised yet: nat, security, tone. Their ids may count up until the
//! release that brings their first user.

pub mod nat;
pub mod security;
pub mod tone;
