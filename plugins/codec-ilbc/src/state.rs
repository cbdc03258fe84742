//! The start state: the loudest stretch of the residual, coded sample by sample.
//!
//! Source: RFC 3951 §3.5, §4.2; appendix A, StateSearchW.c, StateConstructW.c.

use crate::filter::{Coefficients, ORDER, all_pole, all_zero};
use crate::frame::Frame;
use crate::lpc::Filters;
use crate::mode::SUBFRAME;
use crate::tables::{STATE_LEVELS, STATE_SCALES};

/// Most samples of a start state.
const LONGEST: usize = 58;
/// Level that the largest sample is brought to.
const FULL: f32 = 4.5;

/// Codes `residual`, as long as the state, into `frame`, which knows where the state lies.
pub(crate) fn code(residual: &[f32], synthesis: &Filters, weighting: &Filters, frame: &mut Frame) {
    let first = usize::from(frame.start) - 1;
    let mut padded = [0.0; LONGEST];
    padded[..residual.len()].copy_from_slice(residual);
    let mut wanted = smeared(&padded[..residual.len()], &synthesis[first]);
    let samples = &mut wanted[ORDER..ORDER + residual.len()];
    let mut largest = samples[0];
    for &sample in &samples[1..] {
        if sample * sample > largest * largest {
            largest = sample;
        }
    }
    let largest = f64::from(largest.abs().max(10.0)).log10() as f32;
    let scale = nearest(&STATE_SCALES, largest);
    frame.scale = scale as u8;
    let full = FULL / power_of_ten(STATE_SCALES[scale]);
    for sample in samples {
        *sample *= full;
    }
    quantise(&mut wanted, residual.len(), weighting, frame);
}

/// Chooses levels one after the other, so that the weighted error is small.
fn quantise(
    wanted: &mut [f32; ORDER + 2 * LONGEST],
    len: usize,
    weighting: &Filters,
    frame: &mut Frame,
) {
    let first = usize::from(frame.start) - 1;
    let seam = match frame.state_first {
        0 => len - SUBFRAME,
        _ => SUBFRAME,
    };
    all_pole(wanted, ORDER, ORDER + seam, &weighting[first]);
    all_pole(wanted, ORDER + seam, ORDER + len, &weighting[first + 1]);
    let mut chosen = [0.0; ORDER + LONGEST];
    for n in 0..len {
        let weighting = &weighting[first + usize::from(n >= seam)];
        let at = ORDER + n;
        chosen[at] = 0.0;
        all_pole(&mut chosen, at, at + 1, weighting);
        let level = nearest(&STATE_LEVELS, wanted[at] - chosen[at]);
        frame.state[n] = level as u8;
        chosen[at] = STATE_LEVELS[level];
        all_pole(&mut chosen, at, at + 1, weighting);
    }
}

/// The residual that `frame`'s state stands for, into `out`, as long as the state.
pub(crate) fn decode(frame: &Frame, synthesis: &Filters, out: &mut [f32]) {
    let scale = power_of_ten(STATE_SCALES[usize::from(frame.scale & 63)]) / FULL;
    let len = out.len();
    let mut levels = [0.0; LONGEST];
    for (level, &code) in levels.iter_mut().zip(frame.state[..len].iter().rev()) {
        *level = scale * STATE_LEVELS[usize::from(code & 7)];
    }
    let filter = &synthesis[usize::from(frame.start) - 1];
    let smeared = smeared(&levels[..len], filter);
    for (out, &sample) in out.iter_mut().rev().zip(&smeared[ORDER..]) {
        *out = sample;
    }
}

/// Circular convolution with the all-pass filter that `poles` make; the result stands after [`ORDER`]
/// zeros.
fn smeared(signal: &[f32], poles: &Coefficients) -> [f32; ORDER + 2 * LONGEST] {
    let len = signal.len();
    let mut zeros = *poles;
    zeros.reverse();
    let mut input = [0.0; ORDER + 2 * LONGEST];
    input[ORDER..ORDER + len].copy_from_slice(signal);
    let mut output = [0.0; ORDER + 2 * LONGEST];
    for at in ORDER..ORDER + 2 * len {
        output[at] = all_zero(&input[..=at], &zeros);
    }
    all_pole(&mut output, ORDER, ORDER + 2 * len, poles);
    for n in ORDER..ORDER + len {
        output[n] += output[n + len];
    }
    output
}

fn power_of_ten(exponent: f32) -> f32 {
    10.0_f64.powf(f64::from(exponent)) as f32
}

/// Index of the nearest of ascending levels.
fn nearest(levels: &[f32], value: f32) -> usize {
    let above = levels.iter().position(|&level| value <= level);
    match above.unwrap_or(levels.len() - 1) {
        0 => 0,
        n if value > (levels[n] + levels[n - 1]) / 2.0 => n,
        n => n - 1,
    }
}
