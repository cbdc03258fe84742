//! The order in which a frame's stretches are coded: outward from the start state, forwards first, then
//! backwards in time, each out of those before.
//!
//! Source: RFC 3951 §3.6, §4.4; appendix A, iLBC_encode.c, iLBC_decode.c.

use crate::codebook::Vector;
use crate::frame::Frame;
use crate::mode::{LONGEST, MEMORY, Mode, SHORT_MEMORY, STATE_SPAN, SUBFRAME};

/// A stretch that is coded at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    /// 0: what is left beside the start state; n: block n - 1 of the frame.
    pub(crate) number: usize,
    /// Sub-frame whose weighting filter counts.
    pub(crate) subframe: usize,
    /// Samples.
    pub(crate) len: usize,
    /// Its first sample in the order of coding.
    from: usize,
    is_backward: bool,
}

impl Stretch {
    /// Where its sample `n` stands in the frame.
    pub(crate) fn at(&self, n: usize) -> usize {
        if self.is_backward {
            self.from - n
        } else {
            self.from + n
        }
    }
}

/// First sample of the start state that `frame` describes.
pub(crate) fn state_from(mode: Mode, frame: &Frame) -> usize {
    let span = (usize::from(frame.start) - 1) * SUBFRAME;
    match frame.state_first {
        0 => span + STATE_SPAN - mode.state(),
        _ => span,
    }
}

/// Fills `residual`, which holds the start state, stretch by stretch with what `code` makes of each and of
/// the memory that its codebook comes from.
pub(crate) fn walk(
    mode: Mode,
    frame: &mut Frame,
    residual: &mut [f32; LONGEST],
    mut code: impl FnMut(&Stretch, &[f32], &mut Frame) -> Vector,
) {
    let start = usize::from(frame.start);
    let span = (start - 1) * SUBFRAME;
    let state = state_from(mode, frame);
    let is_backward = frame.state_first == 0;
    let mut memory = recall(&residual[state..state + mode.state()], is_backward);
    let rest = Stretch {
        number: 0,
        subframe: if is_backward { start - 1 } else { start },
        len: STATE_SPAN - mode.state(),
        from: if is_backward {
            state.saturating_sub(1)
        } else {
            state + mode.state()
        },
        is_backward,
    };
    let vector = code(&rest, &memory[MEMORY - SHORT_MEMORY..], frame);
    put(residual, &rest, &vector);

    memory = recall(&residual[span..span + STATE_SPAN], false);
    let mut number = 0;
    let mut block = |memory: &mut [f32; MEMORY], subframe: usize, is_backward: bool| {
        number += 1;
        let stretch = Stretch {
            number,
            subframe,
            len: SUBFRAME,
            from: subframe * SUBFRAME + if is_backward { SUBFRAME - 1 } else { 0 },
            is_backward,
        };
        let vector = code(&stretch, memory, frame);
        memory.copy_within(SUBFRAME.., 0);
        memory[MEMORY - SUBFRAME..].copy_from_slice(&vector);
        (stretch, vector)
    };
    for subframe in start + 1..mode.subframes() {
        let (stretch, vector) = block(&mut memory, subframe, false);
        put(residual, &stretch, &vector);
    }
    let known = (mode.samples() - span).min(MEMORY);
    memory = recall(&residual[span..span + known], true);
    for subframe in (0..start - 1).rev() {
        let (stretch, vector) = block(&mut memory, subframe, true);
        put(residual, &stretch, &vector);
    }
}

/// A memory that ends with `known`, turned round for going backwards.
fn recall(known: &[f32], is_backward: bool) -> [f32; MEMORY] {
    let mut memory = [0.0; MEMORY];
    let end = &mut memory[MEMORY - known.len()..];
    end.copy_from_slice(known);
    if is_backward {
        end.reverse();
    }
    memory
}

fn put(residual: &mut [f32; LONGEST], stretch: &Stretch, vector: &Vector) {
    for (n, &sample) in vector[..stretch.len].iter().enumerate() {
        residual[stretch.at(n)] = sample;
    }
}
