//! RTCP: reports to and from bytes, and when to send them.
//!
//! Reading walks a compound packet without allocating and leaves each report to rtcp-types.
//! Writing is by hand for the same reason; rtcp-types is the oracle in its tests.

pub mod schedule;
pub mod write;

pub use schedule::Schedule;
pub use write::{Outgoing, SenderPart};

use crate::Error;
use crate::stream::Reception;
use rtcp_types::prelude::*;
use rtcp_types::{Bye, ReceiverReport, ReportBlock, SenderReport};

/// One thing a compound packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// What a sender says of itself (RFC 3550 §6.4.1).
    Sender {
        /// Whose stream.
        ssrc: u32,
        /// When it was sent by the sender's clock. Unit: 2^-32 s.
        ntp: u64,
        /// The same moment on the RTP clock. Unit: ticks.
        rtp_timestamp: u32,
        /// Packets sent.
        packets: u32,
        /// Payload bytes sent.
        octets: u32,
    },
    /// What a receiver says of a stream.
    Report {
        /// Who says it.
        from: u32,
        /// What it received.
        reception: Reception,
        /// Middle 32 bits of the NTP time of our last report; 0 if none came. Unit: 2^-16 s.
        last_report: u32,
        /// How long ago that came. Unit: 2^-16 s.
        since_last_report: u32,
    },
    /// A stream has ended.
    Bye {
        /// Whose.
        ssrc: u32,
    },
    /// Anything else; skipped.
    Other {
        /// Its packet type.
        packet_type: u8,
    },
}

/// Reads a compound packet and hands each thing it says to `told`, in order.
///
/// Nothing is told of a packet that breaks the rules of RFC 3550 appendix A.2: version 2
/// throughout, first a report, no padding on the first, lengths that add up.
pub fn read(datagram: &[u8], mut told: impl FnMut(Item)) -> Result<(), Error> {
    check(datagram)?;
    // A report whose own lengths do not add up shows only here, so everything is read before
    // anything is told.
    items(datagram, &mut |_| {})?;
    items(datagram, &mut told)
}

fn items(datagram: &[u8], told: &mut impl FnMut(Item)) -> Result<(), Error> {
    let mut rest = datagram;
    while let Some(packet) = first_packet(rest) {
        item(packet, told)?;
        rest = &rest[packet.len()..];
    }
    Ok(())
}

const MALFORMED: Error = Error::Malformed {
    what: "RTCP packet",
};

fn first_packet(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.get(2..4)?;
    let words = usize::from(u16::from_be_bytes([length[0], length[1]])) + 1;
    bytes.get(..words * 4)
}

fn check(datagram: &[u8]) -> Result<(), Error> {
    let mut rest = datagram;
    let mut is_first = true;
    while !rest.is_empty() {
        let packet = first_packet(rest).ok_or(MALFORMED)?;
        rest = &rest[packet.len()..];
        let padded = packet[0] & 0x20 != 0;
        let is_report = matches!(packet[1], 200 | 201);
        let wrong = if is_first {
            padded || !is_report
        } else {
            padded && !rest.is_empty()
        };
        if packet[0] >> 6 != 2 || wrong {
            return Err(MALFORMED);
        }
        is_first = false;
    }
    if is_first { Err(MALFORMED) } else { Ok(()) }
}

fn item(packet: &[u8], told: &mut impl FnMut(Item)) -> Result<(), Error> {
    match packet[1] {
        200 => {
            let report = SenderReport::parse(packet).map_err(|_| MALFORMED)?;
            told(Item::Sender {
                ssrc: report.ssrc(),
                ntp: report.ntp_timestamp(),
                rtp_timestamp: report.rtp_timestamp(),
                packets: report.packet_count(),
                octets: report.octet_count(),
            });
            report
                .report_blocks()
                .for_each(|b| told(reception(report.ssrc(), &b)));
        }
        201 => {
            let report = ReceiverReport::parse(packet).map_err(|_| MALFORMED)?;
            report
                .report_blocks()
                .for_each(|b| told(reception(report.ssrc(), &b)));
        }
        203 => {
            let bye = Bye::parse(packet).map_err(|_| MALFORMED)?;
            bye.ssrcs().for_each(|ssrc| told(Item::Bye { ssrc }));
        }
        packet_type => told(Item::Other { packet_type }),
    }
    Ok(())
}

fn reception(from: u32, block: &ReportBlock<'_>) -> Item {
    // 24 bits with a sign (RFC 3550 §6.4.1).
    let lost = (block.cumulative_lost() << 8) as i32 >> 8;
    Item::Report {
        from,
        reception: Reception {
            ssrc: block.ssrc(),
            fraction_lost: block.fraction_lost(),
            lost,
            highest: block.extended_sequence_number(),
            jitter: block.interarrival_jitter(),
        },
        last_report: block.last_sender_report_timestamp(),
        since_last_report: block.delay_since_last_sender_report_timestamp(),
    }
}

/// Time there and back, from a report block that came at `ntp_now`.
///
/// Unit: ms. `None` if the peer has not heard a report of ours yet, or if its figures do not fit
/// together. Source: RFC 3550 §6.4.1.
pub fn round_trip_ms(ntp_now: u64, last_report: u32, since_last_report: u32) -> Option<f32> {
    if last_report == 0 {
        return None;
    }
    let middle = (ntp_now >> 16) as u32;
    let trip = middle
        .wrapping_sub(last_report)
        .wrapping_sub(since_last_report);
    // Rounding of both clocks may make a short trip slightly negative.
    if trip > u32::MAX - 655 {
        return Some(0.0);
    }
    let ms = trip as f32 * 1_000.0 / 65_536.0;
    (ms < 60_000.0).then_some(ms)
}

#[cfg(test)]
mod tests;
