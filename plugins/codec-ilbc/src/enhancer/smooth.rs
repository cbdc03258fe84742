//! One stretch mixed with its neighbours one, two and three periods away.

use super::{BUFFER, KEPT, STRETCH};
use crate::filter::dot;
use crate::tables::QUARTERS;

/// Neighbours on each side.
const SIDE: usize = 3;
/// Most that a neighbour is moved from where the period puts it. Unit: samples.
const SLOP: i32 = 2;
/// Half the length of the interpolation.
const REACH: usize = 3;
/// Share of the energy that smoothing may change.
const ALPHA: f32 = 0.05;

/// A stretch and its neighbours, in order of time.
type Family = [[f32; STRETCH]; 2 * SIDE + 1];

/// Smooths the stretch of `residual` that begins at `center` into `out`.
pub(super) fn smooth(
    residual: &[f32; BUFFER],
    periods: &[f32; KEPT],
    center: usize,
    out: &mut [f32],
) {
    let family = family(residual, periods, center);
    let middle = &family[SIDE];
    let around = neighbours(&family);
    let (w00, w11) = (dot(middle, middle), dot(&around, &around));
    let w10 = dot(&around, middle);
    let w11 = if w11.abs() < 1.0 { 1.0 } else { w11 };
    let gain = (w00 / w11).sqrt();
    let mut change = 0.0;
    for n in 0..STRETCH {
        out[n] = gain * around[n];
        let step = middle[n] - out[n];
        change += step * step;
    }
    if change <= ALPHA * w00 {
        return;
    }
    let w00 = if w00 < 1.0 { 1.0 } else { w00 };
    let spread = (w11 * w00 - w10 * w10) / (w00 * w00);
    let (theirs, ours) = if f64::from(spread) > 0.0001 {
        let theirs = ((ALPHA - ALPHA * ALPHA / 4.0) / spread).sqrt();
        (theirs, -ALPHA / 2.0 - theirs * w10 / w00 + 1.0)
    } else {
        (0.0, 1.0)
    };
    for n in 0..STRETCH {
        out[n] = theirs * around[n] + ours * middle[n];
    }
}

/// The weighted sum of all but the middle one.
fn neighbours(family: &Family) -> [f32; STRETCH] {
    let mut around = [0.0; STRETCH];
    for (n, stretch) in family.iter().enumerate() {
        if n == SIDE {
            continue;
        }
        let turn = 2.0 * core::f32::consts::PI * (n + 1) as f32 / (2 * SIDE + 2) as f32;
        let weight = 0.5 * (1.0 - f64::from(turn).cos() as f32);
        for (sum, &sample) in around.iter_mut().zip(stretch) {
            *sum += sample * weight;
        }
    }
    around
}

/// Follows the pitch from the middle into the past and into the future.
fn family(residual: &[f32; BUFFER], periods: &[f32; KEPT], center: usize) -> Family {
    let places: [f32; KEPT] = core::array::from_fn(|n| (n * STRETCH + STRETCH / 2) as f32);
    let mut family = [[0.0; STRETCH]; 2 * SIDE + 1];
    family[SIDE].copy_from_slice(&residual[center..center + STRETCH]);
    let half = (STRETCH / 2) as f32;
    let mut start = center as f32;
    let middle = 0.5 * (2 * center + STRETCH - 1) as f32;
    let mut period = periods[nearest(&places, middle)];
    for stretch in family[..SIDE].iter_mut().rev() {
        start -= period;
        let next = nearest(&places, start + half - period);
        if start - SLOP as f32 >= 0.0 {
            start = refine(residual, center, start, stretch);
        }
        period = periods[next];
    }
    let ahead: [f32; KEPT] = core::array::from_fn(|n| places[n] - periods[n]);
    start = center as f32;
    for stretch in &mut family[SIDE + 1..] {
        start += periods[nearest(&ahead, start + half)];
        if start + (STRETCH as f32) + (SLOP as f32) < BUFFER as f32 {
            start = refine(residual, center, start, stretch);
        }
    }
    family
}

/// Index of the element nearest to `value`.
fn nearest(array: &[f32; KEPT], value: f32) -> usize {
    let (mut best, mut least) = (0, f32::INFINITY);
    for (n, &element) in array.iter().enumerate() {
        let distance = (element - value) * (element - value);
        if distance < least {
            (best, least) = (n, distance);
        }
    }
    best
}

/// Cuts the stretch near `about` that is most like the one at `center`, to a quarter of a sample; returns
/// where it begins.
fn refine(residual: &[f32; BUFFER], center: usize, about: f32, out: &mut [f32; STRETCH]) -> f32 {
    let rounded = (f64::from(about) - 0.5) as i32;
    let from = (rounded - SLOP).max(0) as usize;
    let to = (rounded + SLOP).min((BUFFER - STRETCH - 1) as i32) as usize;
    let mut likeness = [0.0; 2 * SLOP as usize + 1];
    let middle = &residual[center..center + STRETCH];
    for (likeness, at) in likeness.iter_mut().zip(from..=to) {
        *likeness = dot(&residual[at..at + STRETCH], middle);
    }
    let quarters = upsample(&likeness);
    let count = 4 * (to + 1 - from);
    let mut best = 0;
    for n in 1..count {
        if quarters[n] > quarters[best] {
            best = n;
        }
    }
    let whole = best.div_ceil(4);
    let taps = &QUARTERS[whole * 4 - best];
    for (n, out) in out.iter_mut().enumerate() {
        *out = taps.iter().enumerate().fold(0.0, |sum, (tap, &weight)| {
            // Nothing stands outside the buffer.
            let at = (from + whole + n + tap).checked_sub(REACH);
            let sample = at.and_then(|at| residual.get(at));
            sum + sample.map_or(0.0, |&sample| sample * weight)
        });
    }
    from as f32 + best as f32 / 4.0 + 1.0
}

/// Four values for each, by the middle five taps of the interpolation.
fn upsample(values: &[f32; 5]) -> [f32; 20] {
    core::array::from_fn(|n| {
        let taps = &QUARTERS[n % 4][1..6];
        let newest = n / 4 + 2;
        taps.iter().enumerate().fold(0.0, |sum, (tap, &weight)| {
            let value = newest.checked_sub(tap).and_then(|at| values.get(at));
            sum + value.map_or(0.0, |&value| value * weight)
        })
    })
}
