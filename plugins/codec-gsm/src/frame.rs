//! The parameters of one frame, and their 33 octets. Source: RFC 3551 §4.5.8.1, table 2.

/// Octets of one frame.
pub(crate) const OCTETS: usize = 33;

/// Signature of a frame, in its first four bits.
const SIGNATURE: u32 = 0xD;

/// What the encoder found out about 20 ms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Coded log area ratios.
    pub(crate) ratios: [u8; 8],
    /// Four times 5 ms.
    pub(crate) parts: [Part; 4],
}

/// The same of 5 ms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Distance of the repeated stretch. Unit: samples; sensible range: 40 to 120.
    pub(crate) lag: u8,
    /// Its gain. Range: 0 to 3.
    pub(crate) gain: u8,
    /// First sample that is sent; every third follows. Range: 0 to 3.
    pub(crate) grid: u8,
    /// Largest sample sent. Range: 0 to 63.
    pub(crate) block_max: u8,
    /// The samples. Range: 0 to 7.
    pub(crate) pulses: [u8; 13],
}

/// Bits of each ratio.
const RATIO_BITS: [u32; 8] = [6, 6, 5, 5, 4, 4, 3, 3];

impl Frame {
    /// Writes the frame.
    pub(crate) fn pack(&self, octets: &mut [u8; OCTETS]) {
        let mut line = Writer {
            octets,
            at: 0,
            held: 0,
            bits: 0,
        };
        line.put(SIGNATURE, 4);
        for (&ratio, bits) in self.ratios.iter().zip(RATIO_BITS) {
            line.put(u32::from(ratio), bits);
        }
        for part in &self.parts {
            line.put(u32::from(part.lag), 7);
            line.put(u32::from(part.gain), 2);
            line.put(u32::from(part.grid), 2);
            line.put(u32::from(part.block_max), 6);
            for &pulse in &part.pulses {
                line.put(u32::from(pulse), 3);
            }
        }
    }

    /// Reads a frame; `None` without the signature.
    pub(crate) fn unpack(octets: &[u8; OCTETS]) -> Option<Self> {
        let mut line = Reader { octets, at: 0 };
        if u32::from(line.take(4)) != SIGNATURE {
            return None;
        }
        let mut frame = Self::default();
        for (ratio, bits) in frame.ratios.iter_mut().zip(RATIO_BITS) {
            *ratio = line.take(bits);
        }
        for part in &mut frame.parts {
            part.lag = line.take(7);
            part.gain = line.take(2);
            part.grid = line.take(2);
            part.block_max = line.take(6);
            for pulse in &mut part.pulses {
                *pulse = line.take(3);
            }
        }
        Some(frame)
    }
}

/// Bits to octets, most significant first.
struct Writer<'a> {
    octets: &'a mut [u8; OCTETS],
    at: usize,
    held: u32,
    bits: u32,
}

impl Writer<'_> {
    fn put(&mut self, value: u32, bits: u32) {
        self.held = self.held << bits | value;
        self.bits += bits;
        while self.bits >= 8 {
            self.bits -= 8;
            self.octets[self.at] = (self.held >> self.bits) as u8;
            self.at += 1;
        }
        self.held &= (1 << self.bits) - 1;
    }
}

/// Octets to bits.
struct Reader<'a> {
    octets: &'a [u8; OCTETS],
    /// Unit: bits.
    at: usize,
}

impl Reader<'_> {
    /// At most 8 bits.
    fn take(&mut self, bits: u32) -> u8 {
        let first = self.at / 8;
        let second = self.octets.get(first + 1).copied().unwrap_or(0);
        let pair = u16::from_be_bytes([self.octets[first], second]);
        let value = (pair << (self.at % 8)) >> (16 - bits);
        self.at += bits as usize;
        value as u8
    }
}
