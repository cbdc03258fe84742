//! Regular pulses: every third sample of the long-term residual, in 3 bits each.
//!
//! Source: ETSI EN 300 961 §5.2.13 to §5.2.18.

use crate::frame::Part;
use crate::word::{multiply, multiply_rounded};

/// Samples of a quarter of a frame.
pub(crate) const QUARTER: usize = 40;

/// Chooses and codes the pulses of `residual` into `part`.
pub(crate) fn code(residual: &[i16; QUARTER], part: &mut Part) {
    let smooth = weighted(residual);
    let grid = loudest_grid(&smooth);
    part.grid = grid as u8;
    let pulses: [i16; 13] = core::array::from_fn(|n| smooth[grid + 3 * n]);
    let largest = pulses.iter().map(|p| p.saturating_abs()).max().unwrap_or(0);
    // The number of bits above the lowest 9, at most 6.
    let exponent = (16 - (largest >> 9).leading_zeros()).min(6);
    part.block_max = ((largest >> (exponent + 5)) + ((exponent as i16) << 3)) as u8;
    let scale = Scale::of(part.block_max);
    for (code, &pulse) in part.pulses.iter_mut().zip(&pulses) {
        let normal = multiply(pulse << scale.shift, INVERSE_MANTISSAS[scale.mantissa]);
        *code = ((normal >> 12) + 4) as u8;
    }
}

/// The residual that the pulses of `part` stand for.
pub(crate) fn decode(part: &Part) -> [i16; QUARTER] {
    let scale = Scale::of(part.block_max);
    let half = if scale.shift == 0 {
        0
    } else {
        1 << (scale.shift - 1)
    };
    let mut residual = [0; QUARTER];
    let places = residual[usize::from(part.grid & 3)..].iter_mut().step_by(3);
    for (place, &code) in places.zip(&part.pulses) {
        let steps = (i16::from(code & 7) * 2 - 7) << 12;
        let value = multiply_rounded(MANTISSAS[scale.mantissa], steps);
        *place = value.saturating_add(half) >> scale.shift;
    }
    residual
}

/// The smoothing filter, whose taps 2 and 8 of 11 are 0; 2^13 is 1. Source: table 5.4.
const WEIGHTS: [i32; 11] = [-134, -374, 0, 2054, 5741, 8192, 5741, 2054, 0, -374, -134];

fn weighted(residual: &[i16; QUARTER]) -> [i16; QUARTER] {
    let mut padded = [0; QUARTER + 10];
    padded[5..5 + QUARTER].copy_from_slice(residual);
    core::array::from_fn(|n| {
        let taps = padded[n..].iter().zip(WEIGHTS);
        let sum: i32 = taps.map(|(&sample, tap)| i32::from(sample) * tap).sum();
        ((sum + 4096) >> 13).clamp(-32_768, 32_767) as i16
    })
}

/// The first of the four grids with the largest energy.
fn loudest_grid(smooth: &[i16; QUARTER]) -> usize {
    let energy = |grid: usize| -> i32 {
        let pulses = smooth[grid..].iter().step_by(3).take(13);
        pulses.map(|&p| i32::from(p >> 2) * i32::from(p >> 2)).sum()
    };
    (1..4).fold(0, |best, grid| {
        if energy(grid) > energy(best) {
            grid
        } else {
            best
        }
    })
}

/// A block's largest value, apart.
struct Scale {
    /// Range: 0 to 7.
    mantissa: usize,
    /// 6 less the exponent. Range: 0 to 10.
    shift: u32,
}

impl Scale {
    /// Source: §5.2.15, "computation of exponent and mantissa".
    fn of(block_max: u8) -> Self {
        let block_max = i32::from(block_max & 63);
        let mut exponent = if block_max > 15 {
            (block_max >> 3) - 1
        } else {
            0
        };
        let mut mantissa = block_max - (exponent << 3);
        if mantissa == 0 {
            (exponent, mantissa) = (-4, 15);
        }
        while mantissa <= 7 {
            mantissa = mantissa << 1 | 1;
            exponent -= 1;
        }
        Self {
            mantissa: (mantissa - 8) as usize,
            shift: (6 - exponent) as u32,
        }
    }
}

/// Source: table 5.6.
const MANTISSAS: [i16; 8] = [18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767];

/// Source: table 5.5.
const INVERSE_MANTISSAS: [i16; 8] = [29128, 26215, 23832, 21846, 20165, 18725, 17476, 16384];
