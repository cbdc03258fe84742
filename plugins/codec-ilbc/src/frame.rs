//! The parameters of a frame and their bits, in three classes of importance.
//!
//! Source: RFC 3951 §3.8, table 2 (class 1, 2, 3); appendix A.8, ULP_20msTbl and ULP_30msTbl.

use crate::mode::Mode;

/// One vector of the codebook in three stages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stages {
    /// Places in the codebook.
    pub(crate) places: [u8; 3],
    /// Gains.
    pub(crate) gains: [u8; 3],
}

/// Everything a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Line spectral frequencies: three indexes a set.
    pub(crate) spectra: [[u8; 3]; 2],
    /// The first of the two sub-frames of the start state, counted from 1.
    pub(crate) start: u8,
    /// 1 if the samples coded one by one come first in them.
    pub(crate) state_first: u8,
    /// Scale of the start state.
    pub(crate) scale: u8,
    /// Its samples.
    pub(crate) state: [u8; 58],
    /// What is left of those two sub-frames.
    pub(crate) rest: Stages,
    /// The other sub-frames.
    pub(crate) blocks: [Stages; 4],
}

/// Bits of one parameter in each class.
type Bits = [u8; 3];

/// Bits of a frame, in the order in which they stand in each class.
struct Layout {
    start: Bits,
    rest_places: [Bits; 3],
    rest_gains: [Bits; 3],
    places: [[Bits; 3]; 4],
    gains: [[Bits; 3]; 4],
}

const LAYOUT_20: Layout = Layout {
    start: [2, 0, 0],
    rest_places: [[6, 0, 1], [0, 0, 7], [0, 0, 7]],
    rest_gains: [[2, 0, 3], [1, 1, 2], [0, 0, 3]],
    places: [
        [[7, 0, 1], [0, 0, 7], [0, 0, 7]],
        [[0, 0, 8]; 3],
        [[0; 3]; 3],
        [[0; 3]; 3],
    ],
    gains: [
        [[1, 2, 2], [1, 1, 2], [0, 0, 3]],
        [[1, 1, 3], [0, 2, 2], [0, 0, 3]],
        [[0; 3]; 3],
        [[0; 3]; 3],
    ],
};

const LAYOUT_30: Layout = Layout {
    start: [3, 0, 0],
    rest_places: [[4, 2, 1], [0, 0, 7], [0, 0, 7]],
    rest_gains: [[1, 1, 3], [1, 1, 2], [0, 0, 3]],
    places: [
        [[6, 1, 1], [0, 0, 7], [0, 0, 7]],
        [[0, 7, 1], [0, 0, 8], [0, 0, 8]],
        [[0, 7, 1], [0, 0, 8], [0, 0, 8]],
        [[0, 7, 1], [0, 0, 8], [0, 0, 8]],
    ],
    gains: [
        [[1, 2, 2], [1, 2, 1], [0, 0, 3]],
        [[0, 2, 3], [0, 2, 2], [0, 0, 3]],
        [[0, 1, 4], [0, 1, 3], [0, 0, 3]],
        [[0, 1, 4], [0, 1, 3], [0, 0, 3]],
    ],
};

impl Frame {
    pub(crate) const EMPTY: Self = Self {
        spectra: [[0; 3]; 2],
        start: 0,
        state_first: 0,
        scale: 0,
        state: [0; 58],
        rest: Stages {
            places: [0; 3],
            gains: [0; 3],
        },
        blocks: [Stages {
            places: [0; 3],
            gains: [0; 3],
        }; 4],
    };

    /// Writes the frame. `octets` is as long as the mode says.
    pub(crate) fn pack(&mut self, mode: Mode, octets: &mut [u8]) {
        self.blocks[0].shorten();
        octets.fill(0);
        let mut at = 0;
        for class in 0..3 {
            self.visit(mode, &mut |value, bits| {
                let below: u8 = bits[class + 1..].iter().sum();
                for bit in (0..bits[class]).rev() {
                    octets[at / 8] |= (*value >> (below + bit) & 1) << (7 - at % 8);
                    at += 1;
                }
            });
        }
    }

    /// Reads a frame; `None` if it says that it is empty, or its start state lies outside.
    pub(crate) fn unpack(mode: Mode, octets: &[u8]) -> Option<Self> {
        let mut frame = Self::EMPTY;
        let mut at = 0;
        for class in 0..3 {
            frame.visit(mode, &mut |value, bits| {
                for _ in 0..bits[class] {
                    *value = *value << 1 | octets[at / 8] >> (7 - at % 8) & 1;
                    at += 1;
                }
            });
        }
        frame.blocks[0].lengthen();
        let is_empty = octets[mode.octets() - 1] & 1 == 1;
        let fits = (1..mode.subframes()).contains(&usize::from(frame.start));
        (fits && !is_empty).then_some(frame)
    }

    /// Calls `each` with every parameter and its bits, in the order of the line.
    fn visit(&mut self, mode: Mode, each: &mut impl FnMut(&mut u8, Bits)) {
        let layout = match mode {
            Mode::Ms20 => &LAYOUT_20,
            Mode::Ms30 => &LAYOUT_30,
        };
        for indexes in &mut self.spectra[..mode.spectra()] {
            for (index, bits) in indexes.iter_mut().zip([6, 7, 7]) {
                each(index, [bits, 0, 0]);
            }
        }
        each(&mut self.start, layout.start);
        each(&mut self.state_first, [1, 0, 0]);
        each(&mut self.scale, [6, 0, 0]);
        for sample in &mut self.state[..mode.state()] {
            each(sample, [0, 1, 2]);
        }
        for (place, &bits) in self.rest.places.iter_mut().zip(&layout.rest_places) {
            each(place, bits);
        }
        for (gain, &bits) in self.rest.gains.iter_mut().zip(&layout.rest_gains) {
            each(gain, bits);
        }
        let blocks = &mut self.blocks[..mode.blocks()];
        for (block, layout) in blocks.iter_mut().zip(&layout.places) {
            for (place, &bits) in block.places.iter_mut().zip(layout) {
                each(place, bits);
            }
        }
        for (block, layout) in blocks.iter_mut().zip(&layout.gains) {
            for (gain, &bits) in block.gains.iter_mut().zip(layout) {
                each(gain, bits);
            }
        }
    }
}

impl Stages {
    /// The first block's later stages search only part of the codebook, so that 7 bits are enough.
    /// Source: RFC 3951 §3.6.3, index_conv_enc.
    fn shorten(&mut self) {
        for place in &mut self.places[1..] {
            *place -= match *place {
                108..172 => 64,
                236.. => 128,
                _ => 0,
            };
        }
    }

    /// The other way round. Source: index_conv_dec.
    fn lengthen(&mut self) {
        for place in &mut self.places[1..] {
            *place += match *place {
                44..108 => 64,
                108..128 => 128,
                _ => 0,
            };
        }
    }
}
