//! The search for the stretch of the codebook that is nearest to the target, three times over.
//!
//! Source: RFC 3951 §3.6.4; appendix A, iCBSearch.c, createCB.c. Energies are summed up from vector to
//! vector as there, because floats round.

use crate::codebook::{Vector, filtered, half, plain, vector};
use crate::filter::{Coefficients, ORDER, all_pole, dot};
use crate::frame::Stages;
use crate::gain;
use crate::mode::{MEMORY, SUBFRAME};

/// Largest gain of a stage.
const MOST_GAIN: f32 = 1.3;
/// Places of the second half that are looked at around the best of the first.
const AROUND: usize = 34;
/// Vectors of the first half that are looked at, by stretch and stage. Source: search_rangeTbl.
const RANGES: [[usize; 3]; 5] = [
    [58, 58, 58],
    [108, 44, 44],
    [108, 108, 108],
    [108, 108, 108],
    [108, 108, 108],
];
/// The lags that are mended: their first and last.
const MENDED: core::ops::RangeInclusive<usize> = 20..=39;

/// What was found so far in one stage.
struct Best {
    measure: f32,
    place: usize,
    gain: f32,
}

/// One half of the codebook, and energies of its vectors.
struct Half<'a> {
    samples: &'a [f32],
    energies: [f32; 128],
}

/// Codes `target` out of `memory`; both are weighted by `weighting` first. `number` as in
/// [`Stretch`](crate::residual::Stretch).
pub(crate) fn search(
    memory: &[f32],
    target: &[f32],
    weighting: &Coefficients,
    number: usize,
) -> Stages {
    let (end, len) = (ORDER + memory.len(), target.len());
    let mut weighted = [0.0; ORDER + MEMORY + SUBFRAME];
    weighted[ORDER..end].copy_from_slice(memory);
    weighted[end..end + len].copy_from_slice(target);
    all_pole(&mut weighted, ORDER, end + len, weighting);
    let mut left = [0.0; SUBFRAME];
    left[..len].copy_from_slice(&weighted[end..end + len]);
    let energy = dot(&left[..len], &left[..len]);
    let second = filtered(&weighted[ORDER..end]);
    let ranges = &RANGES[number.min(RANGES.len() - 1)];
    let mut first = Half::new(&weighted[ORDER..end], len, ranges[0]);
    let mut second = Half::new(&second[..memory.len()], len, ranges[0]);

    let mut stages = Stages::default();
    let mut gains = [1.0; 3];
    let mut made = [0.0; SUBFRAME];
    for stage in 0..3 {
        let target = &left[..len];
        let best = one_stage(&mut first, &mut second, target, stage, ranges[stage]);
        let (wanted, scale) = match stage {
            0 => (best.gain.clamp(0.0, MOST_GAIN), 1.0),
            _ => (best.gain, gain::scale(gains[stage - 1])),
        };
        stages.places[stage] = best.place as u8;
        stages.gains[stage] = gain::quantise(wanted, scale, stage);
        let gain = scale * gain::levels(stage)[usize::from(stages.gains[stage])];
        gains[stage] = gain;
        let vector = chosen(&first, &second, best.place, len);
        for n in 0..len {
            made[n] += gain * vector[n];
            left[n] -= gain * vector[n];
        }
    }
    let made = dot(&made[..len], &made[..len]);
    stages.gains[0] = louder(stages.gains[0], gains[0], energy, made);
    stages
}

/// The vector at a place of both halves.
fn chosen(first: &Half<'_>, second: &Half<'_>, place: usize, len: usize) -> Vector {
    match place.checked_sub(half(first.samples.len(), len)) {
        None => vector(first.samples, place, len),
        Some(place) => vector(second.samples, place, len),
    }
}

/// Raises the first gain until what was made is as loud as what was wanted. Source: §3.7.
fn louder(index: u8, gain: f32, wanted: f32, made: f32) -> u8 {
    let levels = gain::levels(0);
    let mut chosen = usize::from(index);
    for (n, &level) in levels.iter().enumerate().skip(usize::from(index)) {
        if made * level * level < wanted * gain * gain && levels[chosen] < 2.0 * gain {
            chosen = n;
        }
    }
    chosen as u8
}

