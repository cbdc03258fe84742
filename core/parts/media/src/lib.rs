//! The media part: synchronous, without IO or clock.
