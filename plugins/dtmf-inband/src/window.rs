//! What one window of audio holds: frequencies, levels, purity.
//!
//! Two Goertzel filters 5 ms apart tell each frequency from how far its phase moved, exactly enough to
//! tell 1.5 % off from 3.5 %; filters at the frequencies so found tell levels; and what the two tones do
//! not explain must be little. A voice seldom passes all of this, and never for long.

use crate::keys::{self, COLUMNS, ROWS};
use core::f32::consts::{PI, TAU};

/// Samples a second.
pub(crate) const RATE: f32 = 8_000.0;
/// Samples in a window: 20 ms.
pub(crate) const WINDOW: usize = 160;
/// Samples from one window to the next: 5 ms.
pub(crate) const HOP: usize = 40;
/// Samples of the two filters that measure the phase: 15 ms each, a hop apart.
const PART: usize = WINDOW - HOP;

/// Off by more is no key. Accepted must be 1.5 %, rejected 3.5 %. Source: ITU-T Q.24 table A-1.
const TOLERANCE: f32 = 0.025;
/// Both tones must be as loud. Unit: dBm0. Source: ITU-T Q.24: −29 and below need not be heard.
const SOFTEST_DBM0: f32 = -29.0;
/// The higher tone may be so much louder. Accepted must be 4. Unit: dB.
const HIGHER_LOUDER_DB: f32 = 6.0;
/// The lower tone may be so much louder. Accepted must be 8. Unit: dB.
const LOWER_LOUDER_DB: f32 = 10.0;
/// So much of the window's power must be the two tones: 8 dB above the rest.
const PURITY: f32 = 0.86;
/// Power of a second harmonic against its tone: a voice has more. About −12 dB.
const HARMONIC: f32 = 0.06;
/// Nearer to the other tone than this, a harmonic cannot be told from it. Unit: Hz.
const APART_HZ: f32 = 150.0;

/// A complex number.
#[derive(Debug, Clone, Copy)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn phase(self) -> f32 {
        self.im.atan2(self.re)
    }
}

/// One frequency that was found.
#[derive(Debug, Clone, Copy)]
struct Found {
    hertz: f32,
    /// Mean square of the samples.
    power: f32,
}

/// Weights of the two window lengths.
#[derive(Debug)]
pub(crate) struct Shape {
    whole: [f32; WINDOW],
    part: [f32; PART],
    /// Of `whole`.
    sum: f32,
    sum_of_squares: f32,
}

impl Shape {
    pub(crate) fn new() -> Self {
        let hann = |n: usize, len: usize| 0.5 - 0.5 * (TAU * (n as f32 + 0.5) / len as f32).cos();
        let whole: [f32; WINDOW] = core::array::from_fn(|n| hann(n, WINDOW));
        Self {
            part: core::array::from_fn(|n| hann(n, PART)),
            sum: whole.iter().sum(),
            sum_of_squares: whole.iter().map(|w| w * w).sum(),
            whole,
        }
    }

    /// The key that sounds all through `window`.
    pub(crate) fn key(&self, window: &[f32; WINDOW]) -> Option<char> {
        let softest = mean_square(SOFTEST_DBM0);
        let total = self.total(window);
        if total < 2.0 * softest {
            return None;
        }
        let row = self.loudest(window, ROWS);
        let column = self.loudest(window, COLUMNS);
        let low = self.measure(window, ROWS[row])?;
        let high = self.measure(window, COLUMNS[column])?;
        let twist_db = 10.0 * (high.power / low.power).log10();
        let is_key = low.power.min(high.power) >= softest
            && (-LOWER_LOUDER_DB..=HIGHER_LOUDER_DB).contains(&twist_db)
            && low.power + high.power >= PURITY * total
            && !self.has_harmonic(window, low, high)
            && !self.has_harmonic(window, high, low);
        is_key.then(|| keys::at(row, column))
    }

    /// Mean square of the window, weighted.
    fn total(&self, window: &[f32; WINDOW]) -> f32 {
        let weighted = window
            .iter()
            .zip(&self.whole)
            .map(|(x, w)| (x * w) * (x * w));
        weighted.sum::<f32>() / self.sum_of_squares
    }

    fn loudest(&self, window: &[f32; WINDOW], of: [u32; 4]) -> usize {
        let power = |hertz: u32| goertzel(&window[HOP..], &self.part, hertz as f32).power();
        let mut best = (0, 0.0);
        for (at, hertz) in of.into_iter().enumerate() {
            let power = power(hertz);
            if power > best.1 {
                best = (at, power);
            }
        }
        best.0
    }

    /// The tone near `nominal`, unless it is too far off.
    fn measure(&self, window: &[f32; WINDOW], nominal: u32) -> Option<Found> {
        let nominal = nominal as f32;
        let first = goertzel(window, &self.part, nominal).phase();
        let second = goertzel(&window[HOP..], &self.part, nominal).phase();
        let moved = second - first - TAU * nominal * HOP as f32 / RATE;
        let off = (moved + PI).rem_euclid(TAU) - PI;
        let hertz = nominal + off * RATE / (TAU * HOP as f32);
        if (hertz / nominal - 1.0).abs() > TOLERANCE {
            return None;
        }
        let power = self.power(window, hertz);
        Some(Found { hertz, power })
    }

    /// Mean square of a sine of `hertz` in the window.
    fn power(&self, window: &[f32; WINDOW], hertz: f32) -> f32 {
        2.0 * goertzel(window, &self.whole, hertz).power() / (self.sum * self.sum)
    }

    fn has_harmonic(&self, window: &[f32; WINDOW], tone: Found, other: Found) -> bool {
        let second = 2.0 * tone.hertz;
        (second - other.hertz).abs() >= APART_HZ
            && self.power(window, second) > HARMONIC * tone.power
    }
}

/// The component of `hertz` in the samples, as the Goertzel recursion finds it.
fn goertzel(samples: &[f32], weights: &[f32], hertz: f32) -> Complex {
    let angle = TAU * hertz / RATE;
    let (sin, cos) = angle.sin_cos();
    let (mut one, mut two) = (0.0f32, 0.0f32);
    for (x, w) in samples.iter().zip(weights) {
        let next = x * w + 2.0 * cos * one - two;
        two = one;
        one = next;
    }
    Complex {
        re: one - two * cos,
        im: two * sin,
    }
}

/// Mean square of a sine at this level.
fn mean_square(dbm0: f32) -> f32 {
    let full_scale_dbm0 = crate::FULL_SCALE_CENTIBELS as f32 / 100.0;
    0.5 * 32_767.0 * 32_767.0 * 10f32.powf((dbm0 - full_scale_dbm0) / 10.0)
}
