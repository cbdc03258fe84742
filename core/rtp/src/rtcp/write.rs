//! Our own compound packets: report, name, and at the end goodbye.

use crate::Error;
use crate::stream::Reception;

/// What we say of the stream we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderPart {
    /// Now, by a clock that never jumps; need not be the time of day (RFC 3550 §4). Unit: 2^-32 s.
    pub ntp: u64,
    /// Now, on the RTP clock. Unit: ticks.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// One compound packet to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Ours.
    pub ssrc: u32,
    /// Our name, the same for the whole call and nobody else's (RFC 7022). Range: 1 to 255 bytes.
    pub cname: &'a str,
    /// Present if anything was sent since the report before last.
    pub sender: Option<SenderPart>,
    /// What we hear, with the NTP middle of the last sender report heard and the time since.
    pub reception: Option<(Reception, u32, u32)>,
    /// Whether our stream ends now.
    pub bye: bool,
}

impl Outgoing<'_> {
    /// Writes the packet into `out`; returns its size. Unit: bytes.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut to = Writer { out, at: 0 };
        self.write_report(&mut to);
        self.write_name(&mut to);
        if self.bye {
            to.header(1, 203, 1);
            to.word(self.ssrc);
        }
        if to.at > to.out.len() {
            return Err(Error::NoRoom { needed: to.at });
        }
        Ok(to.at)
    }

    fn write_report(&self, to: &mut Writer<'_>) {
        let blocks = u8::from(self.reception.is_some());
        let block_words = u16::from(blocks) * 6;
        match self.sender {
            Some(sender) => {
                to.header(blocks, 200, 6 + block_words);
                to.word(self.ssrc);
                to.word((sender.ntp >> 32) as u32);
                to.word(sender.ntp as u32);
                to.word(sender.rtp_timestamp);
                to.word(sender.packets);
                to.word(sender.octets);
            }
            None => {
                to.header(blocks, 201, 1 + block_words);
                to.word(self.ssrc);
            }
        }
        if let Some((reception, last_report, since)) = self.reception {
            to.word(reception.ssrc);
            let lost = reception.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
            to.word(u32::from(reception.fraction_lost) << 24 | lost);
            to.word(reception.highest);
            to.word(reception.jitter);
            to.word(last_report);
            to.word(since);
        }
    }

    /// SDES with CNAME, its list ended by at least one zero (RFC 3550 §6.5).
    fn write_name(&self, to: &mut Writer<'_>) {
        let name = self.cname.as_bytes();
        let name = &name[..name.len().min(255)];
        let items = (2 + name.len() + 1).next_multiple_of(4);
        to.header(1, 202, 1 + (items / 4) as u16);
        to.word(self.ssrc);
        let end = to.at + items;
        to.bytes(&[1, name.len() as u8]);
        to.bytes(name);
        while to.at < end {
            to.bytes(&[0]);
        }
    }
}

/// Counts on past the end, so that the size needed is known.
struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(to) = self.out.get_mut(self.at..self.at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn header(&mut self, count: u8, packet_type: u8, words: u16) {
        let [high, low] = words.to_be_bytes();
        self.bytes(&[0x80 | count, packet_type, high, low]);
    }
}
