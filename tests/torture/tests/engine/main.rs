//! Hostile messages at a running engine: sockets, parts, media threads, all of a phone in this process.
//!
//! | file | holds |
//! | --- | --- |
//! | `rig` | the engine on loopback, and what it is asked |
//! | `peer` | valid requests beside the hostile ones |
//! | `cases` | the 5,376 generated cases, each followed by a valid OPTIONS |
//! | `vectors` | the messages of RFC 4475 and RFC 5118 on UDP, TCP, and TCP in pieces |

// Clippy does not see that these files are a test.
#![allow(clippy::unwrap_used)]

mod cases;
mod peer;
mod rig;
mod vectors;
