//! The link part: synchronous, without IO or clock.
