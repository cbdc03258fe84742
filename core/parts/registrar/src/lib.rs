//! The registrar part: synchronous, without IO or clock.