fn one_stage(
    first: &mut Half<'_>,
    second: &mut Half<'_>,
    target: &[f32],
    stage: usize,
    range: usize,
) -> Best {
    let mut best = Best {
        measure: -1.0e7,
        place: 0,
        gain: 0.0,
    };
    let is_whole = target.len() == SUBFRAME;
    let half = half(first.samples.len(), target.len());
    for place in 0..range {
        best.consider(
            stage,
            place,
            first.cross(target, place),
            first.energies[place],
        );
    }
    if is_whole {
        first.mended(MENDED, target, |n, cross, energy| {
            best.consider(stage, half - 40 + n, cross, energy);
        });
    }
    let (plain, mended) = around(best.place, range, half, is_whole);
    for place in plain {
        let cross = second.cross(target, place);
        best.consider(stage, half + place, cross, second.energies[place]);
    }
    if let Some(mended) = mended {
        second.mended(mended, target, |n, cross, energy| {
            best.consider(stage, 2 * half - 40 + n, cross, energy);
        });
    }
    best
}

/// Which places of the second half are looked at: plain ones, and lags of mended ones.
fn around(
    best: usize,
    range: usize,
    half: usize,
    is_whole: bool,
) -> (
    core::ops::Range<usize>,
    Option<core::ops::RangeInclusive<usize>>,
) {
    let behind = AROUND / 2;
    let clipped = |from: usize| {
        let to = (from + AROUND).min(range);
        (to - AROUND..to, None)
    };
    if !is_whole {
        return clipped(best.saturating_sub(behind));
    }
    let mended_from = half - 20;
    if best < behind {
        return (0..best + behind, Some(23 + best..=39));
    }
    let from = best - behind;
    if best < mended_from {
        clipped(from)
    } else if from < mended_from {
        (0..AROUND - 20, Some(MENDED))
    } else {
        let lag = 20 + from - mended_from;
        (0..AROUND - (40 - lag), Some(lag..=39))
    }
}

impl Best {
    fn consider(&mut self, stage: usize, place: usize, cross: f32, energy: f32) {
        let inverse = if energy > 0.0 {
            1.0 / (energy + f64::EPSILON as f32)
        } else {
            0.0
        };
        let gain = cross * inverse;
        // Only later stages may subtract.
        let counts = stage > 0 || cross > 0.0;
        let measure = cross * cross * inverse;
        if counts && measure > self.measure && gain.abs() < MOST_GAIN {
            (self.measure, self.place, self.gain) = (measure, place, gain);
        }
    }
}

impl<'a> Half<'a> {
    /// Sums up the energies of the first `range` plain vectors of `len` samples.
    fn new(samples: &'a [f32], len: usize, range: usize) -> Self {
        let mut energies = [0.0; 128];
        let end = samples.len();
        let newest = &samples[end - len..];
        energies[0] = dot(newest, newest);
        for place in 1..range {
            let (enters, leaves) = (samples[end - len - place], samples[end - place]);
            energies[place] = energies[place - 1] + enters * enters - leaves * leaves;
        }
        Self { samples, energies }
    }

    /// Product of `target` and the plain vector at `place`.
    fn cross(&self, target: &[f32], place: usize) -> f32 {
        let from = plain(self.samples.len(), target.len()) - 1 - place;
        dot(target, &self.samples[from..from + target.len()])
    }

    /// Calls `each` with the lag, product and energy of each mended vector.
    fn mended(
        &self,
        lags: core::ops::RangeInclusive<usize>,
        target: &[f32],
        mut each: impl FnMut(usize, f32, f32),
    ) {
        let end = self.samples.len();
        let shortest = *lags.start();
        let sure = &self.samples[end + 1 - shortest..end - 4];
        let mut common = dot(sure, sure);
        for lag in lags {
            let newest = self.samples[end - lag];
            common += newest * newest;
            let (mut energy, mut cross) = (common, 0.0);
            let past = &self.samples[end - lag..];
            for (&wanted, &sample) in target[..lag - 4].iter().zip(past) {
                cross += wanted * sample;
            }
            let mut share = 0.2;
            for n in 0..4 {
                let near = self.samples[end - 4 + n];
                let far = self.samples[end - lag - 4 + n];
                let mixed = (1.0 - share) * near + share * far;
                energy += mixed * mixed;
                cross += target[lag - 4 + n] * mixed;
                share += 0.2;
            }
            for (&wanted, &sample) in target[lag..].iter().zip(past) {
                energy += sample * sample;
                cross += wanted * sample;
            }
            each(lag, cross, energy);
        }
    }
}
