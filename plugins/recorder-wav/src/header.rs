//! The head of a WAV file: plain RIFF, or RF64 once 32 bits do not suffice.

/// Bytes before the first sample, in either form: the place of `ds64` is kept free from the start
/// (EBU Tech 3306 §3.5), so that a file that outgrows RIFF is not written anew.
pub(crate) const LENGTH: u64 = 80;

/// Bytes of the body of `ds64` without a table.
const DS64: u32 = 28;

/// What does not change while a file grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) sample_rate_hz: u32,
    pub(crate) channels: u16,
}

impl Shape {
    /// Bytes of one sample of every channel.
    pub(crate) const fn frame(self) -> u64 {
        2 * self.channels as u64
    }
}

/// Whether a file with `data` bytes of sound and `after` bytes of other chunks needs RF64.
pub(crate) const fn is_large(data: u64, after: u64) -> bool {
    LENGTH - 8 + data + after > u32::MAX as u64
}

/// The head of a file with `data` bytes of sound and `after` bytes of chunks behind it.
pub(crate) fn head(shape: Shape, data: u64, after: u64) -> [u8; LENGTH as usize] {
    let riff = LENGTH - 8 + data + after;
    let large = is_large(data, after);
    let short = |size: u64| match large {
        true => u32::MAX,
        false => size as u32,
    };
    let mut head = Vec::with_capacity(LENGTH as usize);
    head.extend_from_slice(if large { b"RF64" } else { b"RIFF" });
    head.extend_from_slice(&short(riff).to_le_bytes());
    head.extend_from_slice(b"WAVE");
    head.extend_from_slice(if large { b"ds64" } else { b"JUNK" });
    head.extend_from_slice(&DS64.to_le_bytes());
    match large {
        true => {
            head.extend_from_slice(&riff.to_le_bytes());
            head.extend_from_slice(&data.to_le_bytes());
            head.extend_from_slice(&(data / shape.frame()).to_le_bytes());
            head.extend_from_slice(&0_u32.to_le_bytes());
        }
        false => head.extend_from_slice(&[0; DS64 as usize]),
    }
    head.extend_from_slice(b"fmt ");
    head.extend_from_slice(&16_u32.to_le_bytes());
    head.extend_from_slice(&1_u16.to_le_bytes());
    head.extend_from_slice(&shape.channels.to_le_bytes());
    head.extend_from_slice(&shape.sample_rate_hz.to_le_bytes());
    let second = u64::from(shape.sample_rate_hz) * shape.frame();
    head.extend_from_slice(&(second as u32).to_le_bytes());
    head.extend_from_slice(&(shape.frame() as u16).to_le_bytes());
    head.extend_from_slice(&16_u16.to_le_bytes());
    head.extend_from_slice(b"data");
    head.extend_from_slice(&short(data).to_le_bytes());
    let mut whole = [0; LENGTH as usize];
    whole.copy_from_slice(&head);
    whole
}

/// A `cue ` chunk: one point for each of these sample numbers.
pub(crate) fn cue(samples: &[u32]) -> Vec<u8> {
    let points = samples.len() as u32;
    let mut chunk = Vec::with_capacity(12 + samples.len() * 24);
    chunk.extend_from_slice(b"cue ");
    chunk.extend_from_slice(&(4 + points * 24).to_le_bytes());
    chunk.extend_from_slice(&points.to_le_bytes());
    for (number, sample) in (1_u32..).zip(samples) {
        chunk.extend_from_slice(&number.to_le_bytes());
        chunk.extend_from_slice(&sample.to_le_bytes());
        chunk.extend_from_slice(b"data");
        chunk.extend_from_slice(&[0; 8]);
        chunk.extend_from_slice(&sample.to_le_bytes());
    }
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEREO: Shape = Shape {
        sample_rate_hz: 48_000,
        channels: 2,
    };

    fn number(bytes: &[u8]) -> u64 {
        bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
    }

    #[test]
    fn a_file_that_outgrows_32_bits_becomes_rf64_where_it_lies() {
        let most = u64::from(u32::MAX) - (LENGTH - 8);
        let last = head(STEREO, most - most % 4, 0);
        assert_eq!((&last[..4], &last[12..16]), (&b"RIFF"[..], &b"JUNK"[..]));
        assert_eq!(number(&last[76..]), most - most % 4);

        let data = 5 << 30;
        let large = head(STEREO, data, 40);
        assert_eq!((&large[..4], &large[12..16]), (&b"RF64"[..], &b"ds64"[..]));
        assert_eq!(number(&large[4..8]), 0xFFFF_FFFF);
        assert_eq!(number(&large[76..]), 0xFFFF_FFFF);
        assert_eq!(number(&large[20..28]), data + 72 + 40);
        assert_eq!(number(&large[28..36]), data);
        assert_eq!(number(&large[36..44]), data / 4);
        assert_eq!(large[48..76], last[48..76], "the rest stays as it is");
    }
}
