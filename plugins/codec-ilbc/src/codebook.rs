//! The adaptive codebook: stretches of the past, mended where they are too short, and all of it again
//! through a filter.
//!
//! Source: RFC 3951 §3.6.3; appendix A, createCB.c, getCBvec.c, iCBConstruct.c.

use crate::frame::Stages;
use crate::gain;
use crate::mode::{MEMORY, SUBFRAME};
use crate::tables::CODEBOOK_FILTER;

/// A vector; only as many samples as are coded count.
pub(crate) type Vector = [f32; SUBFRAME];

/// Vectors of one half of the codebook that are stretches of `memory` as they are.
pub(crate) const fn plain(memory: usize, len: usize) -> usize {
    memory - len + 1
}

/// Vectors of one half of the codebook.
pub(crate) const fn half(memory: usize, len: usize) -> usize {
    if len == SUBFRAME {
        plain(memory, len) + SUBFRAME / 2
    } else {
        plain(memory, len)
    }
}

/// The memory as the second half sees it; as long as `memory` counts.
pub(crate) fn filtered(memory: &[f32]) -> [f32; MEMORY] {
    let mut padded = [0.0; MEMORY + 8];
    padded[3..3 + memory.len()].copy_from_slice(memory);
    let mut out = [0.0; MEMORY];
    for (n, out) in out[..memory.len()].iter_mut().enumerate() {
        let taps = padded[n..n + 8].iter().zip(CODEBOOK_FILTER.iter().rev());
        *out = taps.fold(0.0, |sum, (&sample, &tap)| sum + sample * tap);
    }
    out
}

/// The vector at `place` of a half made of `memory`.
pub(crate) fn vector(memory: &[f32], place: usize, len: usize) -> Vector {
    let mut out = [0.0; SUBFRAME];
    let end = memory.len();
    let plain = plain(end, len);
    if place < plain {
        out[..len].copy_from_slice(&memory[end - len - place..end - place]);
        return out;
    }
    // The last few samples, then again from twice as far back, with a cross-fade of five samples.
    let back = 2 * (place - plain) + len;
    let (seam, near) = (back / 2, end - back / 2);
    out[..seam].copy_from_slice(&memory[near..]);
    let mut share = 0.0;
    for n in seam - 5..seam {
        out[n] = (1.0 - share) * memory[near + n] + share * memory[end - back + n];
        share += 0.2;
    }
    for n in seam..len {
        out[n] = memory[end - back + n];
    }
    out
}

/// The vector at `place` of the whole codebook.
fn any_vector(memory: &[f32], place: usize, len: usize) -> Vector {
    let half = half(memory.len(), len);
    match place.checked_sub(half) {
        None => vector(memory, place, len),
        Some(place) => vector(&filtered(memory)[..memory.len()], place, len),
    }
}

/// What three stages stand for.
pub(crate) fn decode(memory: &[f32], stages: &Stages, len: usize) -> Vector {
    let mut sum = [0.0; SUBFRAME];
    for (&place, gain) in stages.places.iter().zip(gain::decode(&stages.gains)) {
        let vector = any_vector(memory, usize::from(place), len);
        for (sum, sample) in sum[..len].iter_mut().zip(vector) {
            *sum += gain * sample;
        }
    }
    sum
}
