//! Digest authentication, both sides (RFC 7616, RFC 8760, RFC 2617).
//!
//! | file | holds |
//! | --- | --- |
//! | [`digest`] | the arithmetic |

pub mod digest;
