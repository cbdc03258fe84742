//! Sound invented for what was lost, for codecs that cannot do it themselves.
//!
//! The last pitch periods are repeated, fade out, and cross-fade into what comes after the loss.
//! Like ITU-T G.711 Appendix I, but without its delay: instead of holding back the last quarter
//! period, the step at the seam is taken off and let decay.

use crate::block::Rate;
use crate::pitch::best_match;
use crate::to_sample;

/// How much of the past [`Conceal::invent`] wants to see. Unit: ms.
pub const HISTORY_MS: usize = 60;
/// Lags that a voice can have: 66 to 400 Hz. Unit: µs.
const SHORTEST_LAG_US: usize = 2_500;
const LONGEST_LAG_US: usize = 15_000;
/// The stretch that is compared. Unit: ms.
const COMPARED_MS: usize = 15;
/// At least this much is repeated at a time, so that it does not buzz. Unit: ms.
const SHORTEST_LOOP_MS: usize = 10;
/// Longest loop: [`SHORTEST_LOOP_MS`] rounded up to whole periods.
const LONGEST_LOOP_MS: usize = 25;
/// A seam's step is gone after this. Unit: ms.
const SEAM_MS: usize = 3;
/// Full level up to here, silence from there on. Unit: ms of loss.
const HOLD_MS: usize = 20;
const SILENT_MS: usize = 100;
/// Cross-fade into what comes after the loss. Unit: ms.
const RECOVER_MS: usize = 5;

/// Invents sound for one stream.
#[derive(Debug, Clone)]
pub struct Conceal {
    rate: Rate,
    /// What is repeated; only the first `len` samples. Empty while nothing is lost.
    template: Box<[i16]>,
    len: usize,
    /// Next sample of the template.
    at: usize,
    /// Samples invented since the loss began.
    invented: usize,
    /// The step taken off at the seam.
    seam: f32,
}

impl Conceal {
    /// For a stream at `rate`. Allocates here and never again.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            template: vec![0; LONGEST_LOOP_MS * rate.per_ms()].into(),
            len: 0,
            at: 0,
            invented: 0,
            seam: 0.0,
        }
    }

    /// Whether a loss is being concealed.
    pub const fn is_active(&self) -> bool {
        self.len > 0
    }

    /// Fills `out` with what might have followed `history`.
    ///
    /// `history` ends where `out` begins; [`HISTORY_MS`] of it are enough, less sounds worse. It is
    /// only read at the first call of a loss.
    pub fn invent(&mut self, history: &[i16], out: &mut [i16]) {
        if !self.is_active() {
            self.begin(history);
        }
        for sample in out {
            *sample = self.next();
        }
    }

    /// Cross-fades from the invention into `decoded`, in place, and ends it.
    pub fn recover(&mut self, decoded: &mut [i16]) {
        if !self.is_active() {
            return;
        }
        let fade = (RECOVER_MS * self.rate.per_ms()).min(decoded.len());
        for (n, sample) in decoded[..fade].iter_mut().enumerate() {
            let new = (n + 1) as f32 / (fade + 1) as f32;
            let old = f32::from(self.next());
            *sample = to_sample(f32::from(*sample) * new + old * (1.0 - new));
        }
        self.len = 0;
    }

    /// Ends it at once, without a cross-fade.
    pub fn end(&mut self) {
        self.len = 0;
    }

    /// Chooses what to repeat.
    fn begin(&mut self, history: &[i16]) {
        let rate = self.rate;
        let end = history.len();
        let shortest = SHORTEST_LAG_US * rate.per_ms() / 1000;
        let longest = LONGEST_LAG_US * rate.per_ms() / 1000;
        let compared = (COMPARED_MS * rate.per_ms()).min(end / 2);
        self.at = 0;
        self.invented = 0;
        let from = end - compared;
        if from < longest || compared < shortest {
            // Too little past to repeat: silence is the only honest guess.
            self.len = 1;
            self.template[0] = 0;
            self.seam = history.last().map_or(0.0, |&s| f32::from(s));
            return;
        }
        let found = best_match(
            history,
            rate,
            from,
            compared,
            from - longest..=from - shortest,
        );
        let period = from - found.at;
        let wanted = SHORTEST_LOOP_MS * rate.per_ms();
        self.len = (wanted.div_ceil(period) * period).min(self.template.len());
        self.cut_template(history, period);
    }

    /// Copies the loop and makes its end flow into its beginning.
    fn cut_template(&mut self, history: &[i16], period: usize) {
        let start = history.len() - self.len;
        self.template[..self.len].copy_from_slice(&history[start..]);
        let blend = (period / 4).min(start).max(1);
        let before = start.saturating_sub(blend);
        for n in 0..blend.min(start) {
            let towards = (n + 1) as f32 / (blend + 1) as f32;
            let at = self.len - blend + n;
            let value = f32::from(self.template[at]) * (1.0 - towards)
                + f32::from(history[before + n]) * towards;
            self.template[at] = to_sample(value);
        }
        let last = history[history.len() - 1];
        let before_loop = if start > 0 { history[start - 1] } else { last };
        self.seam = f32::from(last) - f32::from(before_loop);
    }

    fn next(&mut self) -> i16 {
        let per_ms = self.rate.per_ms();
        let decay = 1.0 - self.invented as f32 / (SEAM_MS * per_ms) as f32;
        let seam = self.seam * decay.max(0.0);
        let fading = self.invented.saturating_sub(HOLD_MS * per_ms) as f32;
        let level = 1.0 - fading / ((SILENT_MS - HOLD_MS) * per_ms) as f32;
        let value = (f32::from(self.template[self.at]) + seam) * level.max(0.0);
        self.at = (self.at + 1) % self.len;
        self.invented = self.invented.saturating_add(1);
        to_sample(value)
    }
}
