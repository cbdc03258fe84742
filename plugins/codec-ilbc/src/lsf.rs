//! Line spectral frequencies: from prediction coefficients, back to them, and their quantiser.
//!
//! Source: RFC 3951 §3.2.3 to §3.2.7; appendix A, lsf.c, LPCencode.c, helpfun.c.

use crate::filter::{Coefficients, ORDER};
use crate::tables::spectra;

/// One set. Unit: radians.
pub(crate) type Lsf = [f32; ORDER];

const HALF: usize = ORDER / 2;
const TWO_PI: f32 = core::f32::consts::TAU;
/// One over [`TWO_PI`].
const TURNS: f32 = 0.159_154_94;
/// Grids of the search for roots, coarse to fine. Unit: turns.
const STEPS: [f32; 4] = [0.00635, 0.003_175, 0.001_587_5, 0.000_793_75];
/// Stands for what was not computed yet.
const HUGE: f32 = 1.0e37;

/// The frequencies of a filter: roots of its sum and difference polynomial, which alternate.
pub(crate) fn from_coefficients(a: &Coefficients) -> Lsf {
    let (sums, differences) = polynomials(a);
    let mut lsf = [0.0; ORDER];
    let (mut omega, mut coarse) = (0.0_f32, 0.0_f32);
    let mut last = [HUGE; 2];
    for (n, frequency) in lsf.iter_mut().enumerate() {
        let polynomial = if n % 2 == 0 { &sums } else { &differences };
        let last = &mut last[n % 2];
        let mut grid = 0;
        loop {
            let value = evaluate(polynomial, omega);
            if value * *last > 0.0 && omega < 0.5 {
                *last = value;
                omega += STEPS[grid];
                continue;
            }
            if grid == STEPS.len() - 1 {
                let is_before = value.abs() >= last.abs();
                *frequency = if is_before {
                    omega - STEPS[grid]
                } else {
                    omega
                };
                *last = if *last >= 0.0 { -HUGE } else { HUGE };
                omega = coarse;
                break;
            }
            if grid == 0 {
                coarse = omega;
            }
            grid += 1;
            omega -= STEPS[grid];
        }
    }
    lsf.map(|frequency| frequency * TWO_PI)
}

fn polynomials(a: &Coefficients) -> ([f32; HALF], [f32; HALF]) {
    let (mut sums, mut differences) = ([0.0; HALF], [0.0; HALF]);
    let (mut sum, mut difference) = (1.0_f32, 1.0_f32);
    for n in 0..HALF {
        let p = -(a[n + 1] + a[ORDER - n]);
        let q = a[ORDER - n] - a[n + 1];
        sum = -sum - p;
        difference -= q;
        (sums[n], differences[n]) = (sum, difference);
    }
    sums[HALF - 1] /= 2.0;
    differences[HALF - 1] /= 2.0;
    (sums, differences)
}

/// A polynomial on the unit circle. Unit of `omega`: turns.
fn evaluate(c: &[f32; HALF], omega: f32) -> f32 {
    let x = cosine(omega * TWO_PI);
    let first = 2.0 * x + c[0];
    let second = 2.0 * x * first - 1.0 + c[1];
    let third = 2.0 * x * second - first + c[2];
    let fourth = 2.0 * x * third - second + c[3];
    x * fourth - third + c[4]
}

fn cosine(angle: f32) -> f32 {
    f64::from(angle).cos() as f32
}

