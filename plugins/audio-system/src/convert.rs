//! Between two clocks: a windowed sinc whose ratio can be steered, so that a ring between a device and
//! the media thread neither runs dry nor over. Allocates when it is made and never again.

use std::f64::consts::PI;

/// Zero crossings of the sinc on either side.
const CROSSINGS: usize = 12;
/// Steps of the table between two zero crossings.
const STEPS: usize = 256;
/// Part of the narrower band that passes.
const PASS: f64 = 0.9;
/// Shape of the Kaiser window: 80 dB.
const BETA: f64 = 7.5;
/// Samples kept beyond what the filter needs, so that they are moved seldom.
const SPARE: usize = 1024;
/// Furthest the ratio is steered: 0.5 %, nine cents, which nobody hears.
const STEER: f64 = 0.005;

/// One stream from one rate to another.
#[derive(Debug)]
pub(crate) struct Converter {
    table: Box<[f32]>,
    /// Input samples between zero crossings.
    spacing: f64,
    /// Input samples that the filter looks to either side.
    reach: usize,
    history: Box<[f32]>,
    filled: usize,
    /// Where the next output lies. Unit: samples of `history`.
    at: f64,
    /// Input samples for one output sample, when nothing is steered.
    base: f64,
    ratio: f64,
}

impl Converter {
    pub(crate) fn new(from_hz: u32, to_hz: u32) -> Self {
        let base = f64::from(from_hz) / f64::from(to_hz);
        let spacing = base.max(1.0) / PASS;
        let reach = (CROSSINGS as f64 * spacing).ceil() as usize + 1;
        Self {
            table: table(),
            spacing,
            reach,
            history: vec![0.0; 2 * reach + SPARE].into(),
            // Silence before the start, so that the first sample has a past.
            filled: reach,
            at: reach as f64,
            base,
            ratio: base,
        }
    }

    /// Makes input go faster (above 0) or slower. Range: −1 to 1, which is ±0.5 %.
    pub(crate) fn steer(&mut self, how: f64) {
        self.ratio = self.base * (1.0 + STEER * how.clamp(-1.0, 1.0));
    }

    /// How long a sample stays in here. Unit: input samples.
    pub(crate) fn delay(&self) -> usize {
        self.reach
    }

    /// The next input sample. Ask [`next`](Self::next) for output until there is none, between two.
    pub(crate) fn push(&mut self, sample: f32) {
        if self.filled == self.history.len() {
            let done = (self.at as usize).saturating_sub(self.reach);
            self.history.copy_within(done..self.filled, 0);
            self.filled -= done;
            self.at -= done as f64;
        }
        if let Some(place) = self.history.get_mut(self.filled) {
            *place = sample;
            self.filled += 1;
        }
    }

    /// The next output sample; `None` when more input is needed first.
    pub(crate) fn next(&mut self) -> Option<f32> {
        let centre = self.at as usize;
        let last = centre + self.reach;
        if last >= self.filled {
            return None;
        }
        let first = centre + 1 - self.reach;
        let step = STEPS as f64 / self.spacing;
        let mut sum = 0.0;
        for (n, &sample) in self.history[first..last].iter().enumerate() {
            let place = ((first + n) as f64 - self.at).abs() * step;
            let whole = place as usize;
            if let Some(&[a, b]) = self.table.get(whole..whole + 2) {
                sum += sample * (a + (b - a) * (place - whole as f64) as f32);
            }
        }
        self.at += self.ratio;
        Some(sum / self.spacing as f32)
    }
}

/// The windowed sinc from 0 to its reach.
fn table() -> Box<[f32]> {
    (0..=CROSSINGS * STEPS + 1)
        .map(|n| {
            let x = n as f64 / STEPS as f64;
            let sinc = if n == 0 {
                1.0
            } else {
                (PI * x).sin() / (PI * x)
            };
            let edge = (1.0 - (x / CROSSINGS as f64).powi(2)).max(0.0);
            (sinc * bessel(BETA * edge.sqrt()) / bessel(BETA)) as f32
        })
        .collect()
}

/// Modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..40 {
        term *= (x / (2.0 * f64::from(n))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: u32, n: usize) -> f32 {
        (2.0 * PI * hertz * n as f64 / f64::from(rate)).sin() as f32
    }

    /// Half a second of a sine, converted.
    fn converted(hertz: f64, from: u32, to: u32) -> Vec<f32> {
        let mut converter = Converter::new(from, to);
        let mut out = Vec::new();
        for n in 0..from as usize / 2 {
            converter.push(sine(hertz, from, n));
            while let Some(sample) = converter.next() {
                out.push(sample);
            }
        }
        out
    }

    #[test]
    fn a_sine_stays_the_same_sine() {
        for (from, to) in [
            (48000, 48000),
            (44100, 48000),
            (48000, 8000),
            (8000, 44100),
            (16000, 48000),
        ] {
            let out = converted(1000.0, from, to);
            for (n, &sample) in out.iter().enumerate().skip(to as usize / 20) {
                let want = sine(1000.0, to, n);
                // −54 dB.
                assert!(
                    (sample - want).abs() < 0.002,
                    "{from} to {to} at {n}: {sample} {want}"
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_into_the_narrower_band_is_gone() {
        let out = converted(5500.0, 48000, 8000);
        assert!(out.iter().skip(100).all(|s| s.abs() < 0.002));
    }

    #[test]
    fn steering_changes_how_much_comes_out_and_nothing_is_lost_over_time() {
        let mut counts = [0; 3];
        for (count, how) in counts.iter_mut().zip([-1.0, 0.0, 1.0]) {
            let mut converter = Converter::new(48000, 48000);
            converter.steer(how);
            for _ in 0..480_000 {
                converter.push(0.0);
                while converter.next().is_some() {
                    *count += 1;
                }
            }
        }
        assert!((counts[0] - 482_412_i32).abs() < 40, "{counts:?}");
        assert!((counts[1] - 480_000).abs() < 40, "{counts:?}");
        assert!((counts[2] - 477_612).abs() < 40, "{counts:?}");
    }
}
