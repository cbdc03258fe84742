//! A hash that nobody can steer who does not know its key.
//!
//! Source: SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012, and the reference
//! implementation). Unlike the standard library's hashers it gives the same in every process and in
//! every release, so that what it named can be written to a file.

/// Takes bytes and makes 128 bits of them. How they were cut into writes makes no difference.
// Not `Debug`: it holds its key.
#[derive(Clone)]
pub struct KeyedHash {
    state: [u64; 4],
    /// Bytes that wait for their word to be full, the first one lowest.
    waiting: u64,
    written: u64,
}

impl KeyedHash {
    /// With nothing written.
    pub fn new(key: &[u8; 16]) -> Self {
        let key = u128::from_le_bytes(*key);
        let (low, high) = (key as u64, (key >> 64) as u64);
        Self {
            state: [
                low ^ 0x736f_6d65_7073_6575,
                high ^ 0x646f_7261_6e64_6f6d ^ 0xee,
                low ^ 0x6c79_6765_6e65_7261,
                high ^ 0x7465_6462_7974_6573,
            ],
            waiting: 0,
            written: 0,
        }
    }

    /// Takes `bytes`.
    pub fn write(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.written.is_multiple_of(8)
                && let Some((word, rest)) = bytes.split_first_chunk()
            {
                self.compress(u64::from_le_bytes(*word));
                self.written = self.written.wrapping_add(8);
                bytes = rest;
                continue;
            }
            self.waiting |= u64::from(byte) << (self.written % 8 * 8);
            self.written = self.written.wrapping_add(1);
            if self.written.is_multiple_of(8) {
                let word = core::mem::take(&mut self.waiting);
                self.compress(word);
            }
            bytes = rest;
        }
    }

    /// What became of everything written.
    pub fn finish(mut self) -> [u64; 2] {
        let last = self.written << 56 | self.waiting;
        self.compress(last);
        self.state[2] ^= 0xee;
        self.rounds(4);
        let low = self.folded();
        self.state[1] ^= 0xdd;
        self.rounds(4);
        [low, self.folded()]
    }

    fn compress(&mut self, word: u64) {
        self.state[3] ^= word;
        self.rounds(2);
        self.state[0] ^= word;
    }

    fn folded(&self) -> u64 {
        let [a, b, c, d] = self.state;
        a ^ b ^ c ^ d
    }

    #[inline]
    fn rounds(&mut self, count: u32) {
        let [mut a, mut b, mut c, mut d] = self.state;
        for _ in 0..count {
            a = a.wrapping_add(b);
            b = b.rotate_left(13) ^ a;
            a = a.rotate_left(32);
            c = c.wrapping_add(d);
            d = d.rotate_left(16) ^ c;
            a = a.wrapping_add(d);
            d = d.rotate_left(21) ^ a;
            c = c.wrapping_add(b);
            b = b.rotate_left(17) ^ c;
            c = c.rotate_left(32);
        }
        self.state = [a, b, c, d];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&[u8]]) -> [u8; 16] {
        let key = core::array::from_fn(|n| n as u8);
        let mut hash = KeyedHash::new(&key);
        pieces.iter().for_each(|piece| hash.write(piece));
        let [low, high] = hash.finish();
        (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
    }

    /// The first two of `vectors_sip128` in the reference implementation.
    #[test]
    fn it_gives_what_the_reference_gives() {
        assert_eq!(
            of(&[]),
            0xa381_7f04_ba25_a8e6_6df6_7214_c755_0293_u128.to_be_bytes()
        );
        assert_eq!(
            of(&[&[0]]),
            0xda87_c1d8_6b99_af44_3476_5911_9b22_fc45_u128.to_be_bytes()
        );
    }

    #[test]
    fn how_it_is_cut_makes_no_difference() {
        let all: Vec<u8> = (0..63).collect();
        for cut in 0..all.len() {
            let (before, after) = all.split_at(cut);
            assert_eq!(of(&[before, after]), of(&[&all]));
        }
        assert_ne!(of(&[&all[..62]]), of(&[&all]));
    }
}