/// The filter of these frequencies.
pub(crate) fn to_coefficients(lsf: &Lsf) -> Coefficients {
    let mut turns = lsf.map(|frequency| frequency * TURNS);
    if turns[0] <= 0.0 || turns[ORDER - 1] >= 0.5 {
        if turns[0] <= 0.0 {
            turns[0] = 0.022;
        }
        if turns[ORDER - 1] >= 0.5 {
            turns[ORDER - 1] = 0.499;
        }
        let step = (turns[ORDER - 1] - turns[0]) / (ORDER - 1) as f32;
        for n in 1..ORDER {
            turns[n] = turns[n - 1] + step;
        }
    }
    let p: [f32; HALF] = core::array::from_fn(|n| cosine(TWO_PI * turns[2 * n]));
    let q: [f32; HALF] = core::array::from_fn(|n| cosine(TWO_PI * turns[2 * n + 1]));
    let (mut sums, mut differences) = (Cascade::new(p), Cascade::new(q));
    sums.push(0.25);
    differences.push(0.25);
    let mut a = [1.0; ORDER + 1];
    for (n, coefficient) in a[1..].iter_mut().enumerate() {
        let (sum, difference) = match n {
            0 => (sums.push(0.25), differences.push(-0.25)),
            _ => (sums.push(0.0), differences.push(0.0)),
        };
        *coefficient = 2.0 * (sum + difference);
    }
    a
}

/// Sections of second order, one behind the other: multiplies out the roots of a polynomial.
struct Cascade {
    cosines: [f32; HALF],
    last: [f32; HALF],
    before: [f32; HALF],
}

impl Cascade {
    fn new(cosines: [f32; HALF]) -> Self {
        Self {
            cosines,
            last: [0.0; HALF],
            before: [0.0; HALF],
        }
    }

    fn push(&mut self, input: f32) -> f32 {
        let mut value = input;
        for n in 0..HALF {
            let next = value - 2.0 * self.cosines[n] * self.last[n] + self.before[n];
            self.before[n] = self.last[n];
            self.last[n] = value;
            value = next;
        }
        value
    }
}

/// Indexes of the nearest vectors.
pub(crate) fn quantise(lsf: &Lsf) -> [u8; 3] {
    [
        nearest::<3>(&spectra::LOW, &lsf[0..3]),
        nearest::<3>(&spectra::MIDDLE, &lsf[3..6]),
        nearest::<4>(&spectra::HIGH, &lsf[6..10]),
    ]
}

fn nearest<const N: usize>(book: &[f32], wanted: &[f32]) -> u8 {
    let (mut best, mut least) = (0, HUGE);
    for (n, vector) in book.as_chunks::<N>().0.iter().enumerate() {
        let steps = wanted.iter().zip(vector).map(|(&a, &b)| a - b);
        let distance = steps.fold(0.0, |sum, step| sum + step * step);
        if distance < least {
            (best, least) = (n, distance);
        }
    }
    best as u8
}

/// The frequencies that three indexes stand for, kept apart so that the filter is stable.
pub(crate) fn dequantise(indexes: &[u8; 3]) -> Lsf {
    let [low, middle, high] = indexes.map(usize::from);
    let mut lsf = [0.0; ORDER];
    lsf[0..3].copy_from_slice(&spectra::LOW.as_chunks::<3>().0[low]);
    lsf[3..6].copy_from_slice(&spectra::MIDDLE.as_chunks::<3>().0[middle]);
    lsf[6..10].copy_from_slice(&spectra::HIGH.as_chunks::<4>().0[high]);
    keep_apart(&mut lsf);
    lsf
}

/// Source: RFC 3951 §3.2.5, LSF_check.
fn keep_apart(lsf: &mut Lsf) {
    /// 50 Hz.
    const APART: f32 = 0.039;
    const HALF_APART: f32 = 0.0195;
    const LOWEST: f32 = 0.01;
    /// The RFC's 3.14, just below 4000 Hz.
    const HIGHEST: f32 = 314.0 / 100.0;
    for _ in 0..2 {
        for n in 0..ORDER - 1 {
            if lsf[n + 1] - lsf[n] < APART {
                if lsf[n + 1] < lsf[n] {
                    lsf[n + 1] = lsf[n] + HALF_APART;
                    lsf[n] = lsf[n + 1] - HALF_APART;
                } else {
                    lsf[n] -= HALF_APART;
                    lsf[n + 1] += HALF_APART;
                }
            }
            lsf[n] = lsf[n].clamp(LOWEST, HIGHEST);
        }
    }
}
