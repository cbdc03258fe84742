//! The quantisers: 6 bits for the lower band, of which the predictor sees 4, and 2 for the upper.
//!
//! Source: ITU-T G.722 (09/2012) §6.2, blocks QUANTL, INVQAL, INVQBL, QUANTH, INVQAH; tables 14 to 21.

use crate::band::Band;

/// Code of one sample of the lower band. Range: 4 to 63.
#[inline]
pub(crate) fn low_code(band: &Band, sample: i16) -> u8 {
    let difference = band.difference(sample);
    let magnitude = magnitude(difference);
    // The first decision level is 0, so that at least one is below.
    let level = LOW_DECISIONS.partition_point(|&step| band.scaled(step) <= magnitude) as u8;
    match (difference < 0, level) {
        (true, 1 | 2) => 64 - level,
        (true, _) => 34 - level,
        (false, _) => 62 - level,
    }
}

/// Code of one sample of the upper band. Range: 0 to 3.
#[inline]
pub(crate) fn high_code(band: &Band, sample: i16) -> u8 {
    let difference = band.difference(sample);
    let is_large = magnitude(difference) >= band.scaled(HIGH_DECISION);
    match (difference < 0, is_large) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

/// Teaches the lower band its code and gives the sample that all 6 bits mean.
#[inline]
pub(crate) fn low_sample(band: &mut Band, code: u8) -> i16 {
    let sample = band.rebuild(band.scaled(LOW_STEPS[usize::from(code & 63)]));
    low_learn(band, code);
    sample
}

/// Teaches the lower band its code.
#[inline]
pub(crate) fn low_learn(band: &mut Band, code: u8) {
    let coarse = usize::from((code & 63) >> 2);
    band.learn(band.scaled(COARSE_STEPS[coarse]), LOW_LOG_STEPS[coarse]);
}

/// Teaches the upper band its code and gives the sample that it means.
#[inline]
pub(crate) fn high_sample(band: &mut Band, code: u8) -> i16 {
    let code = usize::from(code & 3);
    let difference = band.scaled(HIGH_STEPS[code]);
    let sample = band.rebuild(difference);
    band.learn(difference, HIGH_LOG_STEPS[code]);
    sample
}

/// Distance from zero; of a negative number one less, as the decision levels want it.
#[inline]
fn magnitude(difference: i16) -> i16 {
    if difference < 0 {
        !difference
    } else {
        difference
    }
}

/// Decision levels of 6 bits. The last interval is open.
const LOW_DECISIONS: [i16; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940,
    1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

const HIGH_DECISION: i16 = 564;

/// Output values of 6 bits, smallest first.
const LOW_OUTPUTS: [i16; 31] = [
    0, 17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682, 750, 822, 899, 982,
    1072, 1170, 1279, 1399, 1535, 1689, 1873, 2088, 2376, 2738, 3101,
];

/// The same by code, with its sign. No encoder sends the codes 0 to 3, because G.722 keeps the line from
/// going quiet; a decoder takes them for the smallest negative value.
const LOW_STEPS: [i16; 64] = {
    let mut steps = [0; 64];
    let mut code = 0;
    while code < 64 {
        steps[code] = match code {
            0..4 => -LOW_OUTPUTS[1],
            4..32 => -LOW_OUTPUTS[34 - code],
            32..62 => LOW_OUTPUTS[62 - code],
            _ => -LOW_OUTPUTS[64 - code],
        };
        code += 1;
    }
    steps
};

/// Output values by the upper 4 bits of the code, with their sign.
const COARSE_STEPS: [i16; 16] = [
    0, -2557, -1612, -1121, -786, -530, -323, -150, 2557, 1612, 1121, 786, 530, 323, 150, 0,
];

/// What the upper 4 bits of the code do to the logarithm of the scale.
const LOW_LOG_STEPS: [i16; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];

const HIGH_STEPS: [i16; 4] = [-926, -202, 926, 202];

const HIGH_LOG_STEPS: [i16; 4] = [798, -214, 798, -214];
