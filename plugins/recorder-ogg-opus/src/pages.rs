//! Ogg pages of one Opus stream. Source: RFC 3533 (pages), RFC 7845 (Opus in them).

use ogg::writing::{PacketWriteEndInfo, PacketWriter};
use std::io;

/// Packets of 20 ms on a page.
const ON_A_PAGE: u32 = 10;

/// Writes packets; whole pages come out as bytes.
pub(crate) struct Pages {
    writer: PacketWriter<'static, Vec<u8>>,
    serial: u32,
    /// Packets since the last page ended.
    waiting: u32,
}

impl core::fmt::Debug for Pages {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            serial, waiting, ..
        } = self;
        write!(f, "Pages({serial}, {waiting} waiting)")
    }
}

/// What stands in the head of the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    /// Range: 1 or 2.
    pub(crate) channels: u8,
    /// What a player drops at the begin. Unit: samples at 48 kHz.
    pub(crate) pre_skip: u16,
    /// Of the sound before it was encoded. Unit: Hz.
    pub(crate) sample_rate_hz: u32,
}

impl Pages {
    /// A stream with its two pages of heads (RFC 7845 §5).
    pub(crate) fn new(serial: u32, head: Head, vendor: &str) -> io::Result<Self> {
        let mut pages = Self {
            writer: PacketWriter::new(Vec::new()),
            serial,
            waiting: 0,
        };
        let mut first = b"OpusHead\x01".to_vec();
        first.push(head.channels);
        first.extend(head.pre_skip.to_le_bytes());
        first.extend(head.sample_rate_hz.to_le_bytes());
        // No gain; one stream of one or two channels.
        first.extend([0, 0, 0]);
        let mut tags = b"OpusTags".to_vec();
        tags.extend((vendor.len() as u32).to_le_bytes());
        tags.extend(vendor.as_bytes());
        tags.extend(0u32.to_le_bytes());
        for packet in [first, tags] {
            let end = PacketWriteEndInfo::EndPage;
            pages.writer.write_packet(packet, serial, end, 0)?;
        }
        Ok(pages)
    }

    /// Adds a packet that ends at `granule`. Unit: samples at 48 kHz, with those to drop.
    pub(crate) fn add(&mut self, packet: Vec<u8>, granule: u64, is_last: bool) -> io::Result<()> {
        self.waiting += 1;
        let end = match (is_last, self.waiting >= ON_A_PAGE) {
            (true, _) => PacketWriteEndInfo::EndStream,
            (false, true) => PacketWriteEndInfo::EndPage,
            (false, false) => PacketWriteEndInfo::NormalPacket,
        };
        if is_last || self.waiting >= ON_A_PAGE {
            self.waiting = 0;
        }
        self.writer.write_packet(packet, self.serial, end, granule)
    }

    /// Pages that are whole and were not taken yet.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        core::mem::take(self.writer.inner_mut())
    }
}
