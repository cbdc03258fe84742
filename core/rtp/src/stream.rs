//! The counts of one stream, each way.
//!
//! Source: RFC 3550 §6.4.1, appendix A.1 (is it a stream), A.3 (loss), A.8 (jitter).

use crate::packet::Header;
use crate::sequence::Unwrap;
use base::{Hertz, Instant};
use serde::{Deserialize, Serialize};

/// So many packets in order make a source valid.
const MIN_SEQUENTIAL: u8 = 2;
/// A sequence number this far ahead is a restart, not a loss.
const MAX_DROPOUT: i64 = 3_000;
/// A sequence number this far behind is a restart, not a late packet.
const MAX_MISORDER: i64 = 100;

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to the stream.
    Accepted,
    /// It belongs to a new stream that takes the old one's place, or to one that started again:
    /// forget what was buffered, then use it.
    NewStream,
    /// It may be the first of a new stream, or a stray: drop it and see what follows.
    OnProbation,
}

/// A source that has not proved itself yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    ssrc: u32,
    next: u16,
    in_order: u8,
}

/// What is known of the stream that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receiver {
    ssrc: Option<u32>,
    candidate: Option<Candidate>,
    sequence: Unwrap,
    first: i64,
    received: u64,
    clock_rate_hz: u32,
    /// Arrival minus timestamp of the last packet. Unit: ticks, wraps.
    transit: u32,
    last_timestamp: u32,
    /// Unit: sixteenths of a tick.
    jitter_16: u32,
    expected_before: u64,
    received_before: u64,
}

/// What a receiver report says of a stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reception {
    /// Whose stream.
    pub ssrc: u32,
    /// Lost since the last report. Unit: 1/256.
    pub fraction_lost: u8,
    /// Lost in all; duplicates make it negative.
    pub lost: i32,
    /// Highest sequence number, with the count of wraps above it.
    pub highest: u32,
    /// Unit: ticks.
    pub jitter: u32,
}

impl Receiver {
    /// Nothing heard yet; timestamps will run at `clock_rate`.
    pub fn new(clock_rate: Hertz) -> Self {
        Self {
            clock_rate_hz: clock_rate.0.max(1),
            ..Self::default()
        }
    }

    /// Whose stream is accepted.
    pub const fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// Packets accepted.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Packets that should have come by now.
    pub fn expected(&self) -> u64 {
        let span = self.sequence.highest().map(|h| h - self.first + 1);
        span.map_or(0, |s| s.max(0) as u64)
    }

    /// Inter-arrival jitter. Unit: ticks. Source: RFC 3550 appendix A.8.
    pub const fn jitter(&self) -> u32 {
        self.jitter_16 >> 4
    }

    /// Takes note of a packet. The very first is accepted at once, so that no sound is lost; one
    /// from another source only when [`MIN_SEQUENTIAL`] of its packets came in order.
    pub fn receive(&mut self, header: &Header, arrival: Instant) -> Verdict {
        let Some(ssrc) = self.ssrc else {
            self.start(header, arrival);
            return Verdict::NewStream;
        };
        if ssrc == header.ssrc {
            let at = self.sequence.peek16(header.sequence);
            let ahead = at - self.sequence.highest().unwrap_or(at);
            if (-MAX_MISORDER..MAX_DROPOUT).contains(&ahead) {
                // Two streams of which one is a stray: whoever goes on keeps his place.
                self.candidate = None;
                self.count(header, arrival);
                return Verdict::Accepted;
            }
        }
        if !self.try_candidate(header) {
            return Verdict::OnProbation;
        }
        self.start(header, arrival);
        Verdict::NewStream
    }

    /// Whether `header` completes a candidate's probation.
    fn try_candidate(&mut self, header: &Header) -> bool {
        let in_order = match self.candidate {
            Some(c) if c.ssrc == header.ssrc && c.next == header.sequence => c.in_order + 1,
            Some(_) | None => 1,
        };
        self.candidate = Some(Candidate {
            ssrc: header.ssrc,
            next: header.sequence.wrapping_add(1),
            in_order,
        });
        in_order >= MIN_SEQUENTIAL
    }

    fn start(&mut self, header: &Header, arrival: Instant) {
        *self = Self {
            ssrc: Some(header.ssrc),
            first: i64::from(header.sequence),
            ..Self::new(Hertz(self.clock_rate_hz))
        };
        self.transit = self
            .ticks_at(arrival)
            .wrapping_sub(u64::from(header.timestamp)) as u32;
        self.count(header, arrival);
    }

    fn count(&mut self, header: &Header, arrival: Instant) {
        self.sequence.extend16(header.sequence);
        self.received += 1;
        let transit = (self.ticks_at(arrival) as u32).wrapping_sub(header.timestamp);
        let difference = (transit.wrapping_sub(self.transit) as i32).unsigned_abs();
        // A second of difference is a jump of the timestamp, not jitter.
        if difference < self.clock_rate_hz && header.timestamp != self.last_timestamp {
            let decayed = self.jitter_16 - ((self.jitter_16 + 8) >> 4);
            self.jitter_16 = decayed + difference;
        }
        self.transit = transit;
        self.last_timestamp = header.timestamp;
    }

    fn ticks_at(&self, at: Instant) -> u64 {
        (u128::from(at.as_nanos()) * u128::from(self.clock_rate_hz) / 1_000_000_000) as u64
    }

    /// Packets lost in all. Negative when duplicates outnumber losses.
    pub fn lost(&self) -> i64 {
        self.expected() as i64 - self.received as i64
    }

    /// The block for the next report; begins a new interval for the fraction lost.
    pub fn report(&mut self) -> Option<Reception> {
        let ssrc = self.ssrc?;
        let expected = self.expected();
        let expected_now = expected - self.expected_before.min(expected);
        let received_now = self.received - self.received_before.min(self.received);
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now * 256).checked_div(expected_now).unwrap_or(0);
        Some(Reception {
            ssrc,
            fraction_lost: fraction.min(255) as u8,
            lost: self.lost().clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest: self.sequence.highest().unwrap_or(0) as u32,
            jitter: self.jitter(),
        })
    }
}

/// The stream that is sent: whose it is, where it stands and how much went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Whose stream.
    pub ssrc: u32,
    /// Of the next packet.
    pub sequence: u16,
    /// Of the next frame. Unit: ticks.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent; wraps, as the report's field does.
    pub octets: u32,
}

impl Sender {
    /// A stream that starts at unpredictable places (RFC 3550 §5.1).
    pub fn new(rng: &mut base::Rng) -> Self {
        Self {
            ssrc: rng.number32(),
            sequence: rng.number32() as u16,
            timestamp: rng.number32(),
            packets: 0,
            octets: 0,
        }
    }

    /// Counts a packet of `payload` bytes and moves on to the next sequence number.
    pub fn sent(&mut self, payload: usize) {
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload as u32);
    }

    /// Moves the timestamp on by a frame, sent or not.
    pub fn advance(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }
}

#[cfg(test)]
mod tests;
