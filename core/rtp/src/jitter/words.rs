//! What goes into the buffer and what comes out of it.

use base::Hertz;

/// Fixed properties of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Of the timestamps.
    pub clock_rate: Hertz,
    /// Expected packet time; what arrives corrects it. Unit: ms.
    pub packet_ms: u32,
    /// The delay that is never exceeded on purpose. Unit: ms.
    pub longest_delay_ms: u32,
    /// Packets that fit.
    pub packets: usize,
    /// Pieces of 160 bytes for their payloads. Range: 10 to 255.
    pub pieces: usize,
    /// A lost packet can be rebuilt from the one behind it: once packets get lost, the delay grows
    /// by a packet, so that this one is there in time.
    pub covers_loss: bool,
    /// The sender may leave out silence: timestamps then jump, and sequence numbers do not.
    pub goes_silent: bool,
}

impl Config {
    /// For 20 ms packets: 64 of them in 10 kB.
    pub const fn new(clock_rate: Hertz) -> Self {
        Self {
            clock_rate,
            packet_ms: 20,
            longest_delay_ms: 400,
            packets: 64,
            pieces: 64,
            covers_loss: false,
            goes_silent: false,
        }
    }
}

/// A packet of the stream.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// From the header.
    pub sequence: u16,
    /// From the header. Unit: ticks.
    pub timestamp: u32,
    /// From the header, handed back with the payload.
    pub payload_type: u8,
    /// Copied.
    pub payload: &'a [u8],
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It waits for its time.
    Queued,
    /// Its time is over.
    Late,
    /// It was there already.
    Duplicate,
    /// It waits; others had to go to make room.
    Overflowed,
    /// The stream began anew with it: everything before is forgotten.
    Restarted,
    /// Too long, or far out of time; two of the latter in a row restart the stream.
    Refused,
}

/// Where sound may be shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// Only in a pause: nobody is to hear it.
    Pause,
    /// Also where a voice repeats itself.
    Gentle,
    /// Even where it can be heard.
    Forced,
}

/// Whether to change the length of what has just been decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// Play it as it is.
    None,
    /// Cut a pitch period out.
    Shorten {
        /// No more than this. Unit: µs.
        at_most_us: u32,
        /// Where.
        haste: Haste,
    },
    /// Repeat a pitch period.
    Lengthen {
        /// No more than this. Unit: µs.
        at_most_us: u32,
        /// Even where it can be heard.
        forced: bool,
    },
}

/// What to do for the next 10 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull<'a> {
    /// Decode this, then say how long it was by [`decoded`](super::JitterBuffer::decoded).
    Frame {
        /// As it arrived.
        payload: &'a [u8],
        /// As it arrived.
        payload_type: u8,
        /// As much of the beginning of what it decodes to has been filled already. Unit: µs.
        skip_us: u32,
        /// What to do with what it decodes to.
        stretch: Stretch,
    },
    /// Nothing came for this time: invent so much. Range: 1 to 10,000 µs.
    Missing {
        /// Unit: µs.
        length_us: u32,
    },
    /// The packet of this time is lost, and the one behind it is here: rebuild so much from it or
    /// invent it, then say which by [`JitterBuffer::rebuilt`](super::JitterBuffer::rebuilt).
    Lost {
        /// The packet behind; it is given out as a frame later.
        next: &'a [u8],
        /// Unit: µs. Range: up to one packet.
        length_us: u32,
    },
    /// The stream has not begun or is silent: play silence.
    Waiting,
}
