//! RTP and RTCP: packets, streams, reports, telephone-events, the jitter buffer.
//!
//! What it is not: it has no socket, no clock and no codec. Time is an argument, and nothing on
//! the path of a packet allocates after construction.
//!
//! | file | holds |
//! | --- | --- |
//! | [`demux`] | what kind of packet this is, by its first bytes (RFC 7983, RFC 5761) |
//! | [`packet`] | [`Header`] and [`Packet`], RTP to and from bytes |
//! | [`sequence`] | [`Unwrap`], 16 and 32-bit counters that do not wrap |
//! | [`stream`] | [`Receiver`] and [`Sender`], the counts of one stream each way |
//! | [`rtcp`] | reports to and from bytes, and when to send them |
//! | [`telephone_event`] | keypad digits on the wire (RFC 4733), both ways |
//! | [`latch`] | [`Latch`], to whom to send when the peer is behind NAT |
//! | [`jitter`] | [`JitterBuffer`], packets in by arrival, frames out by playout time |
//! | [`quality`] | loss, jitter, delay and what they do to the ear (ITU-T G.107) |

pub mod demux;
pub mod error;
pub mod jitter;
pub mod latch;
pub mod packet;
pub mod quality;
pub mod rtcp;
pub mod sequence;
pub mod stream;
pub mod telephone_event;

pub use demux::{Kind, kind_of};
pub use error::Error;
pub use jitter::{Arrived, Haste, Inserted, JitterBuffer, Pull, Stretch};
pub use latch::Latch;
pub use packet::{Header, Packet};
pub use quality::Quality;
pub use sequence::Unwrap;
pub use stream::{Receiver, Sender, Verdict};
