//! Log area ratios: from reflection coefficients to codes and back.
//!
//! Source: ETSI EN 300 961 §5.2.6 to §5.2.9.

use crate::word::{multiply, multiply_rounded};

/// Eight of one kind: ratios or reflection coefficients.
pub(crate) type Eight = [i16; 8];

/// How one ratio is coded: slope, offset, range of the code, and the slope's inverse. Source: table 5.1.
struct Step {
    slope: i16,
    offset: i16,
    least: i16,
    most: i16,
    inverse: i16,
}

const STEPS: [Step; 8] = [
    step(20480, 0, 31, 13107),
    step(20480, 0, 31, 13107),
    step(20480, 2048, 15, 13107),
    step(20480, -2560, 15, 13107),
    step(13964, 94, 7, 19223),
    step(15360, -1792, 7, 17476),
    step(8534, -341, 3, 31454),
    step(9036, -1144, 3, 29708),
];

const fn step(slope: i16, offset: i16, most: i16, inverse: i16) -> Step {
    Step {
        slope,
        offset,
        least: -most - 1,
        most,
        inverse,
    }
}

/// Reflection coefficients to codes.
pub(crate) fn code(coefficients: &Eight) -> [u8; 8] {
    let mut codes = [0; 8];
    for ((code, &coefficient), step) in codes.iter_mut().zip(coefficients).zip(&STEPS) {
        let scaled = multiply(step.slope, log_area(coefficient))
            .saturating_add(step.offset)
            .saturating_add(256)
            >> 9;
        *code = (scaled.clamp(step.least, step.most) - step.least) as u8;
    }
    codes
}

/// A reflection coefficient's log area ratio, by three straight lines.
fn log_area(coefficient: i16) -> i16 {
    let magnitude = coefficient.saturating_abs();
    let ratio = match magnitude {
        ..22_118 => magnitude >> 1,
        22_118..31_130 => magnitude - 11_059,
        31_130.. => (magnitude - 26_112) << 2,
    };
    if coefficient < 0 { -ratio } else { ratio }
}

/// Codes to log area ratios.
pub(crate) fn decode(codes: &[u8; 8]) -> Eight {
    let mut ratios = [0; 8];
    for ((ratio, &code), step) in ratios.iter_mut().zip(codes).zip(&STEPS) {
        let scaled = ((i16::from(code) + step.least) << 10).saturating_sub(step.offset << 1);
        let half = multiply_rounded(step.inverse, scaled);
        *ratio = half.saturating_add(half);
    }
    ratios
}

/// Glides from the last frame's ratios to this frame's: calls `filter` with the reflection coefficients
/// for each stretch of samples. Source: §5.2.9.1, §5.2.9.2.
pub(crate) fn glide(
    old: &Eight,
    new: &Eight,
    mut filter: impl FnMut(&Eight, core::ops::Range<usize>),
) {
    let mix = |of: fn(i16, i16) -> i16| {
        let mut coefficients = [0; 8];
        for (n, coefficient) in coefficients.iter_mut().enumerate() {
            *coefficient = reflection(of(old[n], new[n]));
        }
        coefficients
    };
    fn mostly_old(old: i16, new: i16) -> i16 {
        (old >> 2).saturating_add(new >> 2).saturating_add(old >> 1)
    }
    fn half_and_half(old: i16, new: i16) -> i16 {
        (old >> 1).saturating_add(new >> 1)
    }
    fn mostly_new(old: i16, new: i16) -> i16 {
        mostly_old(new, old)
    }
    filter(&mix(mostly_old), 0..13);
    filter(&mix(half_and_half), 13..27);
    filter(&mix(mostly_new), 27..40);
    filter(&mix(|_, new| new), 40..160);
}

/// A log area ratio's reflection coefficient. Source: §5.2.9.2.
fn reflection(ratio: i16) -> i16 {
    let magnitude = ratio.saturating_abs();
    let coefficient = match magnitude {
        ..11_059 => magnitude << 1,
        11_059..20_070 => magnitude + 11_059,
        20_070.. => (magnitude >> 2).saturating_add(26_112),
    };
    if ratio < 0 { -coefficient } else { coefficient }
}
