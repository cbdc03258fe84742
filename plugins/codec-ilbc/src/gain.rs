//! Gains of the three stages, each relative to the one before.
//!
//! Source: RFC 3951 §3.6.4.2, §4.3; appendix A, gainquant.c.

use crate::tables::{GAINS_8, GAINS_16, GAINS_32};

/// Levels of a stage.
pub(crate) fn levels(stage: usize) -> &'static [f32] {
    match stage {
        0 => &GAINS_32,
        1 => &GAINS_16,
        _ => &GAINS_8,
    }
}

/// What a stage's levels are multiplied by: the gain of the stage before, 1 for the first.
pub(crate) fn scale(before: f32) -> f32 {
    before.abs().max(0.1)
}

/// Index of the level nearest to `gain`.
pub(crate) fn quantise(gain: f32, scale: f32, stage: usize) -> u8 {
    let (mut best, mut least) = (0, 1.0e7);
    for (n, &level) in levels(stage).iter().enumerate() {
        let distance = (gain - scale * level) * (gain - scale * level);
        if distance < least {
            (best, least) = (n, distance);
        }
    }
    best as u8
}

/// The gains that three indexes stand for.
pub(crate) fn decode(indexes: &[u8; 3]) -> [f32; 3] {
    let mut before = 1.0;
    core::array::from_fn(|stage| {
        let levels = levels(stage);
        before = scale(before) * levels[usize::from(indexes[stage]) % levels.len()];
        before
    })
}
