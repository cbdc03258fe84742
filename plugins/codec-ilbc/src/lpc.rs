//! Linear prediction: the filters of each sub-frame, from the signal or from what the frame says.
//!
//! Source: RFC 3951 §3.2, §4.1; appendix A, LPCencode.c, LPCdecode.c, helpfun.c.

use crate::filter::{Coefficients, ORDER, UNITY};
use crate::lsf::{self, Lsf};
use crate::mode::{LONGEST, Mode, SUBFRAMES};
use crate::tables::{MEAN, windows};

/// Past samples that the analysis sees. Unit: samples.
const LOOK_BACK: usize = 60;
/// Length of the window.
const WINDOW: usize = 240;

/// A filter for each sub-frame.
pub(crate) type Filters = [Coefficients; SUBFRAMES];

/// What the encoder remembers of spectra.
#[derive(Debug, Clone)]
pub(crate) struct Analysis {
    signal: [f32; LOOK_BACK + LONGEST],
    /// Last set as it was, and as it was sent.
    exact: Lsf,
    sent: Lsf,
}

/// What the encoder finds out about a frame.
pub(crate) struct Found {
    pub(crate) indexes: [[u8; 3]; 2],
    /// As the decoder will have them.
    pub(crate) synthesis: Filters,
    /// By which errors are weighted.
    pub(crate) weighting: Filters,
}

impl Analysis {
    pub(crate) const NEW: Self = Self {
        signal: [0.0; LOOK_BACK + LONGEST],
        exact: MEAN,
        sent: MEAN,
    };

    /// Analyses one frame.
    pub(crate) fn run(&mut self, mode: Mode, frame: &[f32]) -> Found {
        let from = LOOK_BACK + LONGEST - mode.samples();
        self.signal[from..].copy_from_slice(frame);
        let mut exact = [[0.0; ORDER]; 2];
        let mut sent = exact;
        let mut indexes = [[0; 3]; 2];
        for n in 0..mode.spectra() {
            exact[n] = self.spectrum(n + 1 == mode.spectra());
            indexes[n] = lsf::quantise(&exact[n]);
            sent[n] = lsf::dequantise(&indexes[n]);
        }
        self.signal.copy_within(mode.samples().., 0);
        let found = Found {
            indexes,
            synthesis: interpolate(mode, &self.sent, &sent),
            weighting: interpolate(mode, &self.exact, &exact).map(|a| widen(&a, 0.4222)),
        };
        self.exact = exact[mode.spectra() - 1];
        self.sent = sent[mode.spectra() - 1];
        found
    }

    /// One set of frequencies; the last of a frame has no future.
    fn spectrum(&self, is_last: bool) -> Lsf {
        let (signal, window) = match is_last {
            false => (&self.signal[..WINDOW], &windows::SYMMETRIC),
            true => (&self.signal[LOOK_BACK..], &windows::STEEP),
        };
        let seen: [f32; WINDOW] = core::array::from_fn(|n| signal[n] * window[n]);
        let correlation = core::array::from_fn(|lag| {
            let products = seen.iter().zip(&seen[lag..]);
            products.fold(0.0, |sum, (&a, &b)| sum + a * b) * windows::LAGS[lag]
        });
        lsf::from_coefficients(&widen(&prediction(&correlation), 0.9025))
    }
}

/// The decoder's filters of a frame; `last` is the last frame's final set, and becomes this one's.
pub(crate) fn decode(mode: Mode, indexes: &[[u8; 3]; 2], last: &mut Lsf) -> Filters {
    let sent = [lsf::dequantise(&indexes[0]), lsf::dequantise(&indexes[1])];
    let filters = interpolate(mode, last, &sent);
    *last = sent[mode.spectra() - 1];
    filters
}

/// Share of the earlier set in each sub-frame.
const SHARES_20: [f32; 4] = [0.75, 0.5, 0.25, 0.0];
const SHARES_30: [f32; 6] = [
    0.5,
    1.0,
    (2.0_f64 / 3.0) as f32,
    (1.0_f64 / 3.0) as f32,
    0.0,
    0.0,
];

fn interpolate(mode: Mode, old: &Lsf, new: &[Lsf; 2]) -> Filters {
    let mix = |earlier: &Lsf, later: &Lsf, share: f32| {
        let rest = 1.0 - share;
        let mixed = core::array::from_fn(|n| share * earlier[n] + rest * later[n]);
        lsf::to_coefficients(&mixed)
    };
    let mut filters = [UNITY; SUBFRAMES];
    for (n, filter) in filters[..mode.subframes()].iter_mut().enumerate() {
        *filter = match (mode, n) {
            (Mode::Ms20, _) => mix(old, &new[0], SHARES_20[n]),
            (Mode::Ms30, 0) => mix(old, &new[0], SHARES_30[0]),
            (Mode::Ms30, _) => mix(&new[0], &new[1], SHARES_30[n]),
        };
    }
    filters
}

/// Moves a filter's poles towards the middle.
fn widen(a: &Coefficients, by: f32) -> Coefficients {
    let mut wide = *a;
    let mut factor = by;
    for coefficient in &mut wide[1..] {
        *coefficient *= factor;
        factor *= by;
    }
    wide
}

/// Levinson and Durbin's recursion.
fn prediction(r: &Coefficients) -> Coefficients {
    let mut a = UNITY;
    // The smallest step of a double.
    if r[0] < f64::EPSILON as f32 {
        return a;
    }
    let mut reflection = -r[1] / r[0];
    a[1] = reflection;
    let mut error = r[0] + r[1] * reflection;
    for m in 1..ORDER {
        let mut sum = r[m + 1];
        for i in 0..m {
            sum += a[i + 1] * r[m - i];
        }
        reflection = -sum / error;
        error += reflection * sum;
        for i in 0..m.div_ceil(2) {
            let mirrored = a[i + 1] + reflection * a[m - i];
            a[m - i] += reflection * a[i + 1];
            a[i + 1] = mirrored;
        }
        a[m + 1] = reflection;
    }
    a
}
