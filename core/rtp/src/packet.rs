//! One RTP packet: header and payload, borrowed from the datagram.
//!
//! Source: RFC 3550 §5.1. Reading is rtp-types', which checks CSRC, extension and padding lengths.

use crate::Error;
use base::PayloadType;
use rtp_types::RtpPacket;

/// The fixed part of a header; CSRCs and extensions are skipped on reading and never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// First packet after silence (RFC 3551 §4.1), or of a telephone-event.
    pub marker: bool,
    /// What the payload is.
    pub payload_type: PayloadType,
    /// Counts packets, wraps.
    pub sequence: u16,
    /// When the payload was sampled. Unit: ticks of the format's clock rate, wraps.
    pub timestamp: u32,
    /// Which stream this is.
    pub ssrc: u32,
}

impl Header {
    /// Size on the wire. Unit: bytes.
    pub const LEN: usize = 12;

    /// Writes the header to the beginning of `out`; the payload goes to `out[Header::LEN..]`.
    pub fn write(&self, out: &mut [u8]) -> Result<(), Error> {
        let out = out
            .get_mut(..Self::LEN)
            .ok_or(Error::NoRoom { needed: Self::LEN })?;
        out[0] = 0x80;
        out[1] = u8::from(self.marker) << 7 | self.payload_type.get();
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        Ok(())
    }
}

/// A packet that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The fixed part of its header.
    pub header: Header,
    /// What it carries, without padding. Range: 0 bytes and more.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Never panics, whatever it holds.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Error> {
        let malformed = Error::Malformed { what: "RTP packet" };
        let packet = RtpPacket::parse(datagram).map_err(|_| malformed)?;
        let end = datagram.len() - usize::from(packet.padding().unwrap_or(0));
        let payload = datagram
            .get(packet.payload_offset()..end)
            .ok_or(malformed)?;
        Ok(Self {
            header: Header {
                marker: packet.marker_bit(),
                payload_type: PayloadType::new(packet.payload_type()).ok_or(malformed)?,
                sequence: packet.sequence_number(),
                timestamp: packet.timestamp(),
                ssrc: packet.ssrc(),
            },
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Rng;
    use rtp_types::RtpPacketBuilder;

    const HEADER: Header = Header {
        marker: true,
        payload_type: PayloadType::PCMA,
        sequence: 65_535,
        timestamp: 0xdead_beef,
        ssrc: 0x0102_0304,
    };

    #[test]
    fn what_is_written_is_read_and_is_what_others_write() {
        let mut bytes = [0; 15];
        HEADER.write(&mut bytes).unwrap();
        bytes[12..].copy_from_slice(b"abc");
        let oracle = RtpPacketBuilder::<&[u8], &[u8]>::new()
            .marker_bit(true)
            .payload_type(8)
            .sequence_number(65_535)
            .timestamp(0xdead_beef)
            .ssrc(0x0102_0304)
            .payload(b"abc")
            .write_vec()
            .unwrap();
        assert_eq!(bytes[..], oracle);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.header, HEADER);
        assert_eq!(packet.payload, b"abc");
        assert_eq!(
            HEADER.write(&mut [0; 11]),
            Err(Error::NoRoom { needed: 12 })
        );
    }

    #[test]
    fn csrc_extension_and_padding_are_skipped() {
        let padded = RtpPacketBuilder::new()
            .payload_type(0)
            .add_csrc(1)
            .add_csrc(2)
            .extension(0xbede, &[1, 2, 3, 4][..])
            .padding(7)
            .payload(&b"voice"[..])
            .write_vec()
            .unwrap();
        assert_eq!(Packet::parse(&padded).unwrap().payload, b"voice");
    }

    #[test]
    fn junk_of_every_length_never_panics() {
        let mut rng = Rng::from_number(1);
        let mut bytes = [0; 1_500];
        for n in 0..60_000 {
            let len = if n % 3 == 0 { n % 1_500 } else { n % 64 };
            rng.fill(&mut bytes[..len.max(1)]);
            bytes[0] = 0x80 | bytes[0] & 0x3f;
            if let Ok(packet) = Packet::parse(&bytes[..len]) {
                assert!(packet.payload.len() + 12 <= len);
            }
        }
    }
}
