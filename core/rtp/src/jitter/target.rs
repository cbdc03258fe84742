//! How deep to be: what delay the network's packets need.
//!
//! Every packet has a delay: its arrival minus its timestamp. Only differences between delays mean
//! anything, so they are measured from the smallest of the last ten seconds, the base. The largest
//! of each quarter second goes into a histogram that forgets; its 95 % quantile, raised at once when
//! packets come later and capped by what the last four to six seconds needed, is the target.

use base::{Duration, Instant};

/// Width of a bucket of the histogram. Unit: ns.
const BUCKET: i64 = 2_000_000;
/// So many of them: delays up to 512 ms tell apart.
const BUCKETS: usize = 256;
/// The largest delay of each of these goes into the histogram.
const INTERVAL: Duration = Duration::from_millis(240);
/// How much of the histogram outlives an interval.
const FORGET: f32 = 0.983;
/// Share of intervals that need no more than the target.
const QUANTILE: f32 = 0.95;
/// Extremes are kept for so many windows of [`WINDOW`] each, of which the first runs. The base is
/// the smallest of all, so that a jump of the route is not taken for jitter too soon; the cap is the
/// largest of fewer, so that calm is noticed sooner.
const WINDOWS: usize = 5;
const CAP_WINDOWS: usize = 3;
const WINDOW: Duration = Duration::from_secs(2);
/// Recent interval maxima: the second largest of them raises the target at once.
const RECENT: usize = 8;

#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Smallest and largest delay of each window; the first runs. Unit: ns.
    windows: [Option<(i64, i64)>; WINDOWS],
    window_ends: Instant,
    /// Largest delay of the interval that runs. Unit: ns.
    largest: Option<i64>,
    interval_ends: Instant,
    recent: [i64; RECENT],
    histogram: Box<[f32]>,
    /// The delay that bucket 0 stands for. Unit: ns.
    anchor: i64,
    intervals: u32,
    base: i64,
    /// Above the base. Unit: ns.
    target: i64,
}

impl Target {
    pub(super) fn new() -> Self {
        Self::with(vec![0.0; BUCKETS].into())
    }

    /// Forgets everything but the memory it stands in.
    pub(super) fn clear(&mut self) {
        let mut histogram = core::mem::take(&mut self.histogram);
        histogram.fill(0.0);
        *self = Self::with(histogram);
    }

    fn with(histogram: Box<[f32]>) -> Self {
        Self {
            windows: [None; WINDOWS],
            window_ends: Instant::ZERO,
            largest: None,
            interval_ends: Instant::ZERO,
            recent: [i64::MIN; RECENT],
            histogram,
            anchor: 0,
            intervals: 0,
            base: 0,
            target: BUCKET,
        }
    }

    /// The smallest delay of the last ten seconds; `None` before the first packet. Unit: ns.
    pub(super) fn base(&self) -> Option<i64> {
        self.windows
            .iter()
            .any(Option::is_some)
            .then_some(self.base)
    }

    /// What is needed above the base. Unit: ns.
    pub(super) const fn target(&self) -> i64 {
        self.target
    }

    /// Takes note of a packet that took `delay` ns.
    pub(super) fn observe(&mut self, delay: i64, now: Instant) {
        self.turn_windows(now);
        let (low, high) = self.windows[0].unwrap_or((delay, delay));
        self.windows[0] = Some((low.min(delay), high.max(delay)));
        if self.intervals == 0 && self.largest.is_none() {
            self.anchor = delay;
            self.interval_ends = now + INTERVAL;
        }
        self.find_base();
        if now >= self.interval_ends {
            if let Some(largest) = self.largest.take() {
                self.close_interval(largest);
            }
            self.interval_ends = now + INTERVAL;
        }
        self.largest = Some(self.largest.map_or(delay, |l| l.max(delay)));
        // A packet later than ever in this interval and a second interval like it: grow now.
        self.find_target();
    }

    fn turn_windows(&mut self, now: Instant) {
        if self.windows[0].is_none() {
            self.window_ends = now + WINDOW;
            return;
        }
        let mut turns = 0;
        while now >= self.window_ends && turns < WINDOWS {
            self.windows.rotate_right(1);
            self.windows[0] = None;
            self.window_ends += WINDOW;
            turns += 1;
        }
        if now >= self.window_ends {
            self.window_ends = now + WINDOW;
        }
    }

    /// Finds the base, and moves the histogram along when it has moved by a bucket.
    fn find_base(&mut self) {
        let base = self.windows.iter().flatten().map(|w| w.0).min();
        self.base = base.unwrap_or(self.base);
        let buckets = (self.base - self.anchor).div_euclid(BUCKET);
        if buckets == 0 {
            return;
        }
        self.anchor += buckets * BUCKET;
        let by = buckets.unsigned_abs().min(BUCKETS as u64) as usize;
        if buckets > 0 {
            let merged: f32 = self.histogram[..by].iter().sum();
            self.histogram.copy_within(by.., 0);
            self.histogram[BUCKETS - by..].fill(0.0);
            self.histogram[0] += merged;
        } else {
            let merged: f32 = self.histogram[BUCKETS - by..].iter().sum();
            self.histogram.copy_within(..BUCKETS - by, by);
            self.histogram[..by].fill(0.0);
            self.histogram[BUCKETS - 1] += merged;
        }
    }

    fn close_interval(&mut self, largest: i64) {
        self.intervals = self.intervals.saturating_add(1);
        // The first intervals weigh the same each, until forgetting weighs less than that.
        let keep = FORGET.min(1.0 - 1.0 / self.intervals as f32);
        self.histogram.iter_mut().for_each(|share| *share *= keep);
        let bucket = ((largest - self.anchor) / BUCKET).clamp(0, BUCKETS as i64 - 1);
        self.histogram[bucket as usize] += 1.0 - keep;
        self.recent.rotate_right(1);
        self.recent[0] = largest;
    }

    fn find_target(&mut self) {
        let mut top = [i64::MIN; 2];
        for &delay in self.recent.iter().chain(&self.largest) {
            if delay > top[0] {
                top = [delay, top[0]];
            } else if delay > top[1] {
                top[1] = delay;
            }
        }
        let latest = &self.windows[..CAP_WINDOWS];
        let cap = latest.iter().flatten().map(|w| w.1).max();
        let needed = self.quantile().max(top[1]).min(cap.unwrap_or(i64::MAX));
        self.target = needed.saturating_sub(self.base).max(0) / BUCKET * BUCKET + BUCKET;
    }

    /// Upper edge of the bucket below which the quantile lies.
    fn quantile(&self) -> i64 {
        if self.intervals == 0 {
            return i64::MIN;
        }
        let mut sum = 0.0;
        for (n, share) in self.histogram.iter().enumerate() {
            sum += share;
            if sum >= QUANTILE {
                return self.anchor + n as i64 * BUCKET;
            }
        }
        self.anchor + BUCKETS as i64 * BUCKET
    }
}
